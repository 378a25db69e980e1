import FileWatching
import WorkspaceTools

/// The rules of a reload, without any file, thread or clock: events and the time go in, actions come out.
///
/// Transactions are serial. Candidates that arrive during one are merged into the next. A job (such as the
/// registration of a stream) runs between two transactions, so what it sees in force stays in force while it runs.
///
/// Whoever drives it performs the actions in their order, and answers each with the event that it asks for.
/// Time is a duration since any fixed moment.
struct TransactionMachine<Content: Equatable & Sendable>: Sendable {
  /// What the loader found for a unit.
  enum LoadResult: Sendable, Equatable {
    case content(Content)
    case rejected([ConfigDiagnostic])
    /// There is nothing to load; the diagnostic says what was looked for.
    case absent(ConfigDiagnostic)
  }

  enum Event: Sendable {
    /// A candidate, and whom to tell its report.
    case submit(ClassifiedCandidate, Ticket?)
    /// Tell this one when everything submitted before has been through a transaction.
    case drain(Ticket)
    /// Run this between two transactions.
    case enqueue(Job)
    case loaded(Transaction, [UnitID: LoadResult])
    /// What is wrong with each unit that was to be validated; a unit that is missing is good.
    case validated(Transaction, [UnitID: [ConfigDiagnostic]])
    case swapped(Transaction)
    case published(Transaction)
    case jobDone(Job)
    /// A deadline may have passed.
    case timePassed
    case stop
  }

  enum Action: Sendable {
    /// Load these units, and every other one there is if `isEverything`. Answer: `loaded`.
    case load(Transaction, [UnitID], isEverything: Bool)
    /// Answer: `validated`.
    case validate(Transaction, [UnitID: Content])
    /// Put these in force, as this generation. Answer: `swapped`.
    case swap(Transaction, generation: UInt64, [UnitID: Content])
    /// Answer: `published`.
    case publish(Transaction, Publication)
    /// A transaction ended.
    case finished(ReloadReport)
    case answer(Ticket, ReloadReport)
    /// Answer: `jobDone`.
    case run(Job)
    /// There will be no answer for these any more: the machine was stopped.
    case abandon([Ticket], [Job])
    /// Nothing runs any more, and nothing will.
    case stopped
  }

  /// Who waits for a report.
  struct Ticket: Sendable, Hashable { var number: UInt64 }
  /// Something that runs between two transactions.
  struct Job: Sendable, Hashable { var number: UInt64 }
  /// The number of a transaction, by which what comes late is known.
  struct Transaction: Sendable, Hashable { var number: UInt64 }

  /// How long a phase may take. What comes after its deadline is discarded.
  struct Limits: Sendable {
    var load: Duration = .seconds(30)
    var validate: Duration = .seconds(10)
    /// How many content changes are published at a time, so that a config waits for no more than these.
    var contentSlice = 512
  }

  /// What is known about one unit.
  struct Unit: Sendable {
    /// What is in force; nil if nothing was good yet.
    var applied: Content?
    /// Why what is on disk is not in force; empty if it is.
    var refusal: [ConfigDiagnostic] = []
  }

  /// One unit's part of a publication.
  struct UnitChange: Sendable {
    var unit: UnitID
    var outcome: ReloadOutcome
    var old: Content?
    /// What is in force now.
    var new: Content?
    var isChanged: Bool
    /// The same was said about this unit before.
    var isRepeated: Bool
  }

  /// What the rest of the program is told about a transaction.
  struct Publication: Sendable {
    var producers: [Candidate.Producer]
    var generation: UInt64
    var units: [UnitChange]
    var unitChanges: [UnitID: [FileChange]]
    var content: [FileChange]
    var notices: [WatchNotice]
    /// From the begin of the transaction until the new values were in force.
    var duration: Duration
  }

  /// The transaction that is under way.
  struct Running: Sendable {
    var id: Transaction
    var candidate: ClassifiedCandidate
    var asked: Set<UnitID>
    var tickets: [Waiter]
    var started: Duration
    var phase: ReloadPhase
    var phaseStarted: Duration
    var phases: [ReloadReport.PhaseDuration] = []
    var deadline: Duration?
    var changes: [UnitID: UnitChange] = [:]
    var candidates: [UnitID: Content] = [:]
  }

  /// Who waits for a report, and until how much content was published.
  struct Waiter: Sendable {
    var ticket: Ticket
    var contentNumber: Int
  }

  let groups: AtomicGroups
  let limits: Limits
  private(set) var generation: UInt64
  var units: [UnitID: Unit] = [:]
  var running: Running?
  var runningJob: Job?
  var jobs: [Job] = []
  var pending = ClassifiedCandidate()
  var pendingTickets: [Waiter] = []
  /// Reports that wait for the rest of their content.
  var incomplete: [(waiter: Waiter, report: ReloadReport)] = []
  var content: [FileChange] = []
  var contentPublished = 0
  var isStopping = false
  private var isStopped = false
  private var lastTransaction: UInt64 = 0

  init(groups: AtomicGroups = .none, limits: Limits = Limits(), generation: UInt64 = 0) {
    self.groups = groups
    self.limits = limits
    self.generation = generation
  }

  /// When `timePassed` is due; nil if nothing is waited for.
  var nextDeadline: Duration? { running?.deadline }

  /// Whether nothing is under way and nothing waits.
  var isIdle: Bool {
    running == nil && runningJob == nil && jobs.isEmpty && !pending.isUrgent && content.isEmpty
      && pendingTickets.isEmpty
  }

  /// Takes an event in, at a time that never runs backwards.
  mutating func handle(_ event: Event, at now: Duration) -> [Action] {
    switch event {
    case .submit(let candidate, let ticket):
      guard !isStopping else { return [.abandon(ticket.map { [$0] } ?? [], [])] }
      pending.merge(candidate)
      content.merge(candidate.content)
      if let ticket { wait(ticket) }
      return beginNext(at: now)
    case .drain(let ticket):
      guard !isStopping else { return [.abandon([ticket], [])] }
      wait(ticket)
      return beginNext(at: now)
    case .enqueue(let job):
      guard !isStopping else { return [.abandon([], [job])] }
      jobs.append(job)
      return beginNext(at: now)
    case .jobDone(let job):
      guard runningJob == job else { return [] }
      runningJob = nil
      return beginNext(at: now)
    case .loaded(let id, let results):
      guard running?.id == id, running?.phase == .load else { return [] }
      return compare(results, at: now)
    case .validated(let id, let errors):
      guard running?.id == id, running?.phase == .validate else { return [] }
      return decide(errors, at: now)
    case .swapped(let id):
      guard running?.id == id, running?.phase == .swap else { return [] }
      return publish(at: now)
    case .published(let id):
      guard running?.id == id, running?.phase == .publish else { return [] }
      return complete(at: now)
    case .timePassed:
      return expire(at: now)
    case .stop:
      return stop(at: now)
    }
  }

  private mutating func wait(_ ticket: Ticket) {
    pendingTickets.append(
      Waiter(ticket: ticket, contentNumber: contentPublished + content.count + inFlight))
  }

  private var inFlight: Int { running?.candidate.content.count ?? 0 }

  /// Starts what is to be done next, if nothing is under way.
  mutating func beginNext(at now: Duration) -> [Action] {
    guard running == nil, runningJob == nil else { return [] }
    if isStopping {
      guard !isStopped else { return [] }
      isStopped = true
      return [.stopped]
    }
    if !jobs.isEmpty {
      let job = jobs.removeFirst()
      runningJob = job
      return [.run(job)]
    }
    guard pending.isUrgent || !pendingTickets.isEmpty || !content.isEmpty else { return [] }
    return begin(at: now)
  }

  private mutating func begin(at now: Duration) -> [Action] {
    var candidate = pending
    pending = ClassifiedCandidate()
    if !candidate.isUrgent {
      candidate.content = Array(content.prefix(limits.contentSlice))
      content.removeFirst(candidate.content.count)
      // Merged candidates of which only content is left came from the watcher.
      if candidate.producers.isEmpty { candidate.producers = [.watcher] }
    }
    lastTransaction += 1
    let id = Transaction(number: lastTransaction)
    var asked = candidate.units
    if candidate.isEverything { asked.formUnion(units.keys) }
    asked.formUnion(heldBack(with: asked))
    var transaction = Running(
      id: id, candidate: candidate, asked: asked, tickets: pendingTickets, started: now,
      phase: .load, phaseStarted: now)
    pendingTickets = []
    if candidate.classifying > .zero || !asked.isEmpty {
      transaction.phases.append(.init(phase: .classify, duration: candidate.classifying))
    }
    running = transaction
    guard !asked.isEmpty || candidate.isEverything else {
      running?.phase = .swap
      return publish(at: now)
    }
    running?.deadline = now + limits.load
    return [.load(id, asked.sorted(), isEverything: candidate.isEverything)]
  }

  /// The rejected units of the groups that these belong to: a group can pass only as a whole.
  private func heldBack(with asked: Set<UnitID>) -> Set<UnitID> {
    var refused: Set<UnitID> = []
    // No key paths here: in a generic type each use makes them anew, which costs more than all the rest.
    for (unit, known) in units where !known.refusal.isEmpty { refused.insert(unit) }
    if refused.isEmpty { return [] }
    let keys = Set(asked.map { groups.key(of: $0) })
    return refused.filter { keys.contains(groups.key(of: $0)) }
  }

  mutating func nextGeneration() -> UInt64 {
    generation += 1
    return generation
  }

  /// Ends the current phase and begins the next.
  mutating func enter(_ phase: ReloadPhase, at now: Duration, limit: Duration? = nil) {
    guard var transaction = running else { return }
    transaction.phases.append(
      .init(phase: transaction.phase, duration: now - transaction.phaseStarted))
    transaction.phase = phase
    transaction.phaseStarted = now
    transaction.deadline = limit.map { now + $0 }
    running = transaction
  }
}
