import FileWatching
import Logging
import Metrics
import Synchronization
import SystemPackage
import Tracing
import WorkspaceFiles
import WorkspaceTools

/// Performs what the ``TransactionMachine`` decides.
///
/// The machine is stepped under a mutex by whoever has news: the watcher's thread with changed files, a caller, the
/// worker thread with what it loaded. Actions are performed after the mutex was let go. Loading, decoding and all that
/// follows happens in one go on the worker thread, so that a changed file costs one wake-up; only what the program
/// does asynchronously (validators, participants, health checks) leaves it, in tasks of the ``TaskPool``. The
/// machine gives out one phase at a time, which is what keeps two threads from performing at once what
/// belongs in an order.
final class ReloadDriver: Sendable {
  typealias Machine = TransactionMachine<UnitContent>

  /// Threads that did not come back from a load in time and were replaced; with more, the queue waits for them.
  static let maximumLostWorkers = 4

  /// How long a participant may take to let go of a product. Then its task is cancelled and counted as overdue.
  static let retireLimit = Duration.seconds(30)

  /// How long a stop waits for participants' and validators' tasks. Then it goes on without them.
  static let taskGracePeriod = Duration.seconds(35)

  /// So many tasks of participants and validators may be under way. With more, because they do not end, what needs
  /// another one is refused.
  static let maximumTasks = 1_024

  typealias Cancel = @Sendable () -> Void

  /// Something that runs between two transactions. It ends when it calls the function that it is given.
  struct JobBody: Sendable {
    var run: @Sendable (_ done: @escaping @Sendable () -> Void) -> Void
    var abandon: @Sendable () -> Void
  }

  struct SlotReference: Sendable {
    weak var slot: (any AnyValueSlot)?
  }

  /// A stream's slot, and how its values are made.
  struct StreamEntry: Sendable {
    weak var slot: (any AnyValueSlot)?
    var makeValue:
      @Sendable (_ content: UnitContent, _ generation: UInt64, _ validating: Bool) throws ->
        any AnyTypedValue
  }

  /// What streams of one unit may share.
  enum StreamKey: Sendable, Hashable {
    /// All that decode it into this type.
    case type(ObjectIdentifier)
    /// Nobody else.
    case own(UInt64)
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
    /// The slots in use, by unit. A slot's index is its place in the snapshot.
    var streams: [UnitID: [StreamKey: StreamEntry]] = [:]
    /// Who has each place in the snapshot.
    var places: [SlotReference] = []
    var validators: [String: [ConfigValidator]] = [:]
    var members: [Machine.Participant: any AnyMembership] = [:]
    /// What participants have made and not let go of.
    var products: [Machine.Product: any AnyHeldProduct] = [:]
    /// What cancels the tasks that the phase under way waits for.
    var phaseTasks: [Cancel] = []
    /// What cancels the health check under way; nil if there is none.
    var cancelHealthCheck: Cancel?
    /// The one that was asked for meanwhile.
    var nextHealthCheck: Machine.HealthCheck?
    /// What gives up the registrations that wait for the program.
    var registrations: [UInt64: Cancel] = [:]
    var isStopping = false
    /// What the transaction under way has decoded.
    var prepared: [UnitID: [PreparedValue]] = [:]
    /// The content of each unit's files when they were last read; nil if they could not be.
    var read: [UnitID: [FilePath: ContentDigest]?] = [:]
    /// The same, when the unit was last published.
    var readBefore: [UnitID: [FilePath: ContentDigest]?] = [:]
    /// What was in force before what is on trial.
    var beforeBake: SnapshotStorage?
    var timer: Timer?
    /// What the transaction under way has told.
    var told: [PublishedEvent] = []
    var account = ReloadAccount()
    var condition = Condition()
    var retirement = Retirement()
  }

  let configs: any ConfigSource
  let classifier: Classifier
  let clock: ReloadClock
  let cell: SnapshotCell
  let bus: EventBus
  let log: ReloadLog
  let metrics: ReloadMetrics?
  let tracing: ReloadTracing?
  let isValidating: Bool
  let fallsBack: Bool
  let healthCheck: (@Sendable (Snapshot) async throws -> Void)?
  let recorder: (any ReloadRecorder)?
  let failpoint: (@Sendable (JournalFailpoint) -> Void)?
  let feed = ReloadFeed()
  /// Nil if the workspace's own files come into force as they change.
  let held: HeldChanges?
  let exposures: ExposureHub
  let demanded = DemandedFiles()
  /// The subscription of templates and assets.
  let contentSubscription: Int
  let groups: FileGroups
  let sets: FileSets
  let tasks: TaskPool
  let stopped = Latch()
  let state: Mutex<State>

  init(
    configs: any ConfigSource, configuration: HotReloadConfiguration, clock: ReloadClock,
    bus: EventBus, limits: Machine.Limits = Machine.Limits(),
    memory: Machine.Memory = Machine.Memory(), recorder: (any ReloadRecorder)? = nil,
    sets: FileSets = FileSets()
  ) throws(HotReloadError) {
    guard let worker = WorkerThread() else {
      throw HotReloadError(
        code: .cannotWatch,
        message: "no thread could be started for the reloads; the process has "
          + "reached its limit of threads or memory")
    }
    self.configs = configs
    let tasks = TaskPool()
    self.tasks = tasks
    exposures = ExposureHub { tasks.start($0) }
    groups = FileGroups()
    self.sets = sets
    classifier = Classifier(configs: configs, groups: groups, sets: sets)
    contentSubscription = WatchPlan(configuration).parts.count - 1
    self.clock = clock
    self.bus = bus
    log = ReloadLog(logger: configuration.logger)
    metrics = ReloadMetrics(configuration.metricsFactory ?? MetricsSystem.factory)
    tracing = ReloadTracing(configuration.tracer ?? InstrumentationSystem.tracer)
    isValidating = configuration.validateBeforeReload
    fallsBack = configuration.bootPolicy == .lastGood
    healthCheck = configuration.healthCheck
    self.recorder = recorder
    failpoint = configuration.failpoint
    held = configuration.contentMode == .workspace ? nil : HeldChanges()
    cell = SnapshotCell(
      SnapshotStorage(generation: memory.generation, units: [:], values: []))
    var limits = limits
    limits.bake = configuration.bake
    limits.checksHealth = configuration.healthCheck != nil
    limits.healthInterval = configuration.healthCheckInterval
    let machine = Machine(
      groups: configuration.atomicGroups, limits: limits, memory: memory,
      root: configuration.contentMode.initialFolder.map(ContentRoot.folder) ?? .workspace,
      isManaged: held != nil)
    state = Mutex(State(machine: machine, worker: worker))
  }

  /// Gives the machine an event and performs what it answers.
  func step(_ event: Machine.Event) {
    let (actions, unneeded, observation) = state.withLock {
      state -> ([Machine.Action], [Cancel], Observation) in
      let now = clock.now()
      let before = state.machine.running
      let mark = tracing == nil ? nil : TransactionMark(before)
      let actions = state.machine.handle(event, at: now)
      let observation = state.observe(actions, after: mark, at: now)
      let after = state.machine.running
      if before?.id == after?.id, before?.phase == after?.phase {
        return (actions, [], observation)
      }
      defer { state.phaseTasks = [] }
      return (actions, state.phaseTasks, observation)
    }
    // Whatever the phase still waited for, it went on or was given up without it.
    for cancel in unneeded { cancel() }
    tell(observation)
    for action in actions { perform(action) }
    armTimer()
  }

  private func perform(_ action: Machine.Action) {
    switch action {
    case .load(let id, let units, let isEverything):
      enqueue { $0.load(id, units, isEverything: isEverything) }
    case .validate(let id, let contents): validate(id, contents)
    case .prepare(let id, let generation, let makings, let contents):
      prepare(id, generation: generation, makings, contents)
    case .swap(let id, let generation, let swap): self.swap(id, generation: generation, swap)
    case .publish(let id, let publication): publish(id, publication)
    case .activate(let id, let activations): activate(id, activations)
    case .retire(let products): retire(products)
    case .checkHealth(let check): checkHealth(check)
    case .unhealthy(let generation, let reason): log.unhealthy(generation, reason)
    case .baked(let baked): finishBake(baked)
    case .quarantine(let contents, let reason):
      recorder?.quarantined(contents, because: reason)
    case .finished(let report): finish(report)
    case .answer(let ticket, let report):
      state.withLock { $0.tickets.removeValue(forKey: ticket) }?.resume(returning: report)
    case .run(let job): run(job)
    case .abandon(let tickets, let jobs, let reason): abandon(tickets, jobs, reason)
    case .stopped: stopped.open()
    }
  }

  /// Tells those who want to know of whole transactions.
  private func finish(_ report: ReloadReport) {
    held?.endLoading(isInForce: !report.isContentRefused)
    let events = state.withLock { state in
      defer { state.told = [] }
      return state.told
    }
    feed.send(report, events)
  }

  private func enqueue(_ work: @escaping @Sendable (ReloadDriver) -> Void) {
    state.withLock { $0.worker }.enqueue { work(self) }
  }

  private func run(_ job: Machine.Job) {
    enqueue { driver in
      let body = driver.state.withLock { $0.jobs.removeValue(forKey: job) }
      guard let body else { return driver.step(.jobDone(job)) }
      body.run { driver.step(.jobDone(job)) }
    }
  }

  private func abandon(
    _ tickets: [Machine.Ticket], _ jobs: [Machine.Job], _ reason: Machine.AbandonReason
  ) {
    let (continuations, bodies) = state.withLock { state in
      (
        tickets.compactMap { state.tickets.removeValue(forKey: $0) },
        jobs.compactMap { state.jobs.removeValue(forKey: $0) }
      )
    }
    let error = reason == .paused ? HotReloadError.paused : .shutDown
    for continuation in continuations { continuation.resume(throwing: error) }
    for body in bodies { body.abandon() }
  }
}

// MARK: Entrances

extension ReloadDriver {
  func classify(
    _ candidate: Candidate, only accepted: (UnitID) -> Bool = { _ in true }
  ) -> ClassifiedCandidate {
    let start = clock.now()
    var classified = classifier.classify(candidate, only: accepted)
    let end = clock.now()
    classified.classifying = end - start
    classified.classified = start...end
    return classified
  }

  /// Puts a candidate through a transaction.
  func submit(_ candidate: Candidate) async throws -> ReloadReport {
    var classified = classify(candidate)
    classified.origins = origins
    return try await withTicket { [classified] in .submit(classified, $0) }
  }

  /// A number that nothing else has.
  func newNumber() -> UInt64 {
    state.withLock { state in
      state.lastNumber += 1
      return state.lastNumber
    }
  }

  func clearQuarantine(of unit: UnitID?) {
    step(.clearQuarantine(unit))
    recorder?.clearedQuarantine(of: unit)
  }

  /// Returns when all that was submitted before has been through a transaction.
  func drain() async throws {
    _ = try await withTicket { .drain($0) }
  }

  func withTicket(
    _ event: @Sendable (Machine.Ticket) -> Machine.Event
  ) async throws -> ReloadReport {
    try await withCheckedThrowingContinuation { step(event(ticket(for: $0))) }
  }

  /// A ticket whose report this one waits for.
  func ticket(for waiter: CheckedContinuation<ReloadReport, any Error>) -> Machine.Ticket {
    state.withLock { state in
      state.lastNumber += 1
      let ticket = Machine.Ticket(number: state.lastNumber)
      state.tickets[ticket] = waiter
      return ticket
    }
  }

  /// Runs something on the worker thread between two transactions.
  func job<Result: Sendable>(
    _ body: @escaping @Sendable () -> Swift.Result<Result, any Error>
  ) async throws -> Result {
    try await withJob { continuation, done in
      continuation.resume(with: body())
      done()
    }
  }

  /// Runs something asynchronous between two transactions. It must end by itself: all waits until it does.
  func asyncJob<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    try await withJob { continuation, done in
      self.tasks.start {
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        // The queue goes on first, so that whoever waited can use it at once.
        done()
        continuation.resume(with: result)
      }
    }
  }

  /// Runs something between two transactions, which goes on until it calls `done`.
  func withJob<Result: Sendable>(
    _ run:
      @escaping @Sendable (
        CheckedContinuation<Result, any Error>, _ done: @escaping @Sendable () -> Void
      ) -> Void
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      let job = state.withLock { state in
        state.lastNumber += 1
        let job = Machine.Job(number: state.lastNumber)
        state.jobs[job] = JobBody(
          run: { done in run(continuation, done) },
          abandon: { continuation.resume(throwing: HotReloadError.shutDown) })
        return job
      }
      step(.enqueue(job))
    }
  }
}
