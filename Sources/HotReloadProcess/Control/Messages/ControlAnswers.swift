public import HotReload
public import WorkspaceTools

/// What `pause` and `resume` left behind.
public struct ControlPausing: Sendable, Hashable, Codable {
  /// Whether changes wait now.
  public var isPaused: Bool
  /// The generation in force.
  public var generation: UInt64
  /// What the changes that had waited led to, after `resume`.
  public var report: ReloadReport.Document?

  /// Creates one.
  public init(isPaused: Bool, generation: UInt64, report: ReloadReport.Document? = nil) {
    self.isPaused = isPaused
    self.generation = generation
    self.report = report
  }
}

/// What was applied and refused, the newest first.
public struct ControlHistory: Sendable, Hashable, Codable {
  /// One thing that happened to a config.
  public struct Entry: Sendable, Hashable, Codable {
    /// When, in nanoseconds since 1970.
    public var at: Int64
    /// The config's name.
    public var config: String
    /// The generation that it brought, or that was in force; for `rolledBack` the one that was taken back; 0 if that is
    /// not known.
    public var generation: UInt64
    /// `applied`, `rejected`, `rolledBack`, `quarantined`, or another of a later version.
    public var outcome: String
    /// The content's digest, to see what is equal; nil where none was kept.
    public var digest: String?
    /// Whether it is in force now.
    public var isInForce: Bool
    /// What was wrong.
    public var errors: [ConfigDiagnostic.Document]

    /// Creates one.
    public init(
      at: Int64, config: String, generation: UInt64, outcome: String,
      digest: String? = nil, isInForce: Bool = false, errors: [ConfigDiagnostic.Document] = []
    ) {
      self.at = at
      self.config = config
      self.generation = generation
      self.outcome = outcome
      self.digest = digest
      self.isInForce = isInForce
      self.errors = errors
    }
  }

  /// The entries, the newest first.
  public var entries: [Entry]

  /// Creates one.
  public init(entries: [Entry]) { self.entries = entries }
}

/// What differs between two generations of a config.
public struct ControlDiff: Sendable, Hashable, Codable {
  /// One value that differs.
  public struct Difference: Sendable, Hashable, Codable {
    /// Where it is, such as `server.port`.
    public var keyPath: String
    /// The value before; nil if there was none.
    public var old: ConfigTree?
    /// The value now; nil if there is none any more.
    public var new: ConfigTree?

    /// What a difference says.
    public init(_ difference: ConfigDifference) {
      keyPath = difference.keyPath.description
      old = difference.old
      new = difference.new
    }
  }

  /// The config's name.
  public var config: String
  /// The older generation.
  public var from: UInt64
  /// The newer generation.
  public var to: UInt64
  /// What differs, in the newer one's order.
  public var differences: [Difference]

  /// Creates one.
  public init(config: String, from: UInt64, to: UInt64, differences: [Difference]) {
    self.config = config
    self.from = from
    self.to = to
    self.differences = differences
  }
}

/// What is on disk, checked as an application would, without applying it.
public struct ControlCheck: Sendable, Hashable, Codable {
  /// One config.
  public struct Config: Sendable, Hashable, Codable {
    /// Its name.
    public var name: String
    /// What is wrong; empty if it is good.
    public var errors: [ConfigDiagnostic.Document]

    /// Creates one.
    public init(name: String, errors: [ConfigDiagnostic.Document]) {
      self.name = name
      self.errors = errors
    }
  }

  /// The configs, sorted by name.
  public var configs: [Config]
  /// Whether all are good.
  public var isGood: Bool { configs.allSatisfy(\.errors.isEmpty) }

  /// Creates one.
  public init(configs: [Config]) { self.configs = configs }
}
