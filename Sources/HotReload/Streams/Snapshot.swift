public import WorkspaceTools

/// Everything that is in force at one moment. It never changes, so all that is read from one snapshot belongs together.
public struct Snapshot: Sendable {
  let storage: SnapshotStorage

  /// Grows by one each time something else comes into force.
  public var generation: UInt64 { storage.generation }

  /// The names of the configs that were accepted, sorted.
  public var configNames: [String] { storage.configs.keys.sorted() }

  /// A config with all its layers merged; nil if none of that name was accepted.
  public func config(_ name: String) -> ConfigTree? {
    storage.configs[name]?.content.tree
  }

  /// The generation that brought a config.
  public func generation(of name: String) -> UInt64? {
    storage.configs[name]?.generation
  }

  /// The value that the stream's `current` was in this snapshot; nil if the stream was made later.
  public func value<T>(of stream: ConfigStream<T>) -> T? {
    storage.value(of: stream.slot)?.value
  }
}
