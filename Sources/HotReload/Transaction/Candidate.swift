public import FileWatching
public import SystemPackage

/// Something that may change what is in force: what to look at, and why.
///
/// The watcher, a call of `reload()` and everything that is to come later (restore, remote sources, the fleet)
/// are producers of candidates; none of them has a way of its own into the state.
public struct Candidate: Sendable {
  /// Who made a candidate.
  public enum Producer: Sendable, Hashable, CustomStringConvertible {
    /// The first load, when a manager starts.
    case start
    /// Files changed on disk.
    case watcher
    /// Somebody asked for a reload.
    case reload
    /// A stream was asked for whose config was not loaded yet.
    case registration
    /// An earlier content was written back to disk.
    case restore
    /// What is in force is not healthy.
    case verify
    /// Another producer, by its name.
    case other(String)

    /// The producer's name.
    public var description: String {
      switch self {
      case .start: "start"
      case .watcher: "watcher"
      case .reload: "reload"
      case .registration: "registration"
      case .restore: "restore"
      case .verify: "verify"
      case .other(let name): name
      }
    }
  }

  /// What to load.
  public enum Scope: Sendable, Hashable {
    /// These units, and those that the changes concern.
    case units(Set<UnitID>)
    /// Every config there is.
    case everything
  }

  /// Where a candidate's files lie.
  public enum Content: Sendable, Hashable {
    /// Wherever what is in force comes from.
    case current
    /// The workspace's own files.
    case workspace
    /// A folder that is laid out as a workspace, by its absolute path; only in a manager that is
    /// ``HotReloadConfiguration/ContentMode/managed(initial:)``. A file group of which nothing is there is read from the workspace.
    case folder(FilePath)
  }

  /// Who made it.
  public var producer: Producer
  /// What to load.
  public var scope: Scope
  /// Which files changed. They are classified into units.
  public var changes: [FileChange]
  /// What happened to the watching itself.
  public var notices: [WatchNotice]
  /// Where its files lie. From elsewhere than ``Content/current`` all is loaded, whatever ``scope`` is, and takes the
  /// place of what is in force whole or not at all: a config that is not there goes, and if anybody uses it, all is
  /// refused. Of candidates that are merged the last one counts that says something else than ``Content/current``.
  public var content: Content

  /// Creates a candidate.
  public init(
    producer: Producer, scope: Scope = .units([]), changes: [FileChange] = [],
    notices: [WatchNotice] = [], content: Content = .current
  ) {
    self.producer = producer
    self.scope = scope
    self.changes = changes
    self.notices = notices
    self.content = content
  }

  /// A candidate that loads every config.
  public static func everything(
    by producer: Producer, from content: Content = .current
  ) -> Candidate {
    Candidate(producer: producer, scope: .everything, content: content)
  }
}
