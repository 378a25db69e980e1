import Synchronization

/// Waits, without keeping a thread busy, until something has happened so many times.
final class Countdown: Sendable {
  private struct State {
    var left: Int
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let count: Int
  private let state: Mutex<State>

  /// A countdown that has begun.
  init(_ count: Int) {
    self.count = count
    state = Mutex(State(left: count))
  }

  /// Begins anew. Nobody may be waiting.
  func start() { state.withLock { $0.left = count } }

  /// It has happened once more.
  func down() {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.left -= 1
      return state.left == 0 ? state.waiter.take() : nil
    }
    waiter?.resume()
  }

  /// Returns when it has happened often enough. One task at a time may wait.
  func wait() async {
    await withCheckedContinuation { waiter in
      let isOver = state.withLock { state in
        if state.left > 0 { state.waiter = waiter }
        return state.left <= 0
      }
      if isOver { waiter.resume() }
    }
  }
}
