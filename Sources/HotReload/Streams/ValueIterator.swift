/// Iterates over the new versions of a value that comes into force from time to time.
public struct ValueIterator<T: Sendable>: AsyncIteratorProtocol {
  /// A new version.
  public typealias Element = T
  /// It never fails.
  public typealias Failure = Never

  let slot: ValueSlot<T>
  var seen: UInt64

  init(slot: ValueSlot<T>, seen: UInt64) {
    self.slot = slot
    self.seen = seen
  }

  /// The next version; waits for it. Nil at the end, or when the task is cancelled.
  public mutating func next() async -> T? {
    await next(isolation: #isolation)
  }

  /// The same, on the given actor.
  public mutating func next(isolation actor: isolated (any Actor)?) async -> T? {
    guard let newer = await slot.next(after: seen, isolation: actor) else { return nil }
    seen = newer.generation
    return newer.value
  }
}
