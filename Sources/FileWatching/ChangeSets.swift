import Synchronization

/// The change sets of one subscription, as a sequence that never fails and ends when the watcher stops.
///
/// A consumer that is slower than the file system gets the sets it missed merged into one, so what waits is
/// never more than one set.
public struct ChangeSets: AsyncSequence, Sendable {
  /// A settled set of changes.
  public typealias Element = ChangeSet
  /// The sequence cannot fail.
  public typealias Failure = Never

  let mailbox: ChangeMailbox

  /// Iterates over change sets.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let mailbox: ChangeMailbox

    /// The next set; waits for it. Nil when the watcher has stopped or the task was cancelled.
    public mutating func next() async -> ChangeSet? {
      await mailbox.next()
    }

    /// The next set; waits for it. Nil when the watcher has stopped or the task was cancelled.
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(Never) -> ChangeSet? {
      await mailbox.next()
    }
  }

  /// Starts to iterate. One consumer: two iterators take sets away from each other.
  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(mailbox: mailbox)
  }
}

/// Where the reader thread leaves change sets for a consumer: one merged set at most.
final class ChangeMailbox: Sendable {
  private struct State {
    var pending: ChangeMerger?
    var waiting: [UInt64: CheckedContinuation<ChangeSet?, Never>] = [:]
    var nextWaiter: UInt64 = 0
    var isOpen = false
    var isFinished = false
  }

  private let state = Mutex(State())
  private let maxChanges: Int

  init(maxChanges: Int) {
    self.maxChanges = maxChanges
  }

  /// A mailbox that nothing comes into.
  static var finished: ChangeMailbox {
    let mailbox = ChangeMailbox(maxChanges: 0)
    mailbox.finish()
    return mailbox
  }

  /// From now on sets are kept. Before, there is nobody who would want them.
  func open() {
    state.withLock { $0.isOpen = true }
  }

  /// Called by the reader thread; never waits.
  func deliver(_ set: ChangeSet) {
    let waiter = state.withLock { state -> CheckedContinuation<ChangeSet?, Never>? in
      if state.isFinished || !state.isOpen { return nil }
      if let first = state.waiting.keys.min() { return state.waiting.removeValue(forKey: first) }
      if state.pending == nil { state.pending = ChangeMerger(maxChanges: maxChanges) }
      state.pending?.add(set)
      return nil
    }
    waiter?.resume(returning: set)
  }

  func finish() {
    let waiters = state.withLock { state in
      state.isFinished = true
      defer { state.waiting = [:] }
      return Array(state.waiting.values)
    }
    for waiter in waiters { waiter.resume(returning: nil) }
  }

  func next() async -> ChangeSet? {
    let id = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ready = state.withLock { state -> ChangeSet?? in
          if let pending = state.pending {
            state.pending = nil
            return .some(pending.merged())
          }
          if state.isFinished || Task.isCancelled { return .some(nil) }
          state.waiting[id] = continuation
          return nil
        }
        if let ready { continuation.resume(returning: ready) }
      }
    } onCancel: {
      let waiter = state.withLock { $0.waiting.removeValue(forKey: id) }
      waiter?.resume(returning: nil)
    }
  }
}
