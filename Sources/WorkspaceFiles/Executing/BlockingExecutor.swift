import Dispatch
import Synchronization

/// Runs work that waits for the file system on threads of its own, so that it never holds up a
/// thread of Swift's cooperative pool.
///
/// Threads start when they are needed, up to a bound, and end after some idle seconds. Work waits
/// in a bounded queue, first in, first out.
public struct BlockingExecutor: Sendable {
  /// The executor of this package: four threads.
  public static let shared = BlockingExecutor(threads: 4)

  /// The most jobs that wait, unless an executor is made with another bound.
  public static let defaultQueueLimit = 4_096

  private let core: Core

  /// Creates an executor. No thread is started yet.
  ///
  /// - Parameters:
  ///   - threads: the most jobs that run at once, 1 at least.
  ///   - queueLimit: the most jobs that wait for a thread, 1 at least.
  public init(threads: Int, queueLimit: Int = BlockingExecutor.defaultQueueLimit) {
    core = Core(threads: max(threads, 1), queueLimit: max(queueLimit, 1))
  }

  /// Runs `body` on a thread of the executor.
  ///
  /// If the task is cancelled while the job waits, the job never runs. A job that has begun runs to
  /// its end, and its result is returned: blocking calls cannot be broken off.
  ///
  /// - Throws: what `body` throws; `CancellationError`; ``BlockingExecutorError`` if too many jobs
  ///   wait.
  public func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try Task.checkCancellation()
    let id = core.nextID()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        core.submit(
          Job(
            id: id, run: { continuation.resume(with: Result { try body() }) },
            fail: { continuation.resume(throwing: $0) }))
        // A cancellation before `submit` found nothing to cancel; one after this line finds the
        // job.
        if Task.isCancelled { core.cancel(id) }
      }
    } onCancel: {
      core.cancel(id)
    }
  }
}

private struct Job: Sendable {
  var id: UInt64
  var run: @Sendable () -> Void
  var fail: @Sendable (any Error) -> Void
}

private final class Core: Sendable {
  private struct State {
    var waiting: [Job] = []
    var threads = 0
    /// Threads that wait on the semaphore and that nobody has woken yet.
    var idle = 0
    var lastID: UInt64 = 0
  }

  /// How long a thread waits for work before it ends.
  private static let idleLimit: DispatchTimeInterval = .seconds(10)

  private let threadLimit: Int
  private let queueLimit: Int
  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)

  init(threads: Int, queueLimit: Int) {
    threadLimit = threads
    self.queueLimit = queueLimit
  }

  func nextID() -> UInt64 {
    state.withLock {
      $0.lastID += 1
      return $0.lastID
    }
  }

  private enum Next {
    case refuse, wakeOne, startOne, leave
  }

  func submit(_ job: Job) {
    let next: Next = state.withLock { state in
      if state.waiting.count >= queueLimit { return .refuse }
      state.waiting.append(job)
      if state.idle > 0 {
        state.idle -= 1
        return .wakeOne
      }
      guard state.threads < threadLimit else { return .leave }
      state.threads += 1
      return .startOne
    }
    switch next {
    case .refuse: job.fail(BlockingExecutorError.queueFull(limit: queueLimit))
    case .wakeOne: wake.signal()
    case .startOne: start()
    case .leave: break
    }
  }

  func cancel(_ id: UInt64) {
    let job: Job? = state.withLock { state in
      guard let index = state.waiting.firstIndex(where: { $0.id == id }) else { return nil }
      return state.waiting.remove(at: index)
    }
    job?.fail(CancellationError())
  }

  private func start() {
    let result = startDetachedThread(name: "hotreload-files") { self.work() }
    guard result != 0 else { return }
    // The other threads take the job when they come to it; without any, nobody would.
    let orphans: [Job] = state.withLock { state in
      state.threads -= 1
      guard state.threads == 0 else { return [] }
      defer { state.waiting.removeAll() }
      return state.waiting
    }
    for job in orphans { job.fail(BlockingExecutorError.noThread(errno: result)) }
  }

  private func work() {
    while true {
      let job: Job? = state.withLock { state in
        if state.waiting.isEmpty {
          state.idle += 1
          return nil
        }
        return state.waiting.removeFirst()
      }
      if let job {
        job.run()
      } else if wake.wait(timeout: .now() + Self.idleLimit) == .timedOut {
        let ends: Bool = state.withLock { state in
          guard state.idle > 0 else { return false }
          state.idle -= 1
          state.threads -= 1
          return true
        }
        if ends { return }
        // All who wait have been woken, this thread among them: its signal is on the way.
        wake.wait()
      }
    }
  }
}
