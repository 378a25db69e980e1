public import Configuration
public import HotReload
public import WorkspaceTools

/// Lets swift-configuration's `ConfigReader` read one config of a ``HotReload/HotReloadManager``.
///
/// ```swift
/// let manager = try await workspace.startHotReload()
/// let config = ConfigReader(provider: try await HotReloadConfigProvider(manager: manager, config: "app"))
/// let port = config.int(forKey: "server.port", default: 8080)
/// ```
///
/// It reads what is in force: all layers merged, JSON, TOML and YAML alike, and never a version that was refused. A
/// watch delivers each real change of its value, compared as the type that was asked for, the newest only, and
/// ends when the manager shuts down or the task is cancelled. After a shutdown the last values stay.
///
/// **Keys** are looked up exactly, one component for each table: `server.port` is `port` in `[server]`, and `["a.b"]` the
/// key `"a.b"`. A key that is not there, or is null, has no value. A key's context is not looked at.
///
/// **Types** are as strict as in ``WorkspaceTools/ConfigTree/decode(_:userInfo:redaction:)``, the same in all formats: a whole
/// number is taken for a double, but neither `1.0` for an integer nor a number for a text or a truth value. A date
/// is read as a string, in ISO 8601. Bytes are texts that `bytesDecoder` decodes. Only what an environment variable put
/// in is text that is also taken for a number or a truth value. Arrays hold values of one type. Anything else,
/// a table too, is a ``WorkspaceTools/ConfigDiagnostic`` that says where:
/// `config/app.toml:12:8 server.port: expected Int, found String "80a"`.
///
/// The provider itself refuses no version: nobody knows which types will be asked for. For that, watch the config as a
/// type, or register a validator.
///
/// Of a config with variants it gives the config itself, which is the variant `control`: a reader says for nobody in particular what
/// it reads.
///
/// All functions may be called from any thread or task.
public struct HotReloadConfigProvider: Sendable {
  /// Which values are marked as secret. Upstream's reporters do not show those, nor do our errors.
  public enum Secrets: Sendable {
    /// What is below a key that the rules call secret. ``WorkspaceTools/RedactionRules/default`` costs a reader nothing; other
    /// rules are asked at each reading.
    case rules(RedactionRules)
    /// What the specifier says of a key, in upstream's dotted form, and its value. It is asked at each reading,
    /// so a closure must be quick.
    case specifier(SecretsSpecifier<String, ConfigTree>)
  }

  /// `HotReloadConfigProvider[app]`.
  public var providerName: String { reader.providerName }

  private let manager: HotReloadManager
  private let stream: ConfigStream<IndexedConfig>
  private let reader: ValueReader

  /// A provider of a config that has a good value now.
  ///
  /// - Parameters:
  ///   - manager: who keeps the config current; the provider keeps it alive.
  ///   - config: the config's name, such as `app` or `sub/app`.
  ///   - secrets: which values are marked as secret.
  ///   - bytesDecoder: how a text becomes bytes.
  /// - Throws: as ``HotReload/HotReloadManager/watchConfigChanges(_:as:)``: `HotReloadError` with the code
  ///   `configRejected` and all that is wrong, if there is no good value to begin with.
  public init(
    manager: HotReloadManager, config: String, secrets: Secrets = .rules(.default),
    bytesDecoder: some ConfigBytesFromStringDecoder = .base64
  ) async throws {
    self.manager = manager
    stream = try await manager.watchConfigChanges(config)
    reader = ValueReader(
      providerName: "HotReloadConfigProvider[\(config)]", secrets: secrets,
      bytesDecoder: bytesDecoder)
  }
}

extension HotReloadConfigProvider: ConfigProvider {
  /// The value in force. Never waits.
  /// - Throws: ``WorkspaceTools/ConfigDiagnostic`` if it is not of that type.
  public func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
    try reader.value(forKey: key, type: type, in: stream.current)
  }

  /// The value once everything that was written to disk before the call has been accepted or refused.
  ///
  /// After a shutdown, and from within a handler or validator, where there is nothing to wait for, it is the value in
  /// force.
  /// - Throws: ``WorkspaceTools/ConfigDiagnostic`` if it is not of that type; ``HotReload/HotReloadError`` with the code
  ///   `cannotWatch`.
  public func fetchValue(
    forKey key: AbsoluteConfigKey, type: ConfigType
  ) async throws -> LookupResult {
    do {
      try await manager.sync()
    } catch let error as HotReloadError where error.code == .shutDown || error.code == .reentrant {
      // An error would make readers with a default use that instead of the value in force.
    }
    return try value(forKey: key, type: type)
  }

  /// Calls `updatesHandler` with the value in force and then each real change of it; a value that is not of the type
  /// is delivered as a failure.
  public nonisolated(nonsending) func watchValue<Return: ~Copyable>(
    forKey key: AbsoluteConfigKey, type: ConfigType,
    updatesHandler:
      nonisolated(nonsending) (
        _ updates: ConfigUpdatesAsyncSequence<Result<LookupResult, any Error>, Never>
      ) async throws -> Return
  ) async throws -> Return {
    let updates = ValueUpdates(
      versions: ConfigVersions(stream: stream), key: key, type: type, reader: reader)
    return try await updatesHandler(ConfigUpdatesAsyncSequence(updates))
  }

  /// Everything in force at this moment, as one view that does not change.
  public func snapshot() -> any ConfigSnapshot {
    IndexedConfigSnapshot(config: stream.current, reader: reader)
  }

  /// Calls `updatesHandler` with the version in force and then each newer one.
  public nonisolated(nonsending) func watchSnapshot<Return: ~Copyable>(
    updatesHandler:
      nonisolated(nonsending) (
        _ updates: ConfigUpdatesAsyncSequence<any ConfigSnapshot, Never>
      ) async throws -> Return
  ) async throws -> Return {
    let snapshots = ConfigVersions(stream: stream).map { [reader] config -> any ConfigSnapshot in
      IndexedConfigSnapshot(config: config, reader: reader)
    }
    return try await updatesHandler(ConfigUpdatesAsyncSequence(snapshots))
  }
}

extension HotReloadConfigProvider: CustomStringConvertible {
  /// The provider's name and how many values there are; none of them is shown.
  public var description: String { "\(providerName)[\(stream.current.valueCount) values]" }
}
