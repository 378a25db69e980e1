public import WorkspaceTools

/// What is about to come into force, as a participant sees it.
public struct ReloadChange: Sendable {
  /// The generation that it will be, if nothing refuses it.
  public let generation: UInt64
  /// The units that the participant was registered for whose content differs from what is in force. All of them when
  /// the participant is registered.
  public let changed: Set<UnitID>
  let configs: [String: LoadedConfig]

  /// Creates a change, for tests of participants.
  public init(generation: UInt64, changed: Set<UnitID>, configs: [String: LoadedConfig]) {
    self.generation = generation
    self.changed = changed
    self.configs = configs
  }

  /// A config with all its layers merged; nil if the participant was not registered for it or there is none.
  public func config(_ name: String) -> LoadedConfig? { configs[name] }

  /// A config as a `T`, validated.
  /// - Throws: `ConfigError`, with the place of what is wrong, or that there is no such config.
  public func decode<T: Decodable>(_ name: String, as type: T.Type = T.self) throws(ConfigError)
    -> T
  {
    guard let config = configs[name] else {
      throw ConfigError(
        code: .missing, config: name,
        diagnostics: [
          ConfigDiagnostic(
            location: nil,
            message: "config \(name) is not in force, or the participant is not registered for it")
        ])
    }
    return try config.decode(type)
  }
}
