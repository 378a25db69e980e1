import FileWatching
import WorkspaceTools

extension HotReloadStatus.Document {
  /// One config or file group.
  public struct Unit: Sendable, Hashable, Codable {
    /// `config app` or `file group tls`.
    public var unit: String
    /// Whether what is on disk is in force.
    public var state: HotReloadStatus.UnitStatus.State
    /// The generation that brought what is in force.
    public var generation: UInt64?
    /// When it came into force.
    public var inForceSince: Int64?
    /// Since when what is on disk is not in force.
    public var rejectedSince: Int64?
    /// Why it is not.
    public var errors: [ConfigDiagnostic.Document]
    /// How many contents of it are in quarantine.
    public var quarantined: Int

    init(_ status: HotReloadStatus.UnitStatus) {
      unit = status.unit.description
      state = status.state
      generation = status.generation
      inForceSince = status.inForceSince
      rejectedSince = status.rejectedSince
      errors = status.errors.map { ConfigDiagnostic.Document($0) }
      quarantined = status.quarantined
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

    init(_ status: HandlerStatus) {
      pattern = status.pattern
      waiting = status.waiting
      handled = status.handled
      failed = status.failed
      dropped = status.dropped
    }
  }

  /// A folder that is polled, or not seen.
  public struct DegradedFolder: Sendable, Hashable, Codable {
    /// The folder, relative to the root.
    public var path: String
    /// Why.
    public var reason: String
  }

  /// What is watched.
  public struct Watch: Sendable, Hashable, Codable {
    /// `inotify` or `polling`.
    public var backend: String
    /// Folders that are known.
    public var directories: Int
    /// Files that are known.
    public var files: Int
    /// Watches held in the kernel.
    public var watches: Int

    init(_ status: FileWatcher.Status) {
      backend = status.backend
      directories = status.directories
      files = status.files
      watches = status.watches
    }
  }
}
