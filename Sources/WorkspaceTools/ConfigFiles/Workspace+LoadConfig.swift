public import SystemPackage
import WorkspaceFiles

extension Workspace {
  /// Loads config `name` as a `T`: base, environment layer, local layer, and what the options add.
  ///
  /// A `T` that is ``ConfigMerge`` gets each layer decoded alone and merges them itself; one that is
  /// ``ValidatedConfig`` is asked whether it makes sense. The files are read off the cooperative pool.
  ///
  /// - Parameters:
  ///   - name: such as `app`, or `sub/app` for `config/sub/app.toml`.
  ///   - options: nil for those of the workspace.
  /// - Throws: ``ConfigError``, which tells file, line, column and key of what is wrong.
  public func loadConfig<T: Decodable & Sendable>(
    _ name: String, as type: T.Type = T.self, options: ConfigLoadOptions? = nil
  ) async throws -> T {
    let loader = ConfigLoader(workspace: self, options: options)
    return try await BlockingExecutor.shared.run {
      try loader.load(name).decode(type, validating: loader.options.validates)
    }
  }

  /// Loads config `name` without making a type of it.
  ///
  /// - Throws: ``ConfigError``.
  public func loadConfigTree(
    _ name: String, options: ConfigLoadOptions? = nil
  ) async throws -> ConfigTree {
    let loader = ConfigLoader(workspace: self, options: options)
    return try await BlockingExecutor.shared.run { try loader.load(name).tree }
  }

  /// Loads several configs and lays each over those before it: `loadConfig(layers: ["base", "region-eu"])`.
  ///
  /// Each of them has its own base, environment and local layers. Maps merge, arrays and scalars are
  /// replaced, unless `T` is ``ConfigMerge``, which merges its values itself.
  ///
  /// - Parameters:
  ///   - names: at least one; later ones win.
  ///   - skippingMissing: whether a config without a base file is passed over. At least one must exist.
  ///   - options: nil for those of the workspace.
  /// - Throws: ``ConfigError``.
  public func loadConfig<T: Decodable & Sendable>(
    layers names: [String], as type: T.Type = T.self, skippingMissing: Bool = false,
    options: ConfigLoadOptions? = nil
  ) async throws -> T {
    let loader = ConfigLoader(workspace: self, options: options)
    return try await BlockingExecutor.shared.run {
      try loader.load(layers: names, skippingMissing: skippingMissing)
        .decode(type, validating: loader.options.validates)
    }
  }

  /// Loads one file as a `T`, whatever its name and without overlays.
  ///
  /// - Parameter path: relative to the root; its extension says what it holds.
  /// - Throws: ``ConfigError``; `unknownFormat` if the extension is of no format that is known.
  public func loadConfig<T: Decodable & Sendable>(
    from path: FilePath, as type: T.Type = T.self, options: ConfigLoadOptions? = nil
  ) async throws -> T {
    let loader = ConfigLoader(workspace: self, options: options)
    return try await BlockingExecutor.shared.run {
      try loader.loadFile(path).decode(type, validating: loader.options.validates)
    }
  }

  /// The names of all configs below `config/`, sorted; see ``ConfigLoader/names()``.
  public func configNames() async throws -> [String] {
    let loader = ConfigLoader(workspace: self)
    return try await BlockingExecutor.shared.run { try loader.names() }
  }

  /// The config that a file belongs to in some environment: `config/database.production.yaml` is of `database`.
  ///
  /// ``ConfigLoader/configName(of:)`` tells whether it counts in the workspace's environment.
  ///
  /// - Parameter path: relative to the root, or absolute and below it.
  /// - Returns: nil for what is no config file.
  public func extractConfigName(from path: FilePath) -> String? {
    var relative = path
    if path.isAbsolute {
      guard relative.removePrefix(root) else { return nil }
    }
    return ConfigFiles.parse(relative)?.name
  }
}

extension ConfigLoader {
  /// Loads several configs and lays each over those before it. Blocking.
  ///
  /// - Parameters:
  ///   - names: at least one; later ones win.
  ///   - skippingMissing: whether a config without a base file is passed over. At least one must exist.
  /// - Throws: ``ConfigError``.
  public func load(
    layers names: [String], skippingMissing: Bool = false
  ) throws(ConfigError) -> LoadedConfig {
    var loaded: [LoadedConfig] = []
    var firstMissing: ConfigError?
    for name in names {
      do { loaded.append(try load(name)) } catch {
        guard skippingMissing, error.code == .missing else { throw error }
        firstMissing = firstMissing ?? error
      }
    }
    guard let first = loaded.first else {
      throw firstMissing
        ?? ConfigError(
          code: .missing, config: "", message: "no config is named", advice: "Name at least one.")
    }
    return LoadedConfig(
      name: names.joined(separator: "+"),
      tree: loaded.dropFirst().reduce(first.tree) { $0.merging($1.tree) },
      layers: loaded.flatMap(\.layers), referencedFiles: loaded.flatMap(\.referencedFiles),
      environmentVariables: loaded.flatMap(\.environmentVariables),
      layerTrees: loaded.flatMap(\.layerTrees))
  }
}
