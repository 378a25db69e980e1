public import SystemPackage
import WorkspaceFiles

extension FileWatcher {
  /// What one consumer wants to hear of.
  public struct Subscription: Sendable {
    /// Globs of the logical paths to report. A pattern without wildcards is a demanded path too.
    public var include: [String]
    /// Globs of what not to report; an excluded folder excludes all below it.
    public var exclude: [String]
    /// Files to watch whatever the globs say, whether they exist or not, relative to the root.
    public var demanded: [FilePath]
    /// How long nothing must have happened before a set goes out. 0: closed files go at once, whatever else is
    /// still being written. Default 20 ms.
    public var quietPeriod: Duration
    /// How long a writer that has a file open is waited for after its last write. Default 500 ms.
    public var debounce: Duration
    /// After this long the files that are closed go out even if others still change. Default 2 s.
    public var maxWait: Duration
    /// Called with each set on the watcher's own thread, before ``FileWatcher/changeSets(of:)`` gets it. It
    /// holds up everything behind it, so it must be quick and must not wait.
    public var observer: (@Sendable (ChangeSet) -> Void)?

    /// Creates a subscription.
    public init(
      include: [String] = ["**"], exclude: [String] = [], demanded: [FilePath] = [],
      quietPeriod: Duration = .milliseconds(20), debounce: Duration = .milliseconds(500),
      maxWait: Duration = .seconds(2), observer: (@Sendable (ChangeSet) -> Void)? = nil
    ) {
      self.include = include
      self.exclude = exclude
      self.demanded = demanded
      self.quietPeriod = quietPeriod
      self.debounce = debounce
      self.maxWait = maxWait
      self.observer = observer
    }

    func subscriber(
      mailbox: ChangeMailbox, options: Options
    ) throws(FileWatcherError) -> WatchEngine.Subscriber {
      let filter: PathFilter
      do {
        filter = try PathFilter(include: include, exclude: exclude)
      } catch {
        throw .badPattern(error)
      }
      if observer == nil { mailbox.open() }
      let observer = self.observer
      return WatchEngine.Subscriber(
        filter: filter,
        settler: Settler(quietPeriod: quietPeriod, debounce: debounce, maxWait: maxWait),
        maxChanges: options.maxChanges,
        deliver: { set in
          observer?(set)
          mailbox.deliver(set)
        })
    }
  }

  /// How to watch.
  public struct Options: Sendable {
    /// Where hints come from.
    public enum Backend: Sendable, Hashable {
      /// inotify where the kernel has it; polling as well on network and FUSE file systems.
      case automatic
      /// Polling only, everywhere.
      case polling
    }

    /// Where hints come from.
    public var backend: Backend
    /// Time between two scans of what is polled. Default 1 s.
    public var pollInterval: Duration
    /// Time between two comparisons of the demanded files, which find what the kernel does not tell. Default 5 s.
    public var reconcileInterval: Duration
    /// A set with more changes than this becomes one `subtreeChanged`. Default 200,000.
    public var maxChanges: Int
    /// How many watches the kernel seems to allow: tests force what happens at the limit, which is global.
    package var watchLimit: Int?

    /// Creates options.
    public init(
      backend: Backend = .automatic, pollInterval: Duration = .seconds(1),
      reconcileInterval: Duration = .seconds(5), maxChanges: Int = 200_000
    ) {
      self.backend = backend
      self.pollInterval = pollInterval
      self.reconcileInterval = reconcileInterval
      self.maxChanges = maxChanges
    }
  }

  /// What a ``FileWatcher/sync()`` found.
  public struct SyncReport: Sendable, Hashable {
    /// The number of the last set delivered to each subscription; 0 if there was none.
    public var lastSets: [UInt64]
    /// Files that a writer still has open, or that just became empty, so that they were not delivered.
    public var pending: [FilePath]
  }

  /// What is watched.
  public struct Status: Sendable, Hashable {
    /// `inotify` or `polling`.
    public var backend: String
    /// Folders that are known.
    public var directories: Int
    /// Files that are known.
    public var files: Int
    /// Watches held in the kernel.
    public var watches: Int
    /// Folders that are polled because they could not be watched, or not known because they cannot be read.
    public var degraded: [FilePath: WatchFailure]
  }
}
