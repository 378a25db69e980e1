public import WorkspaceTools

/// Everything that is in force at one moment. It never changes, so all that is read from one snapshot belongs together.
public struct Snapshot: Sendable {
  let storage: SnapshotStorage

  /// Grows by one each time something else comes into force.
  public var generation: UInt64 { storage.generation }

  /// The names of the configs that were accepted, sorted.
  public var configNames: [String] { storage.units.keys.compactMap(\.configName).sorted() }

  /// A config with all its layers merged; nil if none of that name was accepted.
  public func config(_ name: String) -> ConfigTree? {
    storage.config(name)?.tree
  }

  /// The generation that brought a config.
  public func generation(of name: String) -> UInt64? {
    storage.units[.config(name)]?.generation
  }

  /// The files of a group; nil if none of that name was accepted.
  public func files(_ group: String) -> FileGroup? {
    storage.units[.files(group)]?.content.files
  }

  /// All templates or assets; nil if none were accepted, or nobody is registered for them.
  public func files(of unit: UnitID) -> FileSet? {
    storage.units[unit]?.content.set
  }

  /// The value that the stream's `current` was in this snapshot; nil if the stream was made later.
  public func value<T>(of stream: ValueStream<T>) -> T? {
    storage.value(of: stream.slot)?.value
  }

  /// What the participant made of the values in this snapshot; nil if it was registered later.
  public func product<Product>(of registration: ParticipantRegistration<Product>) -> Product? {
    value(of: registration.products)
  }
}
