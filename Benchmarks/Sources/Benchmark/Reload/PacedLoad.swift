import Dispatch
import Synchronization

/// A paced load of two kinds of clients on one server, which goes with it to another port.
final class PacedLoad: Sendable {
  /// Clients of each kind, each on a thread.
  static let clientsPerKind = 16
  /// Requests a second of all clients together.
  static let rate = 2_400
  /// How many failures are kept in words.
  static let maximumFailures = 3

  /// What was counted.
  struct Counts: Sendable {
    var answered = 0
    var failed = 0
    var failures: [String] = []
    /// Kept connections that the server closed or asked to close, without having moved.
    var closed = 0
    /// Kept connections that the server asked to leave for another port.
    var moved = 0
  }

  private struct State {
    var port: UInt16
    var isMoving = false
    var isStopped = false
    var counts = Counts()
    /// When an answer with each version, or a newer one, arrived first, by version.
    var firstAnswers: [Int64]
    var newest = 0
  }

  private let state: Mutex<State>
  private let group = DispatchGroup()

  init(port: UInt16, versions: Int) {
    state = Mutex(State(port: port, firstAnswers: Array(repeating: 0, count: versions + 1)))
  }

  var counts: Counts { state.withLock { $0.counts } }

  /// When the first answer with this version or a newer one arrived; nil if none has.
  func firstAnswer(_ version: Int) -> Int64? {
    state.withLock { $0.newest >= version ? $0.firstAnswers[version] : nil }
  }

  func start() {
    for number in 0..<Self.clientsPerKind * 2 {
      DispatchQueue(label: "client \(number)").async(group: group) { self.run(number) }
    }
  }

  func willMove() { state.withLock { $0.isMoving = true } }

  func move(to port: UInt16) {
    state.withLock { state in
      state.port = port
      state.isMoving = false
    }
  }

  func stop() async {
    state.withLock { $0.isStopped = true }
    await withCheckedContinuation { continuation in
      group.notify(queue: .global()) { continuation.resume() }
    }
  }

  private func run(_ number: Int) {
    let clients = Self.clientsPerKind * 2
    let interval = Int64(1_000_000_000 * clients / Self.rate)
    var due = monotonicNanoseconds() + interval * Int64(number) / Int64(clients)
    let keepsConnection = number % 2 == 0
    var connection: LoadConnection?
    while true {
      let wait = due - monotonicNanoseconds()
      if wait > 0 { sleepThread(microseconds: Int(wait / 1_000)) }
      due += interval
      let (port, isStopped) = state.withLock { ($0.port, $0.isStopped) }
      if isStopped { return }
      if connection?.isClosed == true {
        countClose(of: connection?.port)
        connection = nil
      }
      do {
        let current = try connection ?? LoadConnection(port: port)
        let answer = try current.ask(close: !keepsConnection)
        note(answer.version)
        connection = keepsConnection && answer.keeps ? current : nil
        if keepsConnection && !answer.keeps { countClose(of: current.port) }
      } catch {
        connection = nil
        state.withLock { state in
          state.counts.failed += 1
          if state.counts.failures.count < Self.maximumFailures {
            state.counts.failures.append("\(keepsConnection ? "kept" : "new"): \(error)")
          }
        }
      }
    }
  }

  private func countClose(of port: UInt16?) {
    state.withLock { state in
      if state.isMoving || port != state.port {
        state.counts.moved += 1
      } else {
        state.counts.closed += 1
      }
    }
  }

  private func note(_ version: Int) {
    let now = monotonicNanoseconds()
    state.withLock { state in
      state.counts.answered += 1
      while state.newest < min(version, state.firstAnswers.count - 1) {
        state.newest += 1
        state.firstAnswers[state.newest] = now
      }
    }
  }
}
