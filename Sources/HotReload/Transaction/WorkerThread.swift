import Dispatch
import Synchronization
import WorkspaceFiles

/// A thread that does one piece of work after the other. Blocking in it harms nobody else.
///
/// A transaction is one wake-up of this thread: it loads, validates and swaps there, without a hop between.
final class WorkerThread: Sendable {
  typealias Work = @Sendable () -> Void

  private struct State {
    var work: [Work] = []
    var isStopped = false
  }

  private let state = Mutex(State())
  private let wakeUp = DispatchSemaphore(value: 0)

  /// Starts the thread; nil if the system has none left.
  init?() {
    guard startDetachedThread(name: "hotreload", { self.run() }) == 0 else { return nil }
  }

  /// Pieces of work that wait for the thread.
  var waiting: Int { state.withLock { $0.work.count } }

  /// Adds work, unless the thread was stopped. The transaction machine gives out one piece at a time.
  func enqueue(_ work: @escaping Work) {
    let isAccepted = state.withLock { state in
      if !state.isStopped { state.work.append(work) }
      return !state.isStopped
    }
    if isAccepted { wakeUp.signal() }
  }

  /// Ends the thread after the work that it has.
  func stop() {
    state.withLock { $0.isStopped = true }
    wakeUp.signal()
  }

  private func run() {
    while true {
      let work = state.withLock { state in
        defer { state.work.removeAll(keepingCapacity: true) }
        return state.work
      }
      for piece in work { piece() }
      if work.isEmpty {
        if state.withLock({ $0.isStopped && $0.work.isEmpty }) { return }
        wakeUp.wait()
      }
    }
  }
}
