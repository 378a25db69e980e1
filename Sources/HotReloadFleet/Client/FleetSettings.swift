import HotReload
public import Logging
import SystemPackage
import WorkspaceFiles
public import WorkspaceTools

/// The `[fleet]` table of a workspace's `hotreload.toml`, by which instances and the command line find the same fleet:
///
/// ```toml
/// [fleet]
/// name = "shop"
/// store = "etcd"                              # or "sqlite", the default
/// endpoints = ["https://etcd-1:2379", "https://etcd-2:2379"]
/// user = "shop"
/// password = "${file:/run/secrets/etcd}"      # never the password itself
/// source = true                               # edits of this workspace's files are proposals
/// stages = [{ percent = 1, bake = 300 }, { percent = 100, bake = 600 }]   # bake in seconds
/// ```
///
/// `path` is the file of a SQLite store, `namespace` what all keys in etcd begin with, `ca`, `certificate` and `key` are files in PEM, all relative to
/// the workspace's root, `instance` is the instance's name, and `include`, `exclude` and `allow_secrets` say what belongs to a bundle. `${…}` works in all texts.
public struct FleetSettings: Sendable, Hashable, Decodable {
  /// Which store.
  public enum Store: String, Sendable, Hashable, Decodable { case sqlite, etcd }

  /// One stage of the plan.
  public struct Stage: Sendable, Hashable, Decodable {
    /// How much of the fleet.
    public var percent: Double
    /// How long it is watched, in seconds.
    public var bake: Double?
  }

  /// The table's name in the settings file.
  public static let key = "fleet"

  /// The fleet's name.
  public var name: String?
  /// Which store; nil for what else is said, or SQLite.
  public var store: Store?
  /// The file of a SQLite store, relative to the root; nil for `data/hotreload/fleet.sqlite`.
  public var path: String?
  /// The addresses of etcd's members.
  public var endpoints: [String]?
  /// What all keys in etcd begin with.
  public var namespace: String?
  /// The user of etcd's authentication.
  public var user: String?
  /// The user's password.
  public var password: String?
  /// The certificates that are trusted, a file in PEM.
  public var ca: String?
  /// Our certificate, a file in PEM.
  public var certificate: String?
  /// Its key, a file in PEM.
  public var key: String?
  /// The instance's name.
  public var instance: String?
  /// Whether edits of the workspace's files are proposals.
  public var source: Bool?
  /// The plan of proposals that have none.
  public var stages: [Stage]?
  /// Globs of what belongs to a bundle, in place of the default ones.
  public var include: [String]?
  /// Globs of what does not, beside the default ones.
  public var exclude: [String]?
  /// Whether files may hold what looks like secrets.
  public var allowSecrets: Bool?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case name, store, path, endpoints, namespace, user, password, ca, certificate, key, instance
    case source, stages, include, exclude
    case allowSecrets = "allow_secrets"
  }

  /// Settings of nothing.
  public init() {}

  /// The settings of a workspace; nil if its `hotreload.toml` has no such table. Blocks.
  /// - Throws: ``FleetError`` with the code `invalidOptions`, and each problem with its place.
  public static func load(from workspace: Workspace) throws(FleetError) -> FleetSettings? {
    let file = HotReloadConfiguration.settingsFile
    let bytes: [UInt8]
    do {
      bytes = try readStably(
        workspace.root.appending(file), limit: HotReloadConfiguration.maximumSettingsSize
      ).bytes
    } catch {
      if case .missing = error { return nil }
      throw FleetError(.invalidOptions, "\(file) cannot be read: \(error)", cause: error)
    }
    do {
      let tree = try ConfigFormat.toml.parse(bytes, file: file)
      return try tree.table?[Self.key].map { try settings(in: $0, of: workspace) }
    } catch let error as FleetError {
      throw error
    } catch {
      throw FleetError(.invalidOptions, "\(error)", cause: error)
    }
  }

  private static func settings(
    in tree: ConfigTree, of workspace: Workspace
  ) throws -> FleetSettings {
    let known = CodingKeys.allCases.map(\.stringValue)
    var problems = (tree.table ?? ConfigTable()).filter { !known.contains($0.key) }.map { entry in
      ConfigDiagnostic(
        location: entry.keyLocation ?? entry.value.location, keyPath: "\(Self.key).\(entry.key)",
        message: "unknown setting; there are \(known.joined(separator: ", "))")
    }
    let filled = Interpolation(
      environment: workspace.environment.variables, root: workspace.root
    ).applied(to: tree)
    problems += filled.diagnostics
    guard problems.isEmpty else {
      throw FleetError(
        .invalidOptions, problems.map(\.description).joined(separator: "\n"))
    }
    do {
      var settings = try filled.tree.decode(FleetSettings.self)
      // Not relative to wherever the process was started.
      settings.ca = settings.ca.map { workspace.root.pushing(FilePath($0)).string }
      settings.certificate = settings.certificate.map {
        workspace.root.pushing(FilePath($0)).string
      }
      settings.key = settings.key.map { workspace.root.pushing(FilePath($0)).string }
      return settings
    } catch {
      throw FleetError(.invalidOptions, error.description, cause: error)
    }
  }

  /// What an instance takes part by, with what these settings do not say taken from other options.
  public func options(over defaults: FleetOptions = FleetOptions()) throws(FleetError)
    -> FleetOptions
  {
    var options = defaults
    if let name { options.fleet = name }
    if let instance { options.instance = instance }
    if let source { options.isSource = source }
    if let stages {
      options.stages = stages.map {
        RolloutStage(percent: $0.percent, bake: .seconds($0.bake ?? 0))
      }
    }
    if let include { options.scope.include = include }
    if let exclude { options.scope.exclude += exclude }
    if let allowSecrets { options.scope.allowsSecrets = allowSecrets }
    switch store {
    case .etcd: options.store = .etcd(try etcd())
    case .sqlite: options.store = .sqlite(path.map { FilePath($0) })
    case nil:
      if endpoints != nil { options.store = .etcd(try etcd()) }
      if let path { options.store = .sqlite(FilePath(path)) }
    }
    try options.validate()
    return options
  }

  private func etcd() throws(FleetError) -> EtcdOptions {
    guard let endpoints, !endpoints.isEmpty else {
      throw FleetError(
        .invalidOptions,
        "fleet.endpoints is missing: the addresses of etcd's members, such as [\"https://etcd-1:2379\"]"
      )
    }
    var options = EtcdOptions(endpoints: endpoints)
    if let namespace { options.namespace = namespace }
    if let user { options.credentials = .init(user: user, password: password ?? "") }
    options.tls = .init(
      trustRoots: ca.map { FilePath($0) }, certificate: certificate.map { FilePath($0) },
      key: key.map { FilePath($0) })
    return options
  }
}

extension FleetOptions.Store {
  /// The same store, asked in such a way that an instance with these times finds another member of an etcd in time if one stands still.
  func within(_ times: RolloutTimes) -> FleetOptions.Store {
    guard case .etcd(var options) = self else { return self }
    let third = times.lease / LeaseKeeper.requestsPerLife
    options.requestTimeout = min(options.requestTimeout, third)
    options.silenceLimit = min(options.silenceLimit, times.lease)
    return .etcd(options)
  }

  /// Opens the store.
  /// - Parameters:
  ///   - workspace: in which the default SQLite store is, and to whose root paths are relative.
  ///   - creating: whether a SQLite store is made if there is none.
  ///   - logger: who is told what is no error: an etcd with known weaknesses, for example.
  /// - Returns: the store, and whether whoever asked has to close it.
  /// - Throws: ``FleetError`` with the code `store`.
  public func open(
    in workspace: Workspace, creating: Bool = true,
    logger: Logger = Logger(label: "hotreload.fleet")
  ) async throws(FleetError) -> (store: any FleetStore, isOwned: Bool) {
    do throws(StoreError) {
      switch self {
      case .opened(let store): return (store, false)
      case .etcd(let options): return (try EtcdStore(options, logger: logger), true)
      case .sqlite(let path):
        let file = path.map { workspace.root.pushing($0) } ?? SQLiteStore.path(in: workspace)
        return (try await SQLiteStore.open(file, creating: creating, logger: logger), true)
      }
    } catch {
      throw .store(error)
    }
  }
}
