public import Synchronization

/// A typed, always current view of one config.
///
/// ```swift
/// let stream = try await workspace.watchConfigChanges("app", as: AppConfig.self)
/// serve(stream.current)
/// for await config in stream { apply(config) }
/// ```
public typealias ConfigStream<T: Decodable & Sendable> = ValueStream<T>

/// An always current view of raw files that belong together, such as a certificate and its key.
public typealias FileStream<T: Sendable> = ValueStream<T>

/// An always current view of something that changes with the files of the workspace.
///
/// As a sequence it yields each new version that came into force after the stream was made; of several that came
/// while its consumer was busy only the newest, and never an older one after a newer. It ends
/// when the manager shuts down. Copies are the same stream; each iterator starts at the stream's creation.
public struct ValueStream<T: Sendable>: AsyncSequence, Sendable {
  /// A new version.
  public typealias Element = T
  /// It never fails: what is wrong on disk never comes into force.
  public typealias Failure = Never
  /// Iterates over new versions.
  public typealias AsyncIterator = ValueIterator<T>

  @usableFromInline let slot: ValueSlot<T>
  /// The generation of the value that was in force when the stream was made.
  let start: UInt64

  init(slot: ValueSlot<T>) {
    self.slot = slot
    start = slot.generation
  }

  /// The name of the config, the file group or the participant that it is of.
  public var name: String { slot.name }

  /// The value in force. Takes a few nanoseconds, on any thread, and never waits.
  ///
  /// The value is copied. If its type has references in it (strings over 15 bytes, arrays, dictionaries, classes),
  /// a copy counts them, and threads that copy at the same time share those counts, which slows all of them.
  /// Where that matters, read through a ``cursor()``, which lends its value.
  @inlinable
  public var current: T {
    @inline(__always) get { slot.current }
  }

  /// The generation that brought the value in force.
  public var generation: UInt64 { slot.generation }

  /// Another stream of the same, which yields what comes into force from now on.
  public func subscribe() -> ValueStream<T> {
    ValueStream(slot: slot)
  }

  /// A reader for one thread or task, faster than ``current``.
  @inlinable
  public func cursor() -> ValueCursor<T> {
    ValueCursor(slot: slot)
  }

  /// Starts with what came into force after the stream was made.
  public func makeAsyncIterator() -> ValueIterator<T> {
    ValueIterator(slot: slot, seen: start)
  }
}

/// Reads one value from one thread or task: it keeps the value and loads it again only after a swap.
public struct ValueCursor<T: Sendable> {
  @usableFromInline let slot: ValueSlot<T>
  @usableFromInline var version: UInt64
  @usableFromInline var value: T

  @inlinable
  init(slot: ValueSlot<T>) {
    self.slot = slot
    // The version is read first: if a swap comes between, the value is newer than it and loaded once more.
    version = slot.cell.version.load(ordering: .acquiring)
    value = slot.current
  }

  /// The value in force. It is lent, not copied: `cursor.current.port` touches nothing but the port.
  @inlinable
  public var current: T {
    @inline(__always) mutating _read {
      let newest = slot.cell.version.load(ordering: .acquiring)
      if newest != version { refresh(to: newest) }
      yield value
    }
  }

  @inlinable
  @inline(never)
  mutating func refresh(to newest: UInt64) {
    version = newest
    value = slot.current
  }
}

@available(*, unavailable)
extension ValueCursor: Sendable {}
