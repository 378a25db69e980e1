public import FileWatching
public import HotReload
import Synchronization
public import SystemPackage

/// A source of changes that says what a test tells it to say, when the test tells it.
///
/// ```swift
/// let source = ScriptedChangeSource()
/// let manager = try await workspace.startHotReload(changes: source.factory)
/// source.deliver([FileChange(path: "config/app.toml", kind: .modified)])
/// ```
public final class ScriptedChangeSource: ChangeSource {
  private struct State {
    var subscriptions: [FileWatcher.Subscription] = []
    var demanded: [FilePath] = []
    var numbers: [UInt64] = []
    var held: [(changes: [FileChange], notices: [WatchNotice], index: Int)] = []
    var pending: [FilePath] = []
    var starts = 0
    var isStopped = false
  }

  private let state = Mutex(State())

  /// A source that has not started.
  public init() {}

  /// Gives this source to a manager.
  public var factory: ChangeSourceFactory {
    ChangeSourceFactory { _, subscriptions, _ in
      self.state.withLock { state in
        state.subscriptions = subscriptions
        state.numbers = subscriptions.map { _ in 0 }
        state.starts += 1
        state.isStopped = false
      }
      return self
    }
  }

  /// What the manager asked for.
  public var subscriptions: [FileWatcher.Subscription] { state.withLock { $0.subscriptions } }
  /// The files that were demanded, in order.
  public var demanded: [FilePath] { state.withLock { $0.demanded } }
  /// How often a manager started it.
  public var starts: Int { state.withLock { $0.starts } }
  /// Whether it was stopped.
  public var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Delivers changes as one set, as the watcher's thread would. Returns when the observer has.
  public func deliver(
    _ changes: [FileChange], notices: [WatchNotice] = [], to index: Int = 0
  ) {
    let (observer, number) = state.withLock {
      state -> ((@Sendable (ChangeSet) -> Void)?, UInt64) in
      guard !state.isStopped, state.subscriptions.indices.contains(index) else { return (nil, 0) }
      state.numbers[index] += 1
      return (state.subscriptions[index].observer, state.numbers[index])
    }
    observer?(ChangeSet(number: number, changes: changes, notices: notices))
  }

  /// Delivers that these files were modified.
  public func deliver(modified paths: FilePath..., to index: Int = 0) {
    deliver(paths.map { FileChange(path: $0, kind: .modified) }, to: index)
  }

  /// Keeps changes until the next ``deliverEverything()``, as a watcher does that waits for quiet.
  public func hold(_ changes: [FileChange], notices: [WatchNotice] = [], for index: Int = 0) {
    state.withLock { $0.held.append((changes, notices, index)) }
  }

  /// What ``deliverEverything()`` is to say is still open.
  public func setPending(_ paths: [FilePath]) {
    state.withLock { $0.pending = paths }
  }

  /// Records the paths.
  public func demand(_ paths: [FilePath], for index: Int) async throws {
    try state.withLock { state in
      guard !state.isStopped else { throw FileWatcherError.stopped }
      state.demanded += paths
    }
  }

  /// Delivers what is held.
  public func deliverEverything() async throws -> [FilePath] {
    let (held, pending) = try state.withLock { state in
      guard !state.isStopped else { throw FileWatcherError.stopped }
      defer { state.held = [] }
      return (state.held, state.pending)
    }
    for set in held { deliver(set.changes, notices: set.notices, to: set.index) }
    return pending
  }

  /// It does not know.
  public func watchStatus() async throws -> FileWatcher.Status? { nil }

  /// Calls no observer any more.
  public func stop() async {
    state.withLock { $0.isStopped = true }
  }
}
