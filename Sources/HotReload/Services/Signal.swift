import Synchronization

/// Something that happens once. Unlike those of a ``Latch``, its waiters can be cancelled.
final class Signal: Sendable {
  private struct State {
    var isOpen = false
    var lastWaiter = 0
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  var isOpen: Bool { state.withLock { $0.isOpen } }

  func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [:] }
      return state.waiters.values
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns when it happened, or when the task is cancelled; says which.
  @discardableResult
  func wait() async -> Bool {
    let number = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.isOpen || Task.isCancelled { return true }
          state.waiters[number] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
    }
    return isOpen
  }
}

extension ReloadClock {
  /// Whether `body` ended within the limit; if it did not it is cancelled, and waited for.
  func within(
    _ limit: Duration, _ body: @escaping @Sendable () async -> Void
  ) async -> Bool {
    let end = now() + limit
    return await withTaskGroup(of: Bool.self) { tasks in
      tasks.addTask {
        await body()
        return true
      }
      tasks.addTask {
        try? await sleep(end)
        return false
      }
      let isInTime = await tasks.next() ?? false
      tasks.cancelAll()
      return isInTime
    }
  }
}
