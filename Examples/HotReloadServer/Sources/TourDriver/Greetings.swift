import Synchronization

/// Which greeting the server may give at which moment.
///
/// The tour gives each greeting a number, in the order in which it writes them. A request may see any from the newest that
/// somebody had already seen when it was sent, to the newest that was written when its answer arrived. So an
/// answer that goes back in time is a failure, and so is one from the future.
final class Greetings: Sendable {
  private struct State {
    var texts: [String]
    var written = 0
    var seen = 0
  }

  private let state: Mutex<State>

  init(first: String) { state = Mutex(State(texts: [first])) }

  /// Says that this greeting is about to be written.
  func willWrite(_ text: String) {
    state.withLock {
      $0.texts.append(text)
      $0.written = $0.texts.count - 1
    }
  }

  /// What must be remembered when a request is sent: the newest greeting that anybody has seen.
  func floor() -> Int { state.withLock { $0.seen } }

  /// Checks an answer and remembers that it was seen.
  func check(_ body: String, floor: Int) throws {
    try state.withLock { state in
      let allowed = floor...max(floor, state.written)
      guard let number = allowed.last(where: { state.texts[$0] + "\n" == body }) else {
        throw RequestFailure("the answer \(body.debugDescription) is not allowed at this moment")
      }
      state.seen = max(state.seen, number)
    }
  }

  /// The newest greeting that was written.
  var newest: String { state.withLock { $0.texts[$0.written] } }

  /// Whether the newest greeting was seen.
  var isSettled: Bool { state.withLock { $0.seen == $0.written } }
}
