/// What a control server knows about one client: a pure machine. Bytes and moments go in; what to do comes out.
///
/// A client has one request under way at a time. While it is worked on, or its answer is not read, nothing more is read
/// from the client, so that it can make the server keep no more than one request and one answer.
struct ControlConnection {
  /// What there is to do for the client.
  enum Action: Hashable {
    case nothing
    /// Answer this line.
    case perform([UInt8])
    /// Close the connection.
    case close
  }

  private enum Phase: Hashable {
    /// A request is waited for.
    case reading
    /// The answer is waited for.
    case working
    /// The answer is sent.
    case writing
  }

  private let limits: ControlLimits
  private var phase = Phase.reading
  private var input: [UInt8] = []
  /// How much of `input` is known to hold no newline.
  private var searched = 0
  private var output: ArraySlice<UInt8> = []
  private var isInputEnded = false
  private var closesAfterAnswer = false

  /// When the client's patience, or ours, ends.
  private(set) var deadline: ContinuousClock.Instant

  init(limits: ControlLimits, now: ContinuousClock.Instant) {
    self.limits = limits
    deadline = now + limits.idleTime
  }

  /// Whether bytes are wanted from the client.
  var wantsInput: Bool { phase == .reading && !isInputEnded }

  /// How many bytes may be read at most.
  var room: Int { max(0, limits.requestBytes - input.count) }

  /// What is to be sent.
  var pending: ArraySlice<UInt8> { output }

  /// Whether its request is being worked on.
  var isWorking: Bool { phase == .working }

  /// Bytes came from the client.
  mutating func receive(_ bytes: some Sequence<UInt8>, now: ContinuousClock.Instant) -> Action {
    input += bytes
    return nextRequest(now)
  }

  /// The client will send no more.
  mutating func inputEnded(now: ContinuousClock.Instant) -> Action {
    isInputEnded = true
    return phase == .reading ? nextRequest(now) : .nothing
  }

  /// The answer to the request that is under way.
  mutating func answer(_ line: [UInt8], now: ContinuousClock.Instant) {
    guard phase == .working else { return }
    write(line, now)
  }

  /// So many of the pending bytes were sent.
  mutating func sent(_ count: Int, now: ContinuousClock.Instant) -> Action {
    output = output.dropFirst(count)
    guard phase == .writing, output.isEmpty else { return .nothing }
    output = []
    if closesAfterAnswer { return .close }
    phase = .reading
    deadline = now + limits.idleTime
    return nextRequest(now)
  }

  /// What to do at a moment: nothing before the deadline.
  mutating func advance(to now: ContinuousClock.Instant) -> Action {
    guard now >= deadline else { return .nothing }
    guard phase == .working else { return .close }
    // The work goes on, but what it gives is for nobody.
    refuse(
      ControlError(
        code: .timedOut,
        message: "the instance has not done it within \(limits.workTime); it goes on with it"), now)
    return .nothing
  }

  /// Sends an error instead of taking a request, then closes.
  mutating func refuse(_ error: ControlError, _ now: ContinuousClock.Instant) {
    closesAfterAnswer = true
    write(ControlCodec.line(.error(error)), now)
  }

  private mutating func write(_ line: [UInt8], _ now: ContinuousClock.Instant) {
    phase = .writing
    output = line[...]
    deadline = now + limits.readingTime
  }

  private mutating func nextRequest(_ now: ContinuousClock.Instant) -> Action {
    while let newline = input[searched...].firstIndex(of: UInt8(ascii: "\n")) {
      let line = Array(input[..<newline])
      input.removeSubrange(...newline)
      searched = 0
      // Empty lines are let pass, so that a person with a terminal is not scolded.
      if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { continue }
      phase = .working
      deadline = now + limits.workTime
      return .perform(line)
    }
    searched = input.count
    if isInputEnded {
      if input.isEmpty { return .close }
      refuse(
        ControlError(
          code: .malformed,
          message: "the request ended without a newline, so perhaps not all of it came"), now)
    } else if room == 0 {
      refuse(
        ControlError(
          code: .tooLong, message: "a request has \(limits.requestBytes) bytes at most"), now)
      input = []
      searched = 0
    }
    return .nothing
  }
}
