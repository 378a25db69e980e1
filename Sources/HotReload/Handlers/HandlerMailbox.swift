import Logging
import Synchronization

/// The events that wait for one handler, and the task that hands them over one by one.
///
/// The task, the runner, exists only while there is something to hand over. It runs on threads for handlers. A call that
/// does not end in time is left behind with its runner, and another runner takes over: nothing in here waits for
/// the program's code, and none of it runs under the mutex.
final class HandlerMailbox: EventReceiver {
  /// What a runner does next.
  private enum Work {
    case event(PublishedEvent)
    case end
  }

  private struct Runner: Sendable {
    var number: UInt64
    var executor: HandlerExecutor
    var task: Task<Void, Never>
  }

  /// What the runner is busy with.
  private struct Call: Sendable {
    var clock: ReloadClock
    /// When it is cancelled; when it is abandoned, if it was cancelled.
    var deadline: Duration
    var isCancelled = false
  }

  /// A task that sleeps until the call's deadline.
  private struct Watch: Sendable {
    var number: UInt64
    var deadline: Duration
    var task: Task<Void, Never>
  }

  private struct State {
    var queue: EventQueue<PublishedEvent>
    var runner: Runner?
    var call: Call?
    var watch: Watch?
    var lastNumber: UInt64 = 0
    var handled = 0
    var failed = 0
    var timedOut = 0
    var abandoned = 0
    /// Abandoned calls that have not come back.
    var missing = 0
    var isGivenUp = false
    var isClosed = false
    /// Whether the handler was told to let go of what it holds.
    var isEnded = false

    mutating func next() -> Work? {
      if let event = queue.takeFirst() { return .event(event) }
      guard isClosed, !isEnded else { return nil }
      isEnded = true
      return .end
    }

    var hasWork: Bool { !queue.isEmpty || (isClosed && !isEnded) }
  }

  let pattern: EventPattern
  private let handler: any ReloadHandler
  private let timeLimit: Duration
  private let surroundings: HandlerSurroundings
  private let state: Mutex<State>
  private let ended = Latch()

  init(
    pattern: EventPattern, handler: any ReloadHandler, timeLimit: Duration,
    surroundings: HandlerSurroundings
  ) throws(HotReloadError) {
    guard HandlerRegistration.timeLimits.contains(timeLimit) else {
      let limits = HandlerRegistration.timeLimits
      throw HotReloadError(
        code: .invalidConfiguration,
        message: "the time limit of a handler is \(timeLimit); it must be \(limits.lowerBound) to "
          + "\(limits.upperBound)")
    }
    self.pattern = pattern
    self.handler = handler
    self.timeLimit = timeLimit
    self.surroundings = surroundings
    state = Mutex(State(queue: EventQueue(capacity: HandlerRegistration.capacity)))
  }

  var status: HandlerStatus {
    state.withLock { state in
      HandlerStatus(
        pattern: pattern.pattern, waiting: state.queue.count, handled: state.handled,
        failed: state.failed, timedOut: state.timedOut, abandoned: state.abandoned,
        dropped: state.queue.dropped, isGivenUp: state.isGivenUp)
    }
  }

  private func log(
    _ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata = [:]
  ) {
    let metadata = metadata.merging(["pattern": "\(pattern.pattern)"]) { $1 }
    surroundings.logger.log(level: level, message, metadata: metadata)
  }
}

// MARK: Events and ends

extension HandlerMailbox {
  func receive(_ event: PublishedEvent) {
    let isFirstDrop = state.withLock { state in
      guard !state.isClosed, !state.isGivenUp else { return false }
      let dropped = state.queue.dropped
      state.queue.append(event)
      startRunner(&state)
      return dropped == 0 && state.queue.dropped > 0
    }
    if isFirstDrop {
      log(
        .warning, "a reload handler is too slow: its oldest events are dropped",
        ["capacity": "\(HandlerRegistration.capacity)"])
    }
  }

  /// Takes no more events and forgets those that wait.
  func close() {
    state.withLock { close(&$0) }
  }

  private func close(_ state: inout State) {
    state.isClosed = true
    state.queue.removeAll()
    startRunner(&state)
  }

  /// Closes, and cancels what the handler is busy with, but not its end.
  func end() -> Latch? {
    let cancelled: Runner? = state.withLock { state in
      let cancelled = state.isEnded ? nil : markCancelled(&state)
      close(&state)
      return cancelled
    }
    if let cancelled { cancel(cancelled) }
    return ended
  }

  /// Leaves behind what still runs.
  func abandon() {
    let executor = state.withLock { state in
      let executor = state.runner?.executor
      if state.call != nil {
        state.abandoned += 1
        state.missing += 1
      }
      state.isEnded = true
      state.runner = nil
      state.call = nil
      return executor
    }
    if let executor {
      executor.writeOff()
      log(.error, "a reload handler does not end; the shutdown goes on without it")
    }
    finish()
  }

  private func finish() {
    ended.open()
    state.withLock { state in
      state.watch?.task.cancel()
      state.watch = nil
    }
  }
}

// MARK: Calls

extension HandlerMailbox {
  /// Starts a runner if there is something to do and nobody to do it.
  private func startRunner(_ state: inout State) {
    guard state.runner == nil, state.hasWork else { return }
    state.lastNumber += 1
    let number = state.lastNumber
    let executor = surroundings.threads.makeExecutor()
    // Nothing of whoever publishes is to be seen in the handler, and its cancellation is not the handler's.
    let task = Task.detached(executorPreference: executor) { await self.run(as: number) }
    state.runner = Runner(number: number, executor: executor, task: task)
  }

  private func run(as number: UInt64) async {
    let handler = handler
    while let work = begin(as: number) {
      let result: Result<Bool, any Error>
      do {
        switch work {
        case .event(let event):
          result = .success(
            try await PublishedEvent.$current.withValue(event) {
              try await Reentrancy.run {
                guard handler.canHandle(event.event) else { return false }
                try await handler.handle(event.event)
                return true
              }
            })
        case .end:
          await Reentrancy.run { await handler.end() }
          result = .success(false)
        }
      } catch {
        result = .failure(error)
      }
      guard complete(as: number, result) else { return }
    }
  }

  private func begin(as number: UInt64) -> Work? {
    let clock = surroundings.clock
    let (work, isEnd): (Work?, Bool) = state.withLock { state in
      guard state.runner?.number == number else { return (nil, false) }
      guard let work = state.next() else {
        state.runner = nil
        return (nil, state.isEnded)
      }
      state.call = Call(clock: clock, deadline: clock.now() + timeLimit)
      arm(&state)
      return (work, false)
    }
    if isEnd { finish() }
    return work
  }

  /// Returns whether the runner goes on.
  private func complete(as number: UInt64, _ result: Result<Bool, any Error>) -> Bool {
    var failure: (any Error)?
    let (goesOn, isEnd): (Bool, Bool) = state.withLock { state in
      guard state.runner?.number == number, let call = state.call else {
        state.missing -= 1
        return (false, false)
      }
      state.call = nil
      switch result {
      case .success(let isHandled): state.handled += isHandled ? 1 : 0
      case .failure(let error):
        state.handled += 1
        // One that was cancelled is expected to throw, and was counted and logged for its time limit, if for that.
        if !call.isCancelled {
          state.failed += 1
          failure = error
        }
      }
      guard call.isCancelled else { return (true, false) }
      // Its task is cancelled, in which no other call can run.
      state.runner = nil
      startRunner(&state)
      return (false, state.runner == nil && state.isEnded)
    }
    if isEnd { finish() }
    if let failure { log(.error, "a reload handler failed", ["error": "\(failure)"]) }
    return goesOn
  }
}

// MARK: Deadlines

extension HandlerMailbox {
  /// Sees to it that the call's deadline is noticed. A watch that is there already serves any later one.
  private func arm(_ state: inout State) {
    guard let call = state.call else { return }
    if let watch = state.watch, watch.deadline <= call.deadline { return }
    state.watch?.task.cancel()
    state.lastNumber += 1
    let number = state.lastNumber
    state.watch = Watch(
      number: number, deadline: call.deadline, task: Task.detached { await self.watch(as: number) })
  }

  private func watch(as number: UInt64) async {
    while true {
      let call: Call? = state.withLock { state in
        guard state.watch?.number == number else { return nil }
        guard let call = state.call else {
          state.watch = nil
          return nil
        }
        state.watch?.deadline = call.deadline
        return call
      }
      guard let call else { return }
      do { try await call.clock.sleep(call.deadline) } catch { return }
      expire()
    }
  }

  private func expire() {
    let overdue: Runner? = state.withLock { state in
      guard let call = state.call, call.clock.now() >= call.deadline,
        let runner = markCancelled(&state)
      else { return nil }
      state.timedOut += 1
      state.failed += 1
      return runner
    }
    guard let overdue else { return leaveBehind() }
    cancel(overdue)
    log(.warning, "a reload handler exceeded its time limit", ["limit": "\(timeLimit)"])
  }

  /// Gives the call, if there is one that was not cancelled yet, its time to end. Returns what is to be cancelled.
  private func markCancelled(_ state: inout State) -> Runner? {
    guard let runner = state.runner, var call = state.call, !call.isCancelled else { return nil }
    call.isCancelled = true
    call.deadline = call.clock.now() + HandlerRegistration.gracePeriod
    state.call = call
    arm(&state)
    return runner
  }

  private func cancel(_ runner: Runner) {
    // What the program does on cancellation runs within cancel(), with a lock held that whoever wakes the task needs.
    runner.executor.run { runner.task.cancel() }
  }

  /// Goes on without a call that was cancelled and has not ended.
  private func leaveBehind() {
    let (executor, isGivenUp, isEnd): (HandlerExecutor?, Bool, Bool) = state.withLock { state in
      guard let call = state.call, call.isCancelled, call.clock.now() >= call.deadline else {
        return (nil, false, false)
      }
      let executor = state.runner?.executor
      state.runner = nil
      state.call = nil
      state.abandoned += 1
      state.missing += 1
      let isGivenUp = state.missing > HandlerRegistration.maximumAbandonedCalls
      if isGivenUp {
        state.isGivenUp = true
        state.queue.removeAll()
      }
      startRunner(&state)
      return (executor, isGivenUp, state.runner == nil && state.isEnded)
    }
    executor?.writeOff()
    if isEnd { finish() }
    if isGivenUp {
      log(
        .error,
        "a reload handler was given up: too many of its calls did not end when they were cancelled",
        ["abandoned": "\(HandlerRegistration.maximumAbandonedCalls + 1)"])
    }
  }
}
