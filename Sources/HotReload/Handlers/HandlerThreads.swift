import Dispatch
import Synchronization
import WorkspaceFiles

/// The threads on which handlers run, apart from Swift's own, which are as few as there are cores: a handler that
/// blocks one of those would take from the whole program what cannot be got back.
///
/// Threads start when there is work and none is idle, up to a bound, and end after some idle seconds. A
/// thread that is blocked in a call that was given up is written off: another takes its place, and should it
/// ever come back, it ends. What a call goes on with after it was given up runs on threads for that, so
/// that it can take none from the others.
final class HandlerThreads: Sendable {
  /// How many threads run handlers at most. With more handlers blocked at once the others wait, until the
  /// deadlines of those.
  static let maximumThreads = 64
  /// How many threads are written off at most. Those blocked beyond that stay in the places of the others.
  static let maximumLostThreads = 64
  /// How long a thread waits for work before it ends.
  private static let idleLimit = DispatchTimeInterval.seconds(5)

  typealias Work = @Sendable () -> Void

  /// Something to do, and the executor that it is done for.
  private struct Job: Sendable {
    var executor: UInt64
    var work: Work
  }

  private struct State {
    var jobs: [Job] = []
    var threads = 0
    var idle = 0
    /// Threads that were idle and were told to end.
    var leaving = 0
    /// How many threads are in a job of each executor.
    var running: [UInt64: Int] = [:]
    var lastExecutor: UInt64 = 0

    var lostExecutors: Set<UInt64> = []
    var lostJobs: [Job] = []
    var lostThreads = 0
    /// The threads that each lost executor took along.
    var writtenOff: [UInt64: Int] = [:]
  }

  private enum Step {
    case nothing
    case wake
    case start
    case startLost
  }

  private let state = Mutex(State())
  private let wakeUp = DispatchSemaphore(value: 0)

  /// How many threads there are, those that were written off apart.
  var counts: (running: Int, lost: Int) { state.withLock { ($0.threads, $0.lostThreads) } }

  /// An executor whose tasks run on these threads.
  func makeExecutor() -> HandlerExecutor {
    let id = state.withLock { state in
      state.lastExecutor += 1
      return state.lastExecutor
    }
    return HandlerExecutor(id: id, threads: self)
  }

  fileprivate func submit(_ work: @escaping Work, for executor: UInt64) {
    let step: Step = state.withLock { state in
      let job = Job(executor: executor, work: work)
      guard state.lostExecutors.contains(executor) else {
        state.jobs.append(job)
        return Self.staff(&state)
      }
      state.lostJobs.append(job)
      return Self.staffLost(&state)
    }
    perform(step)
  }

  /// Takes away from the others' threads those that are in a job of this executor, and lets it have no more of them.
  fileprivate func writeOff(_ executor: UInt64) {
    let steps: [Step] = state.withLock { state in
      guard state.lostExecutors.insert(executor).inserted else { return [] }
      let room = Self.maximumLostThreads - state.lostThreads
      let lost = min(state.running[executor] ?? 0, room)
      if lost > 0 { state.writtenOff[executor] = lost }
      state.threads -= lost
      state.lostThreads += lost
      state.lostJobs += state.jobs.filter { $0.executor == executor }
      state.jobs.removeAll { $0.executor == executor }
      return (0..<lost).map { _ in Self.staff(&state) } + [Self.staffLost(&state)]
    }
    for step in steps { perform(step) }
  }

  fileprivate func forget(_ executor: UInt64) {
    state.withLock { _ = $0.lostExecutors.remove(executor) }
  }

  /// Ends the threads that wait for work.
  func endIdleThreads() {
    let count = state.withLock { state in
      defer { state.idle = 0 }
      state.threads -= state.idle
      state.leaving += state.idle
      return state.idle
    }
    for _ in 0..<count { wakeUp.signal() }
  }

  /// Finds a thread for a job that waits.
  private static func staff(_ state: inout State) -> Step {
    guard !state.jobs.isEmpty else { return .nothing }
    if state.idle > 0 {
      state.idle -= 1
      return .wake
    }
    guard state.threads < maximumThreads else { return .nothing }
    state.threads += 1
    return .start
  }

  private static func staffLost(_ state: inout State) -> Step {
    guard !state.lostJobs.isEmpty, state.lostThreads < maximumLostThreads else { return .nothing }
    state.lostThreads += 1
    return .startLost
  }

  private func perform(_ step: Step) {
    switch step {
    case .nothing: break
    case .wake: wakeUp.signal()
    case .start:
      // Without a thread the job waits for one of the others, or for the next job that gets one.
      if startDetachedThread(name: "hotreload-call", { self.work() }) != 0 {
        state.withLock { $0.threads -= 1 }
      }
    case .startLost:
      if startDetachedThread(name: "hotreload-lost", { self.workForLost() }) != 0 {
        state.withLock { $0.lostThreads -= 1 }
      }
    }
  }
}

// MARK: On the threads

extension HandlerThreads {
  private func work() {
    while true {
      let (job, isLeaving) = state.withLock { state -> (Job?, Bool) in
        if state.leaving > 0 {
          state.leaving -= 1
          return (nil, true)
        }
        guard !state.jobs.isEmpty else {
          state.idle += 1
          return (nil, false)
        }
        let job = state.jobs.removeFirst()
        state.running[job.executor, default: 0] += 1
        return (job, false)
      }
      if isLeaving { return }
      if let job {
        job.work()
        guard endJob(of: job.executor) else { return }
      } else if !waitForWork() {
        return
      }
    }
  }

  /// Returns whether the thread goes on.
  private func waitForWork() -> Bool {
    guard wakeUp.wait(timeout: .now() + Self.idleLimit) == .timedOut else { return true }
    let ends: Bool = state.withLock { state in
      guard state.idle > 0 else { return false }
      state.idle -= 1
      state.threads -= 1
      return true
    }
    // All who wait have been woken, this thread among them: its signal is on the way.
    if !ends { wakeUp.wait() }
    return !ends
  }

  /// Returns whether the thread goes on; it does not if it was written off.
  private func endJob(of executor: UInt64) -> Bool {
    let (goesOn, step): (Bool, Step) = state.withLock { state in
      Self.decrement(&state.running, executor)
      guard state.writtenOff[executor] != nil else { return (true, .nothing) }
      Self.decrement(&state.writtenOff, executor)
      state.lostThreads -= 1
      return (false, Self.staffLost(&state))
    }
    perform(step)
    return goesOn
  }

  private func workForLost() {
    while true {
      let job: Job? = state.withLock { state in
        guard !state.lostJobs.isEmpty else {
          state.lostThreads -= 1
          return nil
        }
        return state.lostJobs.removeFirst()
      }
      guard let job else { return }
      job.work()
    }
  }

  private static func decrement(_ counts: inout [UInt64: Int], _ key: UInt64) {
    let count = (counts[key] ?? 0) - 1
    counts[key] = count > 0 ? count : nil
  }
}

/// Where the calls of one handler run, until one is given up and the next go to another executor.
final class HandlerExecutor: TaskExecutor {
  private let id: UInt64
  private let threads: HandlerThreads

  fileprivate init(id: UInt64, threads: HandlerThreads) {
    self.id = id
    self.threads = threads
  }

  deinit {
    threads.forget(id)
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    run { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Runs something of the program's that may block.
  func run(_ work: @escaping @Sendable () -> Void) {
    // The executor must live for as long as it has work.
    threads.submit({ withExtendedLifetime(self) { work() } }, for: id)
  }

  /// Gives up what runs here: it keeps its threads, and can have no others of those that handlers run on.
  func writeOff() {
    threads.writeOff(id)
  }
}
