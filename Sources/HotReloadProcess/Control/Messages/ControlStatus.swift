/// How an instance is doing.
public struct ControlStatus: Sendable, Hashable, Codable {
  /// One config.
  public struct Config: Sendable, Hashable, Codable {
    /// Its name.
    public var name: String
    /// Whether what is on disk is in force.
    public var state: State
    /// The generation that brought what is in force; nil if nothing is.
    public var generation: UInt64?
    /// When it came into this state, in nanoseconds since 1970. For a state that is older than the control server: when
    /// that began to look.
    public var since: Int64
    /// What is wrong with what is on disk.
    public var errors: [ControlDiagnostic]

    /// Whether what is on disk is in force.
    public enum State: String, Sendable, Hashable, Codable {
      /// It is.
      case inForce
      /// It is not, and something older is.
      case rejected
      /// It is not, and nothing is.
      case missing
    }

    /// Creates one.
    public init(
      name: String, state: State, generation: UInt64?, since: Int64, errors: [ControlDiagnostic]
    ) {
      self.name = name
      self.state = state
      self.generation = generation
      self.since = since
      self.errors = errors
    }
  }

  /// One handler.
  public struct Handler: Sendable, Hashable, Codable {
    /// The pattern it was registered with.
    public var pattern: String
    /// Events that wait for it.
    public var waiting: Int
    /// Events that it has handled, failed ones included.
    public var handled: Int
    /// Events for which it threw.
    public var failed: Int
    /// Events that were dropped because it was too slow.
    public var dropped: Int

    /// Creates one.
    public init(pattern: String, waiting: Int, handled: Int, failed: Int, dropped: Int) {
      self.pattern = pattern
      self.waiting = waiting
      self.handled = handled
      self.failed = failed
      self.dropped = dropped
    }
  }

  /// How the files are watched.
  public struct Watching: Sendable, Hashable, Codable {
    /// A folder that is polled, or not seen.
    public struct Degraded: Sendable, Hashable, Codable {
      /// The folder.
      public var path: String
      /// Why.
      public var reason: String

      /// Creates one.
      public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
      }
    }

    /// `inotify` or `polling`.
    public var backend: String
    /// Folders that are known.
    public var directories: Int
    /// Files that are known.
    public var files: Int
    /// Folders that are not watched as they should be.
    public var degraded: [Degraded]

    /// Creates one.
    public init(backend: String, directories: Int, files: Int, degraded: [Degraded]) {
      self.backend = backend
      self.directories = directories
      self.files = files
      self.degraded = degraded
    }
  }

  /// The process and its workspace.
  public var instance: ControlInstance
  /// `healthy` or `degraded`.
  public var health: Health
  /// Why it is degraded, one sentence for each thing.
  public var reasons: [String]
  /// Whether it was not shut down.
  public var isRunning: Bool
  /// Whether changes wait for `resume`.
  public var isPaused: Bool
  /// The generation in force.
  public var generation: UInt64
  /// The configs, sorted by name.
  public var configs: [Config]
  /// How many config and type pairs are watched by streams.
  public var streams: Int
  /// The handlers.
  public var handlers: [Handler]
  /// How the files are watched; nil if that is not known.
  public var watching: Watching?
  /// What the last transaction that loaded anything did.
  public var lastReport: ControlReport?

  /// Whether everything is as it should be.
  public enum Health: String, Sendable, Hashable, Codable {
    /// What is on disk is in force, and everything is watched.
    case healthy
    /// It goes on, but not everything is well.
    case degraded
  }

  /// Creates one.
  public init(
    instance: ControlInstance, health: Health, reasons: [String], isRunning: Bool, isPaused: Bool,
    generation: UInt64, configs: [Config], streams: Int, handlers: [Handler], watching: Watching?,
    lastReport: ControlReport?
  ) {
    self.instance = instance
    self.health = health
    self.reasons = reasons
    self.isRunning = isRunning
    self.isPaused = isPaused
    self.generation = generation
    self.configs = configs
    self.streams = streams
    self.handlers = handlers
    self.watching = watching
    self.lastReport = lastReport
  }
}

/// Which process answers.
public struct ControlInstance: Sendable, Hashable, Codable {
  /// Its name: that of its folder below `data/hotreload`.
  public var name: String
  /// The process's number.
  public var pid: Int32
  /// When it began to be reachable, in nanoseconds since 1970.
  public var startedAt: Int64
  /// How long it has been reachable, in nanoseconds; it does not jump with the wall clock.
  public var uptime: Int64
  /// The workspace's root.
  public var root: String
  /// The workspace's environment, such as `production`.
  public var environment: String

  /// Creates one.
  public init(
    name: String, pid: Int32, startedAt: Int64, uptime: Int64, root: String, environment: String
  ) {
    self.name = name
    self.pid = pid
    self.startedAt = startedAt
    self.uptime = uptime
    self.root = root
    self.environment = environment
  }
}
