public import SystemPackage

/// An event and its circumstances.
///
/// While a handler is called, ``current`` is what it was called for.
public struct PublishedEvent: Sendable {
  /// The event.
  public var event: ChangeEvent
  /// The generation that was in force when it happened; for a changed config, the one that brought the change.
  public var generation: UInt64
  /// The files that the event is about, relative to the root; for a config those it was read from before and now.
  public var paths: [FilePath]
  /// What the files belong to; nil if the event is about the watching itself.
  public var unit: UnitID?
  /// When it was published, in nanoseconds since 1970 (UTC).
  public var time: Int64
  /// A name that no other event has, also not one of another process: who is told of an event twice knows it by this.
  public var id: String
  /// How many events its receiver did not get between the one before and this one, because it was too slow.
  public var droppedBefore = 0

  /// Creates an event, for tests of handlers. What is not given is now, and nothing that another event has.
  public init(
    _ event: ChangeEvent, generation: UInt64 = 1, paths: [FilePath] = [], unit: UnitID? = nil,
    time: Int64? = nil, id: String? = nil
  ) {
    self.event = event
    self.generation = generation
    self.paths = paths
    self.unit = unit
    self.time = time ?? nanosecondsSince1970()
    self.id = id ?? String(UInt64.random(in: .min ... .max), radix: 16)
  }

  /// What the handler that this task belongs to was called for; nil elsewhere, and in a detached task.
  @TaskLocal public static var current: PublishedEvent?
}
