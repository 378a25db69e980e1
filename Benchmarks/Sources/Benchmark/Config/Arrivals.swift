import Synchronization

/// Counts who has what was sent, and notes when the last one had it.
final class Arrivals: Sendable {
  private let expected: Int
  private let count = Atomic(0)
  private let last = Atomic<Int64>(0)

  init(expected: Int) {
    self.expected = expected
  }

  /// Called by each receiver.
  func arrived() {
    let number = count.add(1, ordering: .acquiringAndReleasing).newValue
    if number == expected { last.store(monotonicNanoseconds(), ordering: .releasing) }
  }

  /// When the last one came; nil if not all have.
  var completed: Int64? {
    let time = last.load(ordering: .acquiring)
    return time == 0 ? nil : time
  }

  /// Starts to count again. Nobody may be about to arrive.
  func reset() {
    last.store(0, ordering: .releasing)
    count.store(0, ordering: .releasing)
  }
}
