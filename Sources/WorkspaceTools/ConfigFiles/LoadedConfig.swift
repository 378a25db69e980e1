public import SystemPackage
public import WorkspaceFiles

/// One file of a config as it was read.
public struct LoadedLayer: Sendable {
  /// Its path relative to the root, as the user named it.
  public let path: FilePath
  /// Which layer it is.
  public let layer: ConfigLayer
  /// What it was parsed as.
  public let format: ConfigFormat
  /// Which version of the file was read.
  public let stamp: FileStamp
  /// Its absolute path with all links resolved, when it was read.
  public let resolvedPath: FilePath
  /// The content, exactly as it was read.
  public let bytes: [UInt8]
  /// The digest of the content.
  public let digest: ContentDigest
  /// What the content says, without anything of other layers and without replacing `${…}`.
  public let tree: ConfigTree
}

/// A config as it was loaded: all layers merged, from files that were all there at one moment.
public struct LoadedConfig: Sendable {
  /// The config's name.
  public let name: String
  /// The merged value.
  public let tree: ConfigTree
  /// The files it came from, in the order they were merged. The overlays of all its variants are among them, in their
  /// place, although each is merged into its own variant only.
  public let layers: [LoadedLayer]
  /// The files that `${file:…}` put in, or would have, as absolute paths: a change of one changes the config.
  public let referencedFiles: [FilePath]
  /// The environment variables that are laid over the files.
  public let environmentVariables: [String]
  /// Its variants, in the order of their names' bytes: the config once more with each overlay. A variant has none itself.
  public internal(set) var variants: [ConfigVariant] = []
  /// Who gets which variant; nil if the config does not say.
  public internal(set) var experiment: ConfigExperiment?
  /// What each layer says with `${…}` replaced; the environment variables' layer last, if there is one.
  let layerTrees: [Result<ConfigTree, ConfigError>]

  /// The value as a `T`.
  ///
  /// If `T` is ``ConfigMerge``, each layer is decoded alone and `T` merges them; else the merged tree is decoded.
  ///
  /// - Parameter validating: whether ``ValidatedConfig/validate()`` is called where `T` has it.
  /// - Throws: ``ConfigError`` with `decode` or `validation`, its diagnostics with key and position.
  public func decode<T: Decodable>(
    _ type: T.Type = T.self, validating: Bool = true
  ) throws(ConfigError) -> T {
    let value =
      T.self is any ConfigMerge.Type ? try decodeLayers(type) : try decode(type, from: tree)
    if validating { try validate(value) }
    return value
  }

  private func decode<T: Decodable>(
    _ type: T.Type, from tree: ConfigTree
  ) throws(ConfigError) -> T {
    do { return try tree.decode(type) } catch {
      throw ConfigError(code: .decode, config: name, diagnostics: [error])
    }
  }

  private func decodeLayers<T: Decodable>(_ type: T.Type) throws(ConfigError) -> T {
    var merged: T?
    for layer in layerTrees {
      let value = try decode(type, from: try layer.get())
      if let lower = merged { merged = Self.merge(lower, value) } else { merged = value }
    }
    if let merged { return merged }
    return try decode(type, from: tree)
  }

  private static func merge<T>(_ lower: T, _ upper: T) -> T {
    func opened<M: ConfigMerge>(_ lower: M) -> T? {
      (upper as? M).flatMap { lower.merging($0) as? T }
    }
    return (lower as? any ConfigMerge).flatMap { opened($0) } ?? upper
  }

  /// Asks a value that came from this config whether it makes sense.
  ///
  /// - Throws: ``ConfigError`` with `validation`.
  public func validate<T>(_ value: T) throws(ConfigError) {
    guard let validated = value as? any ValidatedConfig else { return }
    do { try validated.validate() } catch {
      throw ConfigError(
        code: .validation, config: name, diagnostics: diagnostics(of: error, in: tree))
    }
  }

  /// What an error thrown by a validator says, with the places of the keys it names.
  ///
  /// - Parameter error: ``ConfigProblems``, a ``ConfigDiagnostic`` or a ``ConfigError`` keep their parts; of any
  ///   other error the description is taken.
  public func diagnostics(of error: any Error) -> [ConfigDiagnostic] {
    diagnostics(of: error, in: tree)
  }

  private func diagnostics(of error: any Error, in tree: ConfigTree) -> [ConfigDiagnostic] {
    func placed(_ keyPath: String, _ message: String) -> ConfigDiagnostic {
      let location = tree[keyPath]?.location ?? tree.location
      return ConfigDiagnostic(location: location, keyPath: keyPath, message: message)
    }
    switch error {
    case let problems as ConfigProblems:
      return problems.problems.map { placed($0.keyPath, $0.message) }
    case let diagnostic as ConfigDiagnostic:
      return [
        diagnostic.location == nil ? placed(diagnostic.keyPath, diagnostic.message) : diagnostic
      ]
    case let error as ConfigError: return error.diagnostics
    default: return [placed("", String(describing: error))]
    }
  }
}
