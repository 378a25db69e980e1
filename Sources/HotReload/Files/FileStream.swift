/// An always current view of raw files that belong together, such as a certificate and its key.
///
/// As a sequence it yields each new version that came into force after the stream was made; of several that came
/// while its consumer was busy only the newest. It ends when the manager shuts down. Copies are the same
/// stream.
public struct FileStream<T: Sendable>: AsyncSequence, Sendable {
  /// A new version.
  public typealias Element = T
  /// It never fails: what is wrong on disk never comes into force.
  public typealias Failure = Never
  /// Iterates over new versions.
  public typealias AsyncIterator = ValueIterator<T>

  @usableFromInline let slot: ValueSlot<T>
  let start: UInt64

  init(slot: ValueSlot<T>) {
    self.slot = slot
    start = slot.generation
  }

  /// The group's name.
  public var name: String { slot.name }

  /// The value in force. Takes a few nanoseconds, on any thread, and never waits.
  @inlinable
  public var current: T {
    @inline(__always) get { slot.current }
  }

  /// The generation that brought the value in force.
  public var generation: UInt64 { slot.generation }

  /// Starts with what came into force after the stream was made.
  public func makeAsyncIterator() -> ValueIterator<T> {
    ValueIterator(slot: slot, seen: start)
  }
}
