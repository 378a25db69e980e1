import Synchronization

/// Wakes those who wait for a store to change. It may wake them for nothing: they look again.
final class ChangeSignal: Sendable {
  private struct State {
    var count: UInt64 = 0
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    var last: UInt64 = 0
  }

  private let state = Mutex(State())

  /// How often it rang. Read it before looking at the store, so that nothing is missed in between.
  var count: UInt64 { state.withLock { $0.count } }

  /// Wakes all.
  func ring() {
    let waiters = state.withLock { state in
      state.count += 1
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns once it rang more often than that, or when the task is cancelled.
  func wait(after count: UInt64) async {
    let id = state.withLock { state in
      state.last += 1
      return state.last
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.count > count || Task.isCancelled { return true }
          state.waiters[id] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
    }
  }

  /// The same, and returns at that time at the latest.
  func wait(after count: UInt64, until deadline: Duration?, _ clock: StoreClock) async {
    guard let deadline else { return await wait(after: count) }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.wait(after: count) }
      group.addTask { try? await clock.sleep(deadline) }
      await group.next()
      group.cancelAll()
    }
  }
}
