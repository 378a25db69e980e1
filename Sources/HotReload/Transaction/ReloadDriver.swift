import FileWatching
import Logging
import Synchronization
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Performs what the ``TransactionMachine`` decides.
///
/// The machine is stepped under a mutex by whoever has news: the watcher's thread with changed files, a caller, the
/// worker thread with what it loaded. Actions are performed after the mutex was let go. Loading, decoding and all that
/// follows happens in one go on the worker thread, so that a changed file costs one wake-up; only
/// asynchronous validators leave it. The machine gives out one phase at a time, which is what
/// keeps two threads from performing at once what belongs in an order.
final class ReloadDriver: Sendable {
  typealias Machine = TransactionMachine<ConfigContent>

  /// Threads that did not come back from a load in time and were replaced; with more, the queue waits for them.
  static let maximumLostWorkers = 4

  /// Something that runs between two transactions.
  struct JobBody: Sendable {
    var run: @Sendable () -> Void
    var abandon: @Sendable () -> Void
  }

  struct SlotReference: Sendable {
    weak var slot: (any AnyConfigSlot)?
  }

  struct WorkerReference: Sendable {
    weak var worker: WorkerThread?
  }

  /// A task that sleeps until a deadline.
  struct Timer: Sendable {
    var number: UInt64
    var deadline: Duration
    var task: Task<Void, Never>
  }

  /// A value that was decoded for a swap to come, and its place.
  struct PreparedValue: Sendable {
    var index: Int
    var value: any AnyTypedValue
  }

  struct State: Sendable {
    var machine: Machine
    var worker: WorkerThread
    var lostWorkers: [WorkerReference] = []
    var tickets: [Machine.Ticket: CheckedContinuation<ReloadReport, any Error>] = [:]
    var jobs: [Machine.Job: JobBody] = [:]
    var lastNumber: UInt64 = 0
    /// The slots in use, by config and type. The index is the place in the snapshot.
    var slots: [String: [ObjectIdentifier: SlotReference]] = [:]
    /// Who has each place in the snapshot.
    var places: [SlotReference] = []
    var validators: [String: [ConfigValidator]] = [:]
    /// What the transaction under way has decoded.
    var prepared: [UnitID: [PreparedValue]] = [:]
    /// The content of each config's files when they were last read; nil if they could not be.
    var read: [UnitID: [FilePath: ContentDigest]?] = [:]
    /// The same, before the transaction under way.
    var readBefore: [UnitID: [FilePath: ContentDigest]?] = [:]
    var timer: Timer?
    var lastReport: ReloadReport?
  }

  let configs: any ConfigSource
  let classifier: Classifier
  let clock: ReloadClock
  let cell: SnapshotCell
  let bus: EventBus
  let log: ReloadLog
  let isValidating: Bool
  private let stopped = Latch()
  let state: Mutex<State>

  init(
    configs: any ConfigSource, configuration: HotReloadConfiguration, clock: ReloadClock,
    bus: EventBus, limits: Machine.Limits = Machine.Limits()
  ) throws(HotReloadError) {
    guard let worker = WorkerThread() else {
      throw HotReloadError(
        code: .cannotWatch,
        message: "no thread could be started for the reloads; the process has "
          + "reached its limit of threads or memory")
    }
    self.configs = configs
    classifier = Classifier(configs: configs)
    self.clock = clock
    self.bus = bus
    log = ReloadLog(logger: configuration.logger)
    isValidating = configuration.validateBeforeReload
    cell = SnapshotCell(SnapshotStorage(generation: 0, configs: [:], values: []))
    let machine = Machine(groups: configuration.atomicGroups, limits: limits)
    state = Mutex(State(machine: machine, worker: worker))
  }

  /// Gives the machine an event and performs what it answers.
  func step(_ event: Machine.Event) {
    let actions = state.withLock { state in
      state.machine.handle(event, at: clock.now())
    }
    for action in actions { perform(action) }
    armTimer()
  }

  private func perform(_ action: Machine.Action) {
    switch action {
    case .load(let id, let units, let isEverything):
      enqueue { $0.load(id, units, isEverything: isEverything) }
    case .validate(let id, let contents):
      validate(id, contents)
    case .swap(let id, let generation, let contents):
      swap(id, generation: generation, contents)
    case .publish(let id, let publication):
      publish(id, publication)
    case .finished(let report):
      if !report.units.isEmpty { state.withLock { $0.lastReport = report } }
    case .answer(let ticket, let report):
      state.withLock { $0.tickets.removeValue(forKey: ticket) }?.resume(returning: report)
    case .run(let job):
      enqueue { driver in
        driver.state.withLock { $0.jobs.removeValue(forKey: job) }?.run()
        driver.step(.jobDone(job))
      }
    case .abandon(let tickets, let jobs):
      abandon(tickets, jobs)
    case .stopped:
      stopped.open()
    }
  }

  private func enqueue(_ work: @escaping @Sendable (ReloadDriver) -> Void) {
    state.withLock { $0.worker }.enqueue { work(self) }
  }

  private func abandon(_ tickets: [Machine.Ticket], _ jobs: [Machine.Job]) {
    let (continuations, bodies) = state.withLock { state in
      (
        tickets.compactMap { state.tickets.removeValue(forKey: $0) },
        jobs.compactMap { state.jobs.removeValue(forKey: $0) }
      )
    }
    for continuation in continuations { continuation.resume(throwing: HotReloadError.shutDown) }
    for body in bodies { body.abandon() }
  }
}

// MARK: Entrances

extension ReloadDriver {
  /// Takes in what a subscription of the watcher delivered. Called on the watcher's thread.
  func receive(_ set: ChangeSet, only accepted: @Sendable (UnitID) -> Bool) {
    let candidate = Candidate(producer: .watcher, changes: set.changes, notices: set.notices)
    let classified = classify(candidate, only: accepted)
    guard classified.isUrgent || !classified.content.isEmpty else { return }
    step(.submit(classified, nil))
  }

  private func classify(
    _ candidate: Candidate, only accepted: (UnitID) -> Bool = { _ in true }
  ) -> ClassifiedCandidate {
    let start = clock.now()
    var classified = classifier.classify(candidate, only: accepted)
    classified.classifying = clock.now() - start
    return classified
  }

  /// Puts a candidate through a transaction.
  func submit(_ candidate: Candidate) async throws -> ReloadReport {
    let classified = classify(candidate)
    return try await withTicket { .submit(classified, $0) }
  }

  /// Returns when all that was submitted before has been through a transaction.
  func drain() async throws {
    _ = try await withTicket { .drain($0) }
  }

  private func withTicket(
    _ event: @Sendable (Machine.Ticket) -> Machine.Event
  ) async throws -> ReloadReport {
    try await withCheckedThrowingContinuation { continuation in
      let ticket = state.withLock { state in
        state.lastNumber += 1
        let ticket = Machine.Ticket(number: state.lastNumber)
        state.tickets[ticket] = continuation
        return ticket
      }
      step(event(ticket))
    }
  }

  /// Runs something on the worker thread between two transactions.
  func job<Result: Sendable>(
    _ body: @escaping @Sendable () -> Swift.Result<Result, any Error>
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      let job = state.withLock { state in
        state.lastNumber += 1
        let job = Machine.Job(number: state.lastNumber)
        state.jobs[job] = JobBody(
          run: { continuation.resume(with: body()) },
          abandon: { continuation.resume(throwing: HotReloadError.shutDown) })
        return job
      }
      step(.enqueue(job))
    }
  }

  /// Aborts what is before its swap, lets finish what is after it, and ends everything. Further calls wait too.
  func stop() async {
    step(.stop)
    await stopped.wait()
    let (worker, timer, slots) = state.withLock { state in
      defer { state.timer = nil }
      return (state.worker, state.timer?.task, state.places.compactMap(\.slot))
    }
    worker.stop()
    timer?.cancel()
    await timer?.value
    for slot in slots { slot.finish() }
  }
}

// MARK: Deadlines

extension ReloadDriver {
  /// Sees to it that the machine hears of a deadline. A timer that is there already serves any later one.
  private func armTimer() {
    state.withLock { state in
      guard let deadline = state.machine.nextDeadline, !stopped.isOpen else { return }
      if let timer = state.timer, timer.deadline <= deadline { return }
      state.timer?.task.cancel()
      state.lastNumber += 1
      let number = state.lastNumber
      state.timer = Timer(
        number: number, deadline: deadline, task: Task { await self.watchDeadlines(as: number) })
    }
  }

  private func watchDeadlines(as number: UInt64) async {
    while true {
      let deadline: Duration? = state.withLock { state in
        guard state.timer?.number == number else { return nil }
        guard let deadline = state.machine.nextDeadline else {
          state.timer = nil
          return nil
        }
        state.timer?.deadline = deadline
        return deadline
      }
      guard let deadline else { return }
      do { try await clock.sleep(deadline) } catch { return }
      expire()
    }
  }

  private func expire() {
    let isExpired = state.withLock { state in
      state.machine.nextDeadline.map { clock.now() >= $0 } ?? false
    }
    guard isExpired else { return }
    replaceWorker()
    step(.timePassed)
  }

  /// The worker may never come back from what it does; what it brings late is discarded.
  private func replaceWorker() {
    state.withLock { state in
      state.lostWorkers.removeAll { $0.worker == nil }
      guard state.lostWorkers.count < Self.maximumLostWorkers, let worker = WorkerThread() else {
        return
      }
      state.worker.stop()
      state.lostWorkers.append(WorkerReference(worker: state.worker))
      state.worker = worker
    }
  }
}
