public import FileWatching
public import Logging
public import Metrics
public import Tracing
import WorkspaceFiles
public import WorkspaceTools

/// How the hot reload of a workspace works.
///
/// A `hotreload.toml` at the workspace's root wins over what the program gives here, unless
/// ``usesSettingsFile`` is false.
public struct HotReloadConfiguration: Sendable {
  /// Globs of the files to watch, relative to the root. Files that a stream's config may come from are watched
  /// whatever these say. Default: `config/**/*` in the three formats, `templates/**/*`, `static/**/*`.
  public var watchPatterns: [String]
  /// How long a writer that has a file open is waited for after its last write. Default 500 ms; above 0, up to a minute.
  public var debounce: Duration
  /// Whether validators are asked before a config comes into force. Default true. Without them it is decoded
  /// into every type that is asked for all the same.
  public var validateBeforeReload: Bool
  /// Whether the files of each config that came into force are kept in `data/backups/configs/`, exactly as they were
  /// read, within ``backupLimits``. The journal writes them, so ``keepsJournal`` must be true. Default false.
  public var backupOnChange: Bool
  /// How many backups are kept of each file. Default: 20, for 30 days.
  public var backupLimits: ConfigBackupLimits
  /// Whether a journal is kept below `data/hotreload/`: what was applied and refused, and the last good content of each
  /// config, from which a process starts whose files on disk are not good. Default true.
  public var keepsJournal: Bool
  /// The name of this program among those that run on the same workspace: its journal's folder below `data/hotreload/`.
  /// If another process has it, a number is added. Letters, digits, `.`, `_` and `-`; default `default`.
  public var instance: String
  /// How much the journal keeps.
  public var journalLimits: JournalLimits
  /// Globs of what not to watch; an excluded folder excludes all below it. Default: `**/*.tmp`, and
  /// what editors leave, `**/*.swp`, `**/*~`, `**/.*`.
  public var excludePatterns: [String]
  /// How long nothing must have happened before changes are taken in. Default 20 ms; 0: at once; up to a minute.
  public var quietPeriod: Duration
  /// After this long, files that are closed are taken in even if others still change. Default 2 s; not below
  /// ``quietPeriod`` and ``debounce``, up to an hour.
  public var maxWait: Duration
  /// Which configs pass or fail together. Default: none, each stands alone.
  public var atomicGroups: AtomicGroups
  /// Where what is in force comes from. Default: the workspace's own files.
  public var contentMode: ContentMode
  /// How long what came into force is on trial: what it replaced is kept meanwhile, and is in force again if
  /// ``healthCheck`` fails. Default 0, no trial; up to a day. A newer change begins the trial anew.
  public var bake: Duration
  /// Asked during a bake, with what is in force, at its begin, every ``healthCheckInterval`` and at its end. It throws if
  /// something is wrong; not to answer within 5 s is wrong too. It must not wait for the manager. Default: none.
  public var healthCheck: (@Sendable (Snapshot) async throws -> Void)?
  /// Time between two health checks. Default 1 s; 1 ms to an hour.
  public var healthCheckInterval: Duration
  /// What a start does about a config that is not good. Default: ``BootPolicy/lastGood``.
  public var bootPolicy: BootPolicy
  /// Where hints of changes come from. Default: the kernel, and polling where that is needed.
  public var backend: FileWatcher.Options.Backend
  /// Time between two scans of what is polled. Default 1 s; 1 ms to an hour.
  public var pollInterval: Duration
  /// How configs are loaded; nil: as the workspace says.
  public var loadOptions: ConfigLoadOptions?
  /// Where to log. Every line about a reload has the metadata `config` (`files` for a file group), `generation`,
  /// `producer` and `outcome`, a ``ReloadOutcome/Kind``; values of secret keys are left out.
  public var logger: Logger
  /// Where the metrics go, which ``ReloadMetric`` names. Default nil: to what the program has given `MetricsSystem`
  /// by the time the manager starts.
  public var metricsFactory: (any MetricsFactory)?
  /// Where the spans of reloads go. Default nil: to what the program has given `InstrumentationSystem` by the time the
  /// manager starts; `NoOpTracer()` for nowhere.
  ///
  /// | span | attributes |
  /// |---|---|
  /// | `hotreload.transaction`, one for each that loaded or told anything | `hotreload.producers`, `hotreload.units`, `hotreload.outcome` (the gravest of its units, or `told`), `hotreload.generation`, `error.type` (the outcome, if anything was rejected) |
  /// | `hotreload.load` and so on, its children, one for each ``ReloadPhase`` that it went through | `hotreload.phase` |
  ///
  /// A transaction of which anything was rejected has the status error, with the first thing that was wrong. It has an
  /// event `hotreload.unit` for each unit that is not unchanged, and is linked to the spans in which ``HotReloadManager/reload()``
  /// and its like were called. What validators and participants do runs in the span of its phase.
  public var tracer: (any Tracer)?
  /// Whether the `hotreload.toml` at the workspace's root wins over what stands here. Default true. A program
  /// whose own flags win over the file applies it with ``applyingSettings(of:)``, then the flags, and sets this to false.
  public var usesSettingsFile: Bool

  /// Called at each place at which a test may end the process.
  package var failpoint: (@Sendable (JournalFailpoint) -> Void)?

  /// What a start does about a config that is not good.
  public enum BootPolicy: String, Sendable, Hashable {
    /// To take the last content that an earlier process knew to be good, and say so loudly.
    case lastGood = "last-good"
    /// To have no value, so that a stream of it cannot be made. Nothing that an earlier process knew to be good comes
    /// into force; what this one knew to be good does, if a health check fails.
    case strict
  }

  /// The default of ``watchPatterns``.
  public static let defaultWatchPatterns = [
    "config/**/*.toml", "config/**/*.yaml", "config/**/*.yml", "config/**/*.json",
    "templates/**/*", "static/**/*",
  ]
  /// The default of ``excludePatterns``.
  public static let defaultExcludePatterns = ["**/*.tmp", "**/*.swp", "**/*~", "**/.*"]
  /// The default of ``instance``.
  public static let defaultInstance = InstanceName.standard
  /// The label of the default logger.
  public static let loggerLabel = "hotreload"

  /// Creates a configuration; what is not given has its default.
  public init(
    watchPatterns: [String] = defaultWatchPatterns, debounce: Duration = .milliseconds(500),
    validateBeforeReload: Bool = true, backupOnChange: Bool = false,
    backupLimits: ConfigBackupLimits = ConfigBackupLimits(), keepsJournal: Bool = true,
    instance: String = defaultInstance, journalLimits: JournalLimits = JournalLimits(),
    excludePatterns: [String] = defaultExcludePatterns,
    quietPeriod: Duration = .milliseconds(20), maxWait: Duration = .seconds(2),
    atomicGroups: AtomicGroups = .none, contentMode: ContentMode = .workspace,
    bake: Duration = .zero,
    healthCheck: (@Sendable (Snapshot) async throws -> Void)? = nil,
    healthCheckInterval: Duration = .seconds(1), bootPolicy: BootPolicy = .lastGood,
    backend: FileWatcher.Options.Backend = .automatic,
    pollInterval: Duration = .seconds(1), loadOptions: ConfigLoadOptions? = nil,
    logger: Logger = Logger(label: loggerLabel), metricsFactory: (any MetricsFactory)? = nil,
    tracer: (any Tracer)? = nil, usesSettingsFile: Bool = true
  ) {
    self.watchPatterns = watchPatterns
    self.debounce = debounce
    self.validateBeforeReload = validateBeforeReload
    self.backupOnChange = backupOnChange
    self.backupLimits = backupLimits
    self.keepsJournal = keepsJournal
    self.instance = instance
    self.journalLimits = journalLimits
    self.excludePatterns = excludePatterns
    self.quietPeriod = quietPeriod
    self.maxWait = maxWait
    self.atomicGroups = atomicGroups
    self.contentMode = contentMode
    self.bake = bake
    self.healthCheck = healthCheck
    self.healthCheckInterval = healthCheckInterval
    self.bootPolicy = bootPolicy
    self.backend = backend
    self.pollInterval = pollInterval
    self.loadOptions = loadOptions
    self.logger = logger
    self.metricsFactory = metricsFactory
    self.tracer = tracer
    self.usesSettingsFile = usesSettingsFile
  }
}

extension HotReloadConfiguration {
  /// Checks every setting.
  /// - Throws: ``HotReloadError`` with the code `invalidConfiguration`, which names all settings that are wrong.
  public func validate() throws(HotReloadError) {
    var problems: [String] = []
    for (name, patterns) in [
      ("watchPatterns", watchPatterns), ("excludePatterns", excludePatterns),
    ] {
      for pattern in patterns {
        do { _ = try Glob(pattern) } catch { problems.append("\(name): \(error)") }
      }
    }
    func check(_ name: String, _ value: Duration, _ range: ClosedRange<Duration>) {
      guard !range.contains(value) else { return }
      problems.append("\(name) is \(value); it must be \(range.lowerBound) to \(range.upperBound)")
    }
    check("debounce", debounce, .milliseconds(1) ... .seconds(60))
    check("quietPeriod", quietPeriod, .zero ... .seconds(60))
    check("maxWait", maxWait, .milliseconds(1) ... .seconds(3600))
    check("pollInterval", pollInterval, .milliseconds(1) ... .seconds(3600))
    check("bake", bake, .zero ... .seconds(86_400))
    check("healthCheckInterval", healthCheckInterval, .milliseconds(1) ... .seconds(3600))
    if maxWait < max(quietPeriod, debounce) {
      problems.append(
        "maxWait is \(maxWait); it must not be below quietPeriod (\(quietPeriod)) and debounce "
          + "(\(debounce))")
    }
    if !InstanceName.isValid(instance) {
      problems.append(
        "instance is \"\(instance)\"; it must be a folder's name of letters, digits, \".\", \"_\" and \"-\""
      )
    }
    if backupOnChange, !keepsJournal {
      problems.append(
        "backupOnChange is true and keepsJournal is false; backups are written by the journal")
    }
    if let name = atomicGroups.overlap {
      problems.append("atomicGroups: config \(name) is in two groups; a config can be in one only")
    }
    if contentMode != .workspace, atomicGroups != .all {
      problems.append(
        "contentMode is managed and atomicGroups is not all; what is brought from elsewhere is applied whole"
      )
    }
    if let folder = contentMode.initialFolder, !folder.isAbsolute {
      problems.append("contentMode: \(folder) is not an absolute path")
    }
    if let limit = loadOptions?.maximumFileSize, limit < 1 {
      problems.append("loadOptions.maximumFileSize is \(limit); it must be at least 1 byte")
    }
    guard problems.isEmpty else {
      throw HotReloadError(
        code: .invalidConfiguration,
        message: "the hot reload's configuration is not valid: "
          + problems.joined(separator: "; "))
    }
  }

  /// Which files are watched by patterns.
  func filter() throws(HotReloadError) -> PathFilter {
    do {
      return try PathFilter(include: watchPatterns, exclude: excludePatterns)
    } catch {
      throw HotReloadError(code: .invalidPattern, message: "\(error)")
    }
  }

  /// The names of the settings in which two configurations differ; where they log, count and trace does not count.
  func differences(from other: HotReloadConfiguration) -> [String] {
    var names: [String] = []
    func compare<Value: Equatable>(_ name: String, _ value: Value, _ old: Value) {
      if value != old { names.append(name) }
    }
    compare("watchPatterns", watchPatterns, other.watchPatterns)
    compare("debounce", debounce, other.debounce)
    compare("validateBeforeReload", validateBeforeReload, other.validateBeforeReload)
    compare("backupOnChange", backupOnChange, other.backupOnChange)
    compare("backupLimits", backupLimits, other.backupLimits)
    compare("keepsJournal", keepsJournal, other.keepsJournal)
    compare("contentMode", contentMode, other.contentMode)
    compare("instance", instance, other.instance)
    compare("journalLimits", journalLimits, other.journalLimits)
    compare("excludePatterns", excludePatterns, other.excludePatterns)
    compare("quietPeriod", quietPeriod, other.quietPeriod)
    compare("maxWait", maxWait, other.maxWait)
    compare("atomicGroups", atomicGroups, other.atomicGroups)
    compare("bake", bake, other.bake)
    compare("healthCheckInterval", healthCheckInterval, other.healthCheckInterval)
    compare("bootPolicy", bootPolicy, other.bootPolicy)
    compare("backend", backend, other.backend)
    compare("pollInterval", pollInterval, other.pollInterval)
    compare("usesSettingsFile", usesSettingsFile, other.usesSettingsFile)
    compare("loadOptions", LoadKey(loadOptions), LoadKey(other.loadOptions))
    return names
  }

  /// What of the load options can be compared.
  private struct LoadKey: Equatable {
    var flags: [Bool]
    var size: Int?
    var variables: [String: String]?

    init(_ options: ConfigLoadOptions?) {
      flags =
        options.map {
          [$0.environmentVariables, $0.interpolation, $0.allowsLinksOutOfRoot, $0.validates]
        } ?? []
      size = options?.maximumFileSize
      variables = options?.processEnvironment
    }
  }
}
