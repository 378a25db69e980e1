import Synchronization

/// What becomes of the program behind a proxy.
public enum BuildState: Sendable, Hashable {
  /// It is as its sources are, as far as anybody knows.
  case idle
  /// It is being built. The one that still runs is made from older sources.
  case building(since: ContinuousClock.Instant)
  /// The build failed, and printed this. The program that was built last still runs, if there was one.
  case failed(output: String)
}

/// Tells a proxy what becomes of the program behind it.
///
/// Whoever builds and runs the program sets the state, or lets the monitor follow a sequence of states. It should say `building` until
/// the new program was started, and not only until it is built: else the old one, which is about to end, gets the requests
/// that waited. All functions may be called from any thread.
public final class BuildMonitor: Sendable {
  private struct Watch {
    var state: BuildState
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    var nextWaiter: UInt64 = 0
  }

  private let watch: Mutex<Watch>
  private let onChange: @Sendable (BuildState) -> Void

  /// Creates a monitor.
  /// - Parameters:
  ///   - state: the state until another is set.
  ///   - onChange: is told each new state, in order, on the thread that sets it; it must not set one.
  public init(
    _ state: BuildState = .idle, onChange: @escaping @Sendable (BuildState) -> Void = { _ in }
  ) {
    watch = Mutex(Watch(state: state))
    self.onChange = onChange
  }

  /// The state now.
  public var state: BuildState { watch.withLock { $0.state } }

  /// How many requests wait for the end of a build.
  var waiterCount: Int { watch.withLock { $0.waiters.count } }

  /// Sets the state.
  public func update(_ state: BuildState) {
    let waiters = watch.withLock { watch in
      let isNew = watch.state != state
      watch.state = state
      if isNew { onChange(state) }
      if case .building = state { return [CheckedContinuation<Void, Never>]() }
      defer { watch.waiters = [:] }
      return Array(watch.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Takes on each state of the sequence, until that ends or the task is cancelled.
  public func follow<States: AsyncSequence>(_ states: States) async
  where States.Element == BuildState, States.Failure == Never {
    for await state in states { update(state) }
  }

  /// Returns when nothing is being built, or after so long, or when the task is cancelled.
  /// - Returns: the state then.
  func waitWhileBuilding(atMost limit: Duration) async -> BuildState {
    guard case .building = state else { return state }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.waitForEnd() }
      group.addTask { try? await Task.sleep(for: limit) }
      await group.next()
      group.cancelAll()
    }
    return state
  }

  private func waitForEnd() async {
    let number = watch.withLock { watch in
      watch.nextWaiter += 1
      return watch.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = watch.withLock { watch in
          guard case .building = watch.state, !Task.isCancelled else { return true }
          watch.waiters[number] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      watch.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
    }
  }
}
