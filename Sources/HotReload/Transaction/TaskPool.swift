import Synchronization

/// The tasks that a driver has started and nobody awaits, so that its end can be theirs.
///
/// A task that does not end when it is cancelled stays in the pool: it can be counted, but not be ended.
final class TaskPool: Sendable {
  private struct State {
    var tasks: [UInt64: Task<Void, Never>] = [:]
    var last: UInt64 = 0
    var isClosed = false
    var waiters: [Latch] = []
  }

  private let state = Mutex(State())

  var count: Int { state.withLock { $0.tasks.count } }

  /// Runs `body` in a task of its own. Returns a function that cancels it.
  @discardableResult
  func start(_ body: @escaping @Sendable () async -> Void) -> @Sendable () -> Void {
    // The task is made under the lock, so that it cannot end before it is known.
    let task = state.withLock { state in
      state.last += 1
      let id = state.last
      let task = Task {
        await body()
        self.end(id)
      }
      state.tasks[id] = task
      if state.isClosed { task.cancel() }
      return task
    }
    return { task.cancel() }
  }

  private func end(_ id: UInt64) {
    let waiters = state.withLock { state in
      state.tasks[id] = nil
      guard state.tasks.isEmpty else { return [] as [Latch] }
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.open() }
  }

  /// Cancels every task, also those that are started later.
  func cancelAll() {
    let tasks = state.withLock { state in
      state.isClosed = true
      return Array(state.tasks.values)
    }
    for task in tasks { task.cancel() }
  }

  /// Waits until there is no task, or that long. False if some are left.
  func wait(atMost limit: Duration, on clock: ReloadClock) async -> Bool {
    let latch = Latch()
    let isEmpty = state.withLock { state in
      if !state.tasks.isEmpty { state.waiters.append(latch) }
      return state.tasks.isEmpty
    }
    if isEmpty { return true }
    let deadline = clock.now() + limit
    let timer = Task {
      guard (try? await clock.sleep(deadline)) != nil else { return }
      latch.open()
    }
    await latch.wait()
    timer.cancel()
    await timer.value
    return count == 0
  }
}
