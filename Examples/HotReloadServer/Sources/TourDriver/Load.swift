import Dispatch
import Synchronization

/// A steady load on the server from two kinds of clients, every answer of which is checked.
final class Load: Sendable {
  /// What was counted so far.
  struct Counts: Sendable {
    var keepAlive = 0
    var connectionEach = 0
    var failed = 0
    var closedConnections = 0
    /// Kept connections to a port that the server left, which ended with `Connection: close`.
    var moved = 0
    /// The first few failures, in words.
    var failures: [String] = []

    var requests: Int { keepAlive + connectionEach }
  }

  /// Clients of each kind.
  static let clientsPerKind = 2
  /// Requests a second that each client aims at: 720 a second in all, with a margin over ``minimumRate``.
  static let ratePerClient = 180
  /// Requests a second below which the tour proves nothing.
  static let minimumRate = 500.0
  /// No client goes on for longer, whatever happens.
  static let maximumSeconds = 180
  /// How many failures are kept in words.
  static let maximumFailures = 5

  private struct State {
    var counts = Counts()
    var isStopped = false
    var port: UInt16
    /// The server may ask clients to leave that port.
    var isMoving = false
  }

  private let greetings: Greetings
  private let state: Mutex<State>
  private let group = DispatchGroup()

  init(port: UInt16, greetings: Greetings) {
    state = Mutex(State(port: port))
    self.greetings = greetings
  }

  /// Starts the clients, each on a thread of its own.
  func start() {
    for number in 0..<Self.clientsPerKind {
      for keepAlive in [true, false] {
        DispatchQueue(label: "load \(number) \(keepAlive)").async(group: group) {
          self.runClient(keepAlive: keepAlive)
        }
      }
    }
  }

  /// Ends the clients and waits for their last answers.
  func stop() {
    state.withLock { $0.isStopped = true }
    _ = group.wait(timeout: .now() + .seconds(HTTPConnection.answerLimitSeconds + 1))
  }

  /// Says that the server may leave its port from now on.
  func willMove() { state.withLock { $0.isMoving = true } }

  /// Says which port answers: new connections go there.
  func move(to port: UInt16) {
    state.withLock { state in
      state.port = port
      state.isMoving = false
    }
  }

  /// What was counted so far.
  var counts: Counts { state.withLock { $0.counts } }

  private func runClient(keepAlive: Bool) {
    let clock = ContinuousClock()
    let start = clock.now
    let interval = Duration.seconds(1) / Self.ratePerClient
    var connection: (http: HTTPConnection, port: UInt16)?
    for number in 0..<(Self.ratePerClient * Self.maximumSeconds) {
      let due = start + interval * number
      let wait = due - clock.now
      if wait > .zero { block(wait) }
      let (port, isStopped) = state.withLock { ($0.port, $0.isStopped) }
      if isStopped { return }
      let floor = greetings.floor()
      do {
        let current = try connection ?? (HTTPConnection(port: port), port)
        let answer = try current.http.request("GET", "/", keepAlive: keepAlive)
        guard answer.status == 200 else { throw RequestFailure("status \(answer.status)") }
        try greetings.check(answer.body, floor: floor)
        connection = keepAlive && answer.keepsConnection ? current : nil
        state.withLock { state in
          if keepAlive { state.counts.keepAlive += 1 } else { state.counts.connectionEach += 1 }
          guard keepAlive, !answer.keepsConnection else { return }
          if state.isMoving || current.port != state.port {
            state.counts.moved += 1
          } else {
            state.counts.closedConnections += 1
          }
        }
      } catch {
        connection = nil
        state.withLock {
          $0.counts.failed += 1
          if $0.counts.failures.count < Self.maximumFailures {
            $0.counts.failures.append("\(keepAlive ? "keep-alive" : "connection each"): \(error)")
          }
        }
      }
    }
  }
}
