import Synchronization
public import SystemPackage

/// Watches a folder tree and reports, per subscription, which files changed.
///
/// Events of the kernel are only hints: every change that is reported was found by comparing the file
/// system with the watcher's last snapshot of it. One watcher has one reader thread and, on Linux, one
/// inotify descriptor, however many subscriptions it serves.
public final class FileWatcher: Sendable {
  /// Starts to watch and returns when every folder that was asked for is watched and every file in it known.
  ///
  /// The root need not exist: it is waited for.
  ///
  /// - Parameters:
  ///   - root: the folder that all paths are relative to; made absolute.
  ///   - subscriptions: who wants to know what; 1 to ``maximumSubscriptions``.
  ///   - options: how to watch.
  /// - Throws: ``FileWatcherError`` if a glob is malformed, a demanded path leaves the root, or the kernel
  ///   has no inotify instance left.
  public static func start(
    root: FilePath, subscriptions: [Subscription], options: Options = Options()
  ) async throws -> FileWatcher {
    throw FileWatcherError.stopped
  }

  /// How many subscriptions a watcher can serve.
  public static let maximumSubscriptions = 8

  /// The change sets of the subscription at `index` (in the order given to `start`). One consumer: a second
  /// iterator takes sets away from the first. Ends when the watcher stops.
  public func changeSets(of index: Int = 0) -> ChangeSets {
    ChangeSets()
  }

  /// Watches more paths for the subscription at `index`, whatever its globs say, whether they exist or not.
  /// Returns when they are watched. What exists by then is not reported.
  public func demand(_ paths: [FilePath], for index: Int = 0) async throws {}

  /// Compares everything that is not yet compared and delivers what was found, without waiting for quiet.
  ///
  /// Every change that the file system made before the call has been delivered when this returns: to the
  /// observer, and into the buffer of ``changeSets(of:)``.
  /// - Returns: the last set's number of each subscription, and which paths a writer still has open.
  @discardableResult
  public func sync() async throws -> SyncReport {
    throw FileWatcherError.stopped
  }

  /// What is watched at this moment.
  public func status() async throws -> Status {
    throw FileWatcherError.stopped
  }

  /// Ends the reader thread and all sequences; returns when the thread has ended. Further calls do nothing.
  public func stop() async {}
}

extension FileWatcher {
  /// What one consumer wants to hear of.
  public struct Subscription: Sendable {
    /// Globs of the logical paths to report. A pattern without wildcards is a demanded path too.
    public var include: [String]
    /// Globs of what not to report; an excluded folder excludes all below it.
    public var exclude: [String]
    /// Files to watch whatever the globs say, whether they exist or not, relative to the root.
    public var demanded: [FilePath]
    /// How long nothing must have happened before a set goes out. 0: at once. Default 20 ms.
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
    /// Folders that are polled because they could not be watched, and why.
    public var degraded: [FilePath: WatchFailure]
  }
}

/// Why a watcher could not start or answer.
public enum FileWatcherError: Error, Sendable, Hashable {
  /// The watcher was stopped.
  case stopped
  /// A glob is malformed; the text says where.
  case badPattern(String)
  /// A demanded path is absolute or leaves the root.
  case outsideRoot(FilePath)
  /// The kernel refused; the text says what and what to do.
  case system(WatchFailure)
}

/// The change sets of one subscription, as a sequence that never fails and ends when the watcher stops.
public struct ChangeSets: AsyncSequence, Sendable {
  /// Iterates over change sets.
  public struct AsyncIterator: AsyncIteratorProtocol {
    /// The next set; waits for it. Nil when the watcher has stopped or the task was cancelled.
    public mutating func next() async -> ChangeSet? { nil }
    /// The same, on the given actor.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws(Never)
      -> ChangeSet?
    { nil }
  }

  /// Starts to iterate.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator() }
}
