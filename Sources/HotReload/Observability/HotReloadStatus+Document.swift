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
    public var errors: [Problem]
    /// How many contents of it are in quarantine.
    public var quarantined: Int

    init(_ status: HotReloadStatus.UnitStatus) {
      unit = status.unit.description
      state = status.state
      generation = status.generation
      inForceSince = status.inForceSince
      rejectedSince = status.rejectedSince
      errors = status.errors.map { Problem($0) }
      quarantined = status.quarantined
    }
  }

  /// What is wrong, and where.
  public struct Problem: Sendable, Hashable, Codable {
    /// The file, relative to the root, or another source; nil if a program made the value.
    public var file: String?
    /// From 1; nil for a source without lines.
    public var line: Int?
    /// From 1; nil for a source without lines.
    public var column: Int?
    /// The key path that is concerned; nil for the whole document.
    public var keyPath: String?
    /// What is wrong.
    public var message: String

    init(_ diagnostic: ConfigDiagnostic) {
      file = diagnostic.location?.file
      if let location = diagnostic.location, location.line > 0 {
        (line, column) = (location.line, location.column)
      }
      keyPath = diagnostic.keyPath.isEmpty ? nil : diagnostic.keyPath
      message = diagnostic.message
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
    public var folders: Int
    /// Files that are known.
    public var files: Int
    /// Watches held in the kernel.
    public var watches: Int

    init(_ status: FileWatcher.Status) {
      backend = status.backend
      folders = status.directories
      files = status.files
      watches = status.watches
    }
  }

  /// What a transaction did.
  public struct Report: Sendable, Hashable, Codable {
    /// What became of one unit.
    public struct Unit: Sendable, Hashable, Codable {
      /// `config app`, `file group tls`.
      public var unit: String
      /// By ``ReloadOutcome/Kind``.
      public var outcome: String
      /// Whether other content than before is in force.
      public var isChanged: Bool
      /// What is wrong, if it was not accepted.
      public var errors: [Problem]
    }

    /// How long a phase took.
    public struct Phase: Sendable, Hashable, Codable {
      /// The phase's name.
      public var phase: String
      /// Nanoseconds.
      public var duration: Int64
    }

    /// Who asked for it.
    public var producers: [String]
    /// The generation that was in force when it ended.
    public var generation: UInt64
    /// Whether nothing was rejected.
    public var isAccepted: Bool
    /// Nanoseconds.
    public var duration: Int64
    /// What became of each unit.
    public var units: [Unit]
    /// The phases that it went through, in order.
    public var phases: [Phase]

    init(_ report: ReloadReport) {
      producers = report.producers.map(\.description)
      generation = report.generation
      isAccepted = report.isAccepted
      duration = report.duration.clampedNanoseconds
      units = report.units.map { unit in
        Unit(
          unit: unit.unit.description, outcome: unit.outcome.kind.rawValue,
          isChanged: unit.isChanged, errors: unit.outcome.diagnostics.map { Problem($0) })
      }
      phases = report.phases.map { phase in
        Phase(phase: phase.phase.rawValue, duration: phase.duration.clampedNanoseconds)
      }
    }
  }
}
