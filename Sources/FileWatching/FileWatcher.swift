import Synchronization
public import SystemPackage
import WorkspaceFiles

/// Watches a folder tree and reports, per subscription, which files changed.
///
/// Events of the kernel are only hints: every change that is reported was found by comparing the file
/// system with the watcher's last snapshot of it. One watcher has one reader thread and, on Linux, one
/// inotify descriptor, however many subscriptions it serves.
///
/// A watcher runs until ``stop()`` is called.
public final class FileWatcher: Sendable {
  /// How many subscriptions a watcher can serve.
  public static let maximumSubscriptions = 8

  private let thread: ReaderThread
  private let mailboxes: [ChangeMailbox]
  private let ended: EndSignal

  private init(thread: ReaderThread, mailboxes: [ChangeMailbox], ended: EndSignal) {
    self.thread = thread
    self.mailboxes = mailboxes
    self.ended = ended
  }

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
  ) async throws(FileWatcherError) -> FileWatcher {
    guard (1...maximumSubscriptions).contains(subscriptions.count) else {
      throw .badSubscriptions(
        "a watcher serves 1 to \(maximumSubscriptions) subscriptions, not \(subscriptions.count)")
    }
    let mailboxes = subscriptions.map { _ in ChangeMailbox(maxChanges: options.maxChanges) }
    let ended = EndSignal()
    let thread = try makeThread(
      root: root, subscriptions: subscriptions, options: options, mailboxes: mailboxes, ended: ended
    )
    do {
      try thread.start()
    } catch {
      throw .system(.noInstance(errorNumber: error.errorNumber))
    }
    let watcher = FileWatcher(thread: thread, mailboxes: mailboxes, ended: ended)
    // The thread crawls before it takes commands, so an answer means that everything is known.
    _ = try await watcher.status()
    return watcher
  }

  private static func makeThread(
    root: FilePath, subscriptions: [Subscription], options: Options, mailboxes: [ChangeMailbox],
    ended: EndSignal
  ) throws(FileWatcherError) -> ReaderThread {
    var subscribers: [WatchEngine.Subscriber] = []
    var demands: [[[[UInt8]]]] = []
    for (subscription, mailbox) in zip(subscriptions, mailboxes) {
      subscribers.append(try subscription.subscriber(mailbox: mailbox, options: options))
      demands.append(try subscription.demanded.map(components(ofDemanded:)))
    }
    let rootPath = absoluteBytes(of: root)
    do {
      let hints =
        options.backend == .polling
        ? nil : try FileSystem.makeHintQueue(watchLimit: options.watchLimit ?? .max)
      let engine = WatchEngine(
        rootPath: rootPath, source: hints, subscribers: subscribers,
        pollInterval: options.pollInterval.clampedNanoseconds,
        reconcileInterval: options.reconcileInterval.clampedNanoseconds,
        // A limit for tests is counted by one thread.
        crawlThreads: options.watchLimit == nil
          ? min(FileSystem.processorCount - 1, CrawlPool.maximumThreads) : 0,
        wallClock: FileSystem.wallClockNanoseconds)
      for (index, paths) in demands.enumerated() {
        for path in paths { engine.addDemand(path, for: index) }
      }
      return try ReaderThread(engine: engine, hints: hints) {
        for mailbox in mailboxes { mailbox.finish() }
        ended.signal()
      }
    } catch {
      throw .system(.noInstance(errorNumber: error.errorNumber))
    }
  }

  /// The change sets of the subscription at `index`, in the order given to `start`. Sets that come before the
  /// first call are kept if the subscription has no observer. Ends when the watcher stops.
  ///
  /// One consumer: a second iterator takes sets away from the first.
  public func changeSets(of index: Int = 0) -> ChangeSets {
    let mailbox = mailboxes.indices.contains(index) ? mailboxes[index] : ChangeMailbox.finished
    mailbox.open()
    return ChangeSets(mailbox: mailbox)
  }

  /// Watches more files for the subscription at `index`, whatever its globs say, whether they exist or not.
  /// Returns when they are watched. What exists by then is not reported.
  ///
  /// - Throws: ``FileWatcherError/outsideRoot(_:)``, ``FileWatcherError/stopped``.
  public func demand(_ paths: [FilePath], for index: Int = 0) async throws(FileWatcherError) {
    let paths = try paths.map(Self.components(ofDemanded:))
    guard mailboxes.indices.contains(index) else {
      throw .badSubscriptions("there is no subscription \(index)")
    }
    try await ask { engine in
      let now = FileSystem.monotonicNanoseconds()
      for path in paths { engine.demand(path, for: index, at: now) }
    }
  }

  /// Compares everything that is not yet compared and delivers what was found, without waiting for quiet.
  ///
  /// Every change that the file system made before the call has been delivered when this returns: to the
  /// observer, and into the buffer of ``changeSets(of:)``. Polled folders are scanned once.
  /// - Returns: the last set's number of each subscription, and which paths a writer still has open.
  /// - Throws: ``FileWatcherError/stopped``.
  @discardableResult
  public func sync() async throws(FileWatcherError) -> SyncReport {
    try await ask { $0.sync(at: FileSystem.monotonicNanoseconds()) }
  }

  /// What is watched at this moment.
  /// - Throws: ``FileWatcherError/stopped``.
  public func status() async throws(FileWatcherError) -> Status {
    try await ask { $0.status() }
  }

  /// Ends the reader thread and all sequences; returns when the thread has ended. Further calls do nothing.
  public func stop() async {
    thread.stop()
    await ended.wait()
  }

  private func ask<R: Sendable>(
    _ question: @escaping @Sendable (WatchEngine) -> R
  ) async throws(FileWatcherError) -> R {
    let answer: R? = await withCheckedContinuation { continuation in
      thread.perform { engine in continuation.resume(returning: engine.map(question)) }
    }
    guard let answer else { throw .stopped }
    return answer
  }

  private static func components(ofDemanded path: FilePath) throws(FileWatcherError) -> [[UInt8]] {
    let isInside =
      path.isRelative && !path.components.contains { $0.kind == .parentDirectory }
      && path.components.contains { $0.kind == .regular }
    guard isInside else { throw .outsideRoot(path) }
    return path.relativeComponents
  }

  private static func absoluteBytes(of path: FilePath) -> [UInt8] {
    var absolute = path
    if path.isRelative { absolute = FileSystem.workingDirectory().pushing(path) }
    let bytes = absolute.lexicallyNormalized().withPlatformString { start in
      var bytes: [UInt8] = []
      var at = start
      while at.pointee != 0 {
        bytes.append(UInt8(bitPattern: at.pointee))
        at += 1
      }
      return bytes
    }
    return bytes
  }
}

/// Why a watcher could not start or answer.
public enum FileWatcherError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The watcher was stopped.
  case stopped
  /// A glob is malformed.
  case badPattern(GlobError)
  /// Too many or no subscriptions; the text says how many there may be.
  case badSubscriptions(String)
  /// A demanded path is absolute, empty or leaves the root.
  case outsideRoot(FilePath)
  /// The kernel refused; the failure says what and what to do.
  case system(WatchFailure)

  /// A sentence for a person.
  public var description: String {
    switch self {
    case .stopped: "the watcher was stopped"
    case .badPattern(let error): error.description
    case .badSubscriptions(let text): text
    case .outsideRoot(let path):
      "'\(path)' cannot be watched: it must be a path relative to the root that does not leave it"
    case .system(let failure): failure.description
    }
  }
}
