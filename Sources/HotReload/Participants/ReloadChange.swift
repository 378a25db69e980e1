public import WorkspaceTools

/// What is about to come into force, as a participant sees it.
public struct ReloadChange: Sendable {
  /// The generation that it will be, if nothing refuses it.
  public let generation: UInt64
  /// The units that the participant was registered for whose content differs from what is in force. All of them when
  /// the participant is registered.
  public let changed: Set<UnitID>
  private let configs: [String: LoadedConfig]
  private let groups: [String: FileGroup]
  private let sets: [UnitID: FileSet]

  /// Creates a change, for tests of participants.
  public init(
    generation: UInt64, changed: Set<UnitID>, configs: [String: LoadedConfig] = [:],
    files: [String: FileGroup] = [:], sets: [UnitID: FileSet] = [:]
  ) {
    self.generation = generation
    self.changed = changed
    self.configs = configs
    groups = files
    self.sets = sets
  }

  init(generation: UInt64, changed: Set<UnitID>, contents: [UnitID: UnitContent]) {
    var configs: [String: LoadedConfig] = [:]
    var groups: [String: FileGroup] = [:]
    var sets: [UnitID: FileSet] = [:]
    for (unit, content) in contents {
      switch content {
      case .config(let loaded): configs[loaded.name] = loaded
      case .files(let group): groups[group.name] = group
      case .set(let set): sets[unit] = set
      }
    }
    self.init(
      generation: generation, changed: changed, configs: configs, files: groups, sets: sets)
  }

  /// A config with all its layers merged; nil if the participant was not registered for it or there is none.
  public func config(_ name: String) -> LoadedConfig? { configs[name] }

  /// The files of a group; nil if the participant was not registered for it or there is none.
  public func files(_ group: String) -> FileGroup? { groups[group] }

  /// All files of ``UnitID/templates`` or ``UnitID/assets``; nil if the participant was not registered for them.
  public func files(of unit: UnitID) -> FileSet? { sets[unit] }

  /// A config as a `T`, validated.
  /// - Throws: `ConfigError`, with the place of what is wrong, or that there is no such config.
  public func decode<T: Decodable>(
    _ name: String, as type: T.Type = T.self
  ) throws(ConfigError) -> T {
    guard let config = configs[name] else {
      throw ConfigError(
        code: .missing, config: name,
        message: "config \(name) is not in force, or the participant is not registered for it")
    }
    return try config.decode(type)
  }
}
