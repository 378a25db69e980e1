import Synchronization

/// A value that several threads of a test share.
final class Locked<Value: Sendable>: Sendable {
  private let state: Mutex<Value>

  init(_ value: Value) {
    state = Mutex(value)
  }

  func withLock<R: Sendable>(_ body: (inout Value) -> R) -> R {
    state.withLock { value in
      var copy = value
      defer { value = copy }
      return body(&copy)
    }
  }
}
