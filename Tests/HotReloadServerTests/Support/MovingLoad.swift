import Dispatch
import Synchronization

/// Clients that ask all the time, half of them over one connection, half with a connection for each request, and that
/// go to another port when they are told where the server is.
final class MovingLoad: Sendable {
  struct Counts: Sendable {
    var answered = 0
    var failures: [String] = []
    /// A server that was not to be left closed a kept connection.
    var closedEarly = 0
    /// Answers by the port that gave them.
    var byPort: [Int: Int] = [:]
  }

  private struct State {
    var port: Int
    var counts = Counts()
    var isStopped = false
    /// The server may ask clients to leave that port.
    var isMoving = false
  }

  private let state: Mutex<State>
  private let group = DispatchGroup()

  init(port: Int) { state = Mutex(State(port: port)) }

  var counts: Counts { state.withLock { $0.counts } }

  func start(clients: Int) {
    for number in 0..<clients {
      DispatchQueue(label: "client \(number)").async(group: group) {
        self.run(keepsConnection: number % 2 == 0)
      }
    }
  }

  /// Says that the server may leave its port from now on.
  func willMove() { state.withLock { $0.isMoving = true } }

  func move(to port: Int) {
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

  private func run(keepsConnection: Bool) {
    var connection: (client: Client, port: Int)?
    while true {
      let (port, isStopped) = state.withLock { ($0.port, $0.isStopped) }
      if isStopped { return }
      do {
        let current = try connection ?? (Client(port: port), port)
        let answer = try current.client.requestNow(close: !keepsConnection)
        guard answer.status == 200 else { throw ClientFailure("status \(answer.status)") }
        connection = keepsConnection && !answer.saysClose ? current : nil
        state.withLock { state in
          state.counts.answered += 1
          state.counts.byPort[current.port, default: 0] += 1
          if keepsConnection, answer.saysClose, current.port == state.port, !state.isMoving {
            state.counts.closedEarly += 1
          }
        }
      } catch {
        connection = nil
        state.withLock { $0.counts.failures.append("\(keepsConnection): \(error)") }
      }
    }
  }
}
