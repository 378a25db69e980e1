public import FileWatching
public import SystemPackage

/// Where a manager learns from that files changed. ``FileWatcher`` is one; tests use a scripted one.
public protocol ChangeSource: Sendable {
  /// Watches more paths for the subscription at `index`, whatever its globs say. Returns when they are watched.
  func demand(_ paths: [FilePath], for index: Int) async throws
  /// Delivers every change that was made before the call to the observers, and returns the files that a writer
  /// still has open, which are not delivered yet.
  func deliverEverything() async throws -> [FilePath]
  /// What is watched; nil if it does not know.
  func watchStatus() async throws -> FileWatcher.Status?
  /// Ends the watching. No observer is called any more when it returns.
  func stop() async
}

extension FileWatcher: ChangeSource {
  /// See ``FileWatcher/sync()``.
  public func deliverEverything() async throws -> [FilePath] {
    try await sync().pending
  }

  /// See ``FileWatcher/status()``.
  public func watchStatus() async throws -> FileWatcher.Status? {
    try await status()
  }
}

/// Makes the change source of a manager.
public struct ChangeSourceFactory: Sendable {
  /// Starts to watch below a root for these subscriptions. Each subscription's observer is called with its changes,
  /// one call at a time.
  public typealias Start =
    @Sendable (
      _ root: FilePath, _ subscriptions: [FileWatcher.Subscription], _ options: FileWatcher.Options
    ) async throws -> any ChangeSource

  let start: Start

  /// A factory that starts sources this way.
  public init(start: @escaping Start) {
    self.start = start
  }

  /// Watches the file system.
  public static let fileWatcher = ChangeSourceFactory { root, subscriptions, options in
    try await FileWatcher.start(root: root, subscriptions: subscriptions, options: options)
  }
}
