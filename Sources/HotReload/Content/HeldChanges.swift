import Synchronization
public import SystemPackage

/// The workspace's own files that changed while something else is in force.
final class HeldChanges: Sendable {
  /// So many paths are named at most.
  static let maximumPaths = 10_000

  private struct State {
    var count: UInt64 = 0
    var paths: Set<FilePath> = []
    /// Those that are being loaded, so that they may not be held any more afterwards.
    var loading: Set<FilePath> = []
    var last: UInt64 = 0
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    var isFinished = false
  }

  private let state = Mutex(State())

  func add(_ paths: [FilePath]) {
    wake { state in
      state.count += 1
      for path in paths where state.paths.count < Self.maximumPaths { state.paths.insert(path) }
    }
  }

  /// The workspace's own files are read from now on, to be put in force.
  func beginLoading() {
    state.withLock { state in
      state.loading.formUnion(state.paths)
      state.paths = []
    }
  }

  /// What was read is in force, or is not. What changed after it was read is held in either case.
  func endLoading(isInForce: Bool) {
    state.withLock { state in
      if !isInForce { state.paths.formUnion(state.loading) }
      state.loading = []
    }
  }

  func finish() { wake { $0.isFinished = true } }

  private func wake(_ change: (inout State) -> Void) {
    let waiters = state.withLock { state in
      change(&state)
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }

  /// What has changed, once there is more than at that count; nil at the end and when the task is cancelled.
  func next(after count: UInt64) async -> (count: UInt64, paths: [FilePath])? {
    while !Task.isCancelled {
      let now = state.withLock { ($0.count, $0.isFinished, $0.paths.union($0.loading)) }
      if now.0 > count { return (now.0, now.2.sorted { $0.string < $1.string }) }
      if now.1 { return nil }
      await wait(after: count)
    }
    return nil
  }

  private func wait(after count: UInt64) async {
    let id = state.withLock { state in
      state.last += 1
      return state.last
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        let isOver = state.withLock { state in
          if state.count > count || state.isFinished || Task.isCancelled { return true }
          state.waiters[id] = waiter
          return false
        }
        if isOver { waiter.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
    }
  }
}

/// The workspace's own files that have changed and were not put in force since: an `AsyncSequence` with an
/// element each time that more have, for a slow consumer the newest only. It ends with the manager and with the task.
public struct HeldChangeSequence: AsyncSequence, Sendable {
  /// Nothing can go wrong.
  public typealias Failure = Never

  let held: HeldChanges?

  /// Starts with what has changed by now.
  public func makeAsyncIterator() -> Iterator { Iterator(held: held) }

  /// One that listens.
  public struct Iterator: AsyncIteratorProtocol {
    let held: HeldChanges?
    private var count: UInt64 = 0

    init(held: HeldChanges?) {
      self.held = held
    }

    /// The paths relative to the root, sorted, up to 10,000; nil at the end.
    public mutating func next() async -> [FilePath]? {
      guard let next = await held?.next(after: count) else { return nil }
      count = next.count
      return next.paths
    }
  }
}
