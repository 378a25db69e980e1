import FileWatching
import WorkspaceTools

/// What a unit consists of, as the machine sees it.
protocol TransactionContent: Equatable, Sendable {
  associatedtype Fingerprint: Hashable & Sendable
  /// Equal for equal contents, also in another process; computed only where it is needed.
  var fingerprint: Fingerprint { get }
}

/// The rules of a reload, without any file, thread or clock: events and the time go in, actions come out.
///
/// Transactions are serial. Candidates that arrive during one are merged into the next. A job (such as the
/// registration of a stream) runs between two transactions, so what it sees in force stays in force while it runs.
///
/// Participants make products of what passed, before it is swapped in. What was swapped in is on trial during its
/// bake: what it replaced is kept, and comes back if the health check fails.
///
/// Whoever drives it performs the actions in their order, and answers each with the event that it asks for.
/// Time is a duration since any fixed moment.
struct TransactionMachine<Content: TransactionContent>: Sendable {
  /// What the loader found for a unit.
  enum LoadResult: Sendable, Equatable {
    case content(Content)
    case rejected([ConfigDiagnostic])
    /// There is nothing to load; the diagnostic says what was looked for.
    case absent(ConfigDiagnostic)
  }

  /// What became of a participant's attempt to make a product.
  enum PrepareResult: Sendable, Equatable {
    case made
    /// There is no product.
    case refused([ConfigDiagnostic])
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
    /// One participant is done, maybe too late.
    case prepared(Transaction, Product, PrepareResult)
    case swapped(Transaction)
    case published(Transaction)
    case activated(Transaction)
    case jobDone(Job)
    /// What a health check that was asked for said: nil if all is well, else what is not.
    case healthChecked(HealthCheck, failure: String?)
    /// Put nothing in force until `resume`, except by a roll-back.
    case pause
    case resume
    /// Forget what was rolled back: of this unit, or of all.
    case clearQuarantine(UnitID?)
    /// A deadline may have passed.
    case timePassed
    case stop
  }

  enum Action: Sendable {
    /// Load these units, and every other one there is if `isEverything`. Answer: `loaded`.
    case load(Transaction, [UnitID], isEverything: Bool)
    /// Answer: `validated`.
    case validate(Transaction, [UnitID: Content])
    /// Have these products made of these contents and of what else is in force. Answer: `prepared` for each.
    case prepare(Transaction, generation: UInt64, [Making], [UnitID: Content])
    /// Put these in force, as this generation. Answer: `swapped`.
    case swap(Transaction, generation: UInt64, Swap)
    /// Answer: `published`.
    case publish(Transaction, Publication)
    /// Tell these that they came into force. Answer: `activated`.
    case activate(Transaction, [Activation])
    /// These will not come into force again.
    case retire([Product])
    /// Ask whether all is well. Answer: `healthChecked`.
    case checkHealth(HealthCheck)
    /// The health check failed, and there is nothing to go back to.
    case unhealthy(generation: UInt64, reason: String)
    /// These units outlived their bake.
    case baked(Baked)
    /// These contents were rolled back and are not to come into force again.
    case quarantine([UnitID: Content], reason: String)
    /// A transaction ended.
    case finished(ReloadReport)
    case answer(Ticket, ReloadReport)
    /// Answer: `jobDone`.
    case run(Job)
    /// There will be no answer for these.
    case abandon([Ticket], [Job], AbandonReason)
    /// Nothing runs any more, and nothing will.
    case stopped
  }

  enum AbandonReason: Sendable { case stopped, paused }

  /// Who waits for a report.
  struct Ticket: Sendable, Hashable { var number: UInt64 }
  /// Something that runs between two transactions.
  struct Job: Sendable, Hashable { var number: UInt64 }
  /// The number of a health check, by which an answer that comes late is known.
  struct HealthCheck: Sendable, Hashable { var number: UInt64 }
  /// The number of a transaction, by which what comes late is known.
  struct Transaction: Sendable, Hashable { var number: UInt64 }
  /// Somebody who makes products.
  struct Participant: Sendable, Hashable { var number: UInt64 }
  /// Something that a participant made or is to make. Each number is used once.
  struct Product: Sendable, Hashable { var number: UInt64 }

  /// How many contents of a unit are kept in quarantine; beyond it the oldest is forgotten.
  static var maximumQuarantined: Int { 16 }

  let groups: AtomicGroups
  let limits: Limits
  /// Whether only candidates bring what comes into force, all of it at once.
  let isManaged: Bool
  /// Where what is in force comes from.
  var root: ContentRoot
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
  /// Those who make products, each with the one that is in force.
  var members: [Participant: Member] = [:]
  var bake: Bake?
  /// Why what is on trial must go, as soon as nothing else runs.
  var rollBackReason: String?
  var lastGood: [UnitID: Content]
  /// What an earlier process knew to be good, of units of which nobody has accepted anything newer yet. What is loaded
  /// when a process starts may outlive its bake before anybody asks for it in a type that refuses it.
  var earlier: [UnitID: Content]
  var quarantine: [UnitID: [Quarantined]]
  var isPaused = false
  var isStopping = false
  private var isStopped = false
  private var lastNumber: UInt64 = 0

  init(
    groups: AtomicGroups = .none, limits: Limits = Limits(), memory: Memory = Memory(),
    root: ContentRoot = .workspace, isManaged: Bool = false
  ) {
    self.groups = groups
    self.limits = limits
    self.root = root
    self.isManaged = isManaged
    generation = memory.generation
    quarantine = memory.quarantine
    lastGood = [:]
    earlier = [:]
    lastGood = memory.lastGood.filter { quarantineReason(of: $1, $0) == nil }
    earlier = lastGood
  }

  /// When `timePassed` is due; nil if nothing is waited for.
  var nextDeadline: Duration? {
    guard let checked = bake?.deadline, !isStopping else { return running?.deadline }
    return running?.deadline.map { min($0, checked) } ?? checked
  }

  /// Whether nothing is under way and nothing waits, but for a bake.
  var isIdle: Bool {
    running == nil && runningJob == nil && jobs.isEmpty && !pending.isUrgent && content.isEmpty
      && pendingTickets.isEmpty && rollBackReason == nil
  }

  /// Takes an event in, at a time that never runs backwards.
  mutating func handle(_ event: Event, at now: Duration) -> [Action] {
    switch event {
    case .submit(let candidate, let ticket):
      guard accepts(ticket) else { return [.abandon(ticket.map { [$0] } ?? [], [], refusalReason)] }
      pending.merge(candidate)
      content.merge(candidate.content)
      if let ticket { wait(ticket) }
      return beginNext(at: now)
    case .drain(let ticket):
      guard accepts(ticket) else { return [.abandon([ticket], [], refusalReason)] }
      wait(ticket)
      return beginNext(at: now)
    case .enqueue(let job):
      guard !isStopping else { return [.abandon([], [job], .stopped)] }
      jobs.append(job)
      return beginNext(at: now)
    case .jobDone(let job):
      guard runningJob == job else { return [] }
      runningJob = nil
      return beginNext(at: now)
    case .prepared(let id, let product, let result):
      return take(result, of: product, for: id, at: now)
    case .loaded(let id, let results):
      return isRunning(id, .load) ? compare(results, at: now) : []
    case .validated(let id, let errors):
      return isRunning(id, .validate) ? decide(errors, at: now) : []
    case .swapped(let id):
      return isRunning(id, .swap) ? publish(at: now) : []
    case .published(let id):
      return isRunning(id, .publish) ? activate(at: now) : []
    case .activated(let id):
      return isRunning(id, .activate) ? complete(at: now) : []
    case .healthChecked(let check, let failure):
      return takeHealth(check, failure, at: now)
    case .pause:
      return pause(at: now)
    case .resume:
      isPaused = false
      return beginNext(at: now)
    case .clearQuarantine(let unit):
      if let unit { quarantine[unit] = nil } else { quarantine = [:] }
      return []
    case .timePassed:
      return expire(at: now)
    case .stop:
      return stop(at: now)
    }
  }

  private func isRunning(_ id: Transaction, _ phase: ReloadPhase) -> Bool {
    running?.id == id && running?.phase == phase
  }

  /// What nobody waits for may come in a pause: it is kept.
  private func accepts(_ ticket: Ticket?) -> Bool {
    !isStopping && (!isPaused || ticket == nil)
  }

  private var refusalReason: AbandonReason { isStopping ? .stopped : .paused }

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
      return [.retire(forgetProducts()), .stopped]
    }
    if let reason = rollBackReason {
      rollBackReason = nil
      let actions = rollBack(because: reason, at: now)
      if !actions.isEmpty { return actions }
    }
    if !jobs.isEmpty {
      let job = jobs.removeFirst()
      runningJob = job
      return [.run(job)]
    }
    guard !isPaused else { return [] }
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
    let id = Transaction(number: nextNumber())
    var asked = candidate.units
    if candidate.isEverything { asked.formUnion(units.keys) }
    // Templates and assets that somebody asks for the first time contradict nothing, and without them a server on which somebody
    // mends a config could not begin.
    let isFirstContent =
      candidate.producers == [.registration]
      && asked.allSatisfy { $0.isContent && units[$0]?.applied == nil }
    // What is managed is refused by a place, and its own files do not mend that.
    if !isFirstContent, !isManaged { asked.formUnion(heldBack(with: asked)) }
    var transaction = Running(
      id: id, candidate: candidate, asked: asked, tickets: pendingTickets, started: now,
      phase: .load, phaseStarted: now, root: candidate.root ?? root)
    transaction.isWhole = candidate.root != nil || (isManaged && candidate.isEverything)
    transaction.isSwitch = transaction.root != root
    pendingTickets = []
    if candidate.classifying > .zero || !asked.isEmpty {
      transaction.phases.append(.init(phase: .classify, duration: candidate.classifying))
    }
    running = transaction
    guard !asked.isEmpty || candidate.isEverything else {
      running?.phase = .swap
      return publish(at: now)
    }
    // At the start nobody knows what there is.
    let isFirst =
      asked.contains { units[$0]?.applied == nil }
      || candidate.isEverything && units.values.allSatisfy { $0.applied == nil }
    running?.deadline = now + (isFirst ? limits.firstLoad : limits.load)
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

  mutating func nextNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  mutating func nextGeneration() -> UInt64 {
    generation += 1
    return generation
  }
}
