import Synchronization

/// A value that one of several brings; only the first counts.
final class Answer<Value: Sendable>: Sendable {
  private let given = Mutex<Value?>(nil)
  private let latch = Latch()

  /// Brings the value. False if there was one already.
  func give(_ value: Value) -> Bool {
    let isFirst = given.withLock { given in
      guard given == nil else { return false }
      given = value
      return true
    }
    if isFirst { latch.open() }
    return isFirst
  }

  /// The value; waits for it.
  var value: Value {
    get async {
      while true {
        await latch.wait()
        if let value = given.withLock({ $0 }) { return value }
      }
    }
  }
}
