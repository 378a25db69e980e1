import SystemPackage
import WorkspaceFiles
public import WorkspaceTools

/// The settings that a `hotreload.toml` may have. Times are in milliseconds.
private struct HotReloadSettings: Decodable {
  struct Load: Decodable {
    var environmentVariables: Bool?
    var interpolation: Bool?
    var maximumFileSize: Int?
    var allowsLinksOutOfRoot: Bool?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case environmentVariables = "environment_variables"
      case interpolation
      case maximumFileSize = "maximum_file_size"
      case allowsLinksOutOfRoot = "allows_links_out_of_root"
    }
  }

  enum Backend: String, Decodable {
    case automatic
    case polling
  }

  enum BootPolicy: String, Decodable {
    case lastGood = "last-good"
    case strict
  }

  var watchPatterns: [String]?
  var excludePatterns: [String]?
  var debounce: Int64?
  var quietPeriod: Int64?
  var maxWait: Int64?
  var pollInterval: Int64?
  var validateBeforeReload: Bool?
  var backupOnChange: Bool?
  var keepsJournal: Bool?
  var instance: String?
  var atomicGroups: [[String]]?
  var bake: Int64?
  var healthCheckInterval: Int64?
  var bootPolicy: BootPolicy?
  var backend: Backend?
  var load: Load?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case watchPatterns = "watch_patterns"
    case excludePatterns = "exclude_patterns"
    case debounce = "debounce_ms"
    case quietPeriod = "quiet_period_ms"
    case maxWait = "max_wait_ms"
    case pollInterval = "poll_interval_ms"
    case validateBeforeReload = "validate_before_reload"
    case backupOnChange = "backup_on_change"
    case keepsJournal = "keeps_journal"
    case instance
    case atomicGroups = "atomic_groups"
    case bake = "bake_ms"
    case healthCheckInterval = "health_check_interval_ms"
    case bootPolicy = "boot_policy"
    case backend
    case load
  }
}

extension HotReloadConfiguration {
  /// The name of the file at the root whose settings win over the program's.
  public static let settingsFile = "hotreload.toml"
  /// The tables of that file that are not settings of a manager: the commands that `HotReloadProcess` runs, and the fleet.
  static let foreignTables = ["handler", "fleet"]
  /// The largest size of that file, in bytes.
  public static let maximumSettingsSize = 1 << 20

  /// This configuration with the settings of the workspace's `hotreload.toml`, if it has one, and checked. Blocks.
  ///
  /// - Throws: ``HotReloadError`` with the code `invalidConfiguration`; a key that is not known is an error too.
  public func applyingSettings(of workspace: Workspace) throws(HotReloadError)
    -> HotReloadConfiguration
  {
    let path = workspace.root.appending(Self.settingsFile)
    let bytes: [UInt8]
    do {
      bytes = try readStably(path, limit: Self.maximumSettingsSize).bytes
    } catch {
      guard case .missing = error else {
        throw HotReloadError(
          code: .invalidConfiguration, message: "\(Self.settingsFile) cannot be read: \(error)")
      }
      try validate()
      return self
    }
    do {
      let tree = try ConfigFormat.toml.parse(bytes, file: Self.settingsFile)
      let result = try applying(tree, options: loadOptions ?? workspace.loadOptions)
      try result.validate()
      return result
    } catch let error as HotReloadError {
      throw HotReloadError(
        code: error.code, message: "\(Self.settingsFile), or the program: \(error.message)",
        diagnostics: error.diagnostics)
    } catch {
      let diagnostics = (error as? ConfigDiagnostic).map { [$0] } ?? []
      throw HotReloadError(
        code: .invalidConfiguration,
        message: diagnostics.isEmpty
          ? "\(Self.settingsFile) is not valid: \(error)" : "\(Self.settingsFile) is not valid",
        diagnostics: diagnostics)
    }
  }

  /// What a manager of the workspace works by. Blocks.
  func settled(for workspace: Workspace) throws(HotReloadError) -> HotReloadConfiguration {
    if usesSettingsFile { return try applyingSettings(of: workspace) }
    try validate()
    return self
  }

  func applying(_ tree: ConfigTree, options: ConfigLoadOptions) throws -> HotReloadConfiguration {
    var unknown = Self.unknownKeys(
      of: tree, HotReloadSettings.CodingKeys.self, below: "", besides: Self.foreignTables)
    if let load = tree.table?["load"] {
      unknown += Self.unknownKeys(of: load, HotReloadSettings.Load.CodingKeys.self, below: "load.")
    }
    guard unknown.isEmpty else {
      throw HotReloadError(
        code: .invalidConfiguration, message: "there are keys that are not known",
        diagnostics: unknown)
    }
    var result = self
    var (isAll, rest) = (false, tree)
    if var table = tree.table, table["atomic_groups"]?.string == "all" {
      isAll = true
      table["atomic_groups"] = nil
      rest.value = .table(table)
    }
    let settings = try rest.decode(HotReloadSettings.self)
    result.apply(settings, options: options)
    if isAll { result.atomicGroups = .all }
    return result
  }

  private mutating func apply(_ settings: HotReloadSettings, options: ConfigLoadOptions) {
    func set<Value>(_ target: inout Value, _ value: Value?) {
      if let value { target = value }
    }
    set(&watchPatterns, settings.watchPatterns)
    set(&excludePatterns, settings.excludePatterns)
    set(&debounce, settings.debounce.map { .milliseconds($0) })
    set(&quietPeriod, settings.quietPeriod.map { .milliseconds($0) })
    set(&maxWait, settings.maxWait.map { .milliseconds($0) })
    set(&pollInterval, settings.pollInterval.map { .milliseconds($0) })
    set(&validateBeforeReload, settings.validateBeforeReload)
    set(&backupOnChange, settings.backupOnChange)
    set(&keepsJournal, settings.keepsJournal)
    set(&instance, settings.instance)
    set(&atomicGroups, settings.atomicGroups.map(AtomicGroups.init))
    set(&bake, settings.bake.map { .milliseconds($0) })
    set(&healthCheckInterval, settings.healthCheckInterval.map { .milliseconds($0) })
    set(&bootPolicy, settings.bootPolicy.map { $0 == .strict ? .strict : .lastGood })
    set(&backend, settings.backend.map { $0 == .polling ? .polling : .automatic })
    guard let load = settings.load else { return }
    var options = options
    set(&options.environmentVariables, load.environmentVariables)
    set(&options.interpolation, load.interpolation)
    set(&options.maximumFileSize, load.maximumFileSize)
    set(&options.allowsLinksOutOfRoot, load.allowsLinksOutOfRoot)
    loadOptions = options
  }

  private static func unknownKeys<Keys: CodingKey & CaseIterable>(
    of tree: ConfigTree, _ keys: Keys.Type, below prefix: String, besides others: [String] = []
  ) -> [ConfigDiagnostic] {
    let known = keys.allCases.map(\.stringValue) + others
    guard let table = tree.table else { return [] }
    return table.filter { !known.contains($0.key) }.map { entry in
      ConfigDiagnostic(
        location: entry.keyLocation ?? entry.value.location, keyPath: prefix + entry.key,
        message: "unknown setting; there are \(known.joined(separator: ", "))")
    }
  }
}
