import FileWatching
import WorkspaceTools

extension TransactionMachine {
  /// The transaction that is under way.
  struct Running: Sendable {
    var id: Transaction
    var candidate: ClassifiedCandidate
    var asked: Set<UnitID>
    var tickets: [Waiter]
    var started: Duration
    var phase: ReloadPhase
    var phaseStarted: Duration
    /// Where its units are loaded from.
    var root: ContentRoot
    /// Whether all that is loaded from there passes or fails together.
    var isWhole = false
    /// Whether that is another place than the one that what is in force comes from.
    var isSwitch = false
    var facts = LoadFacts()
    var phases: [ReloadReport.PhaseDuration] = []
    var deadline: Duration?
    var changes: [UnitID: UnitChange] = [:]
    /// What may still come into force.
    var candidates: [UnitID: Content] = [:]
    /// The units whose last good content is put in force, since what is on disk is not good, and why it is not.
    var fellBack: [UnitID: [ConfigDiagnostic]] = [:]
    /// The units that participants refused together with others, or for the sake of others.
    var heldBack: Set<UnitID> = []
    /// Units that do not exist and never were in force.
    var forgotten: Set<UnitID> = []
    /// Units that are in force and do not exist any more, and nobody asks for.
    var removed: Set<UnitID> = []
    /// Whether the place that all was loaded from was refused.
    var isRootRefused = false
    /// Where what was in force came from before, if it was not refused.
    var rootBefore: ContentRoot?
    /// What participants make of the candidates.
    var makings: [Product: Attempt] = [:]
    /// Whether it brings back what was in force before.
    var isRollBack = false
    var activations: [Activation] = []
    /// What it replaced and nothing will bring back.
    var retired: [Product] = []
  }

  /// A product that was asked for.
  struct Attempt: Sendable {
    var participant: Participant
    /// Nil until the participant answered.
    var result: PrepareResult?
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

  /// What a unit has in common with others that pass or fail with it in this transaction.
  func key(of unit: UnitID, in transaction: Running) -> AtomicGroups.Key {
    guard transaction.isWhole || isManaged else { return groups.key(of: unit) }
    // What is each machine's own stands for itself.
    return transaction.facts.own.contains(unit) ? .alone(unit) : .all
  }

  func change(
    _ unit: UnitID, _ known: Unit, _ outcome: ReloadOutcome, isRepeated: Bool
  ) -> UnitChange {
    UnitChange(
      unit: unit, outcome: outcome, old: known.applied, new: known.applied, isChanged: false,
      isRepeated: isRepeated)
  }

  /// The unit does not come into force; the outcome says why.
  func refusal(_ unit: UnitID, _ outcome: ReloadOutcome) -> UnitChange {
    let known = units[unit] ?? Unit()
    return change(unit, known, outcome, isRepeated: known.refusal == outcome.diagnostics)
  }

  /// Ends the waiting for a phase whose time is up. What it was to answer comes late and is discarded.
  mutating func expire(at now: Duration) -> [Action] {
    var actions = expireBake(at: now)
    guard let transaction = running, let deadline = transaction.deadline, now >= deadline else {
      return actions
    }
    switch transaction.phase {
    case .load:
      let limit = deadline - transaction.phaseStarted
      var results: [UnitID: LoadResult] = [:]
      for unit in transaction.asked {
        results[unit] = .rejected([late(unit, "reading took longer than \(limit)")])
      }
      if transaction.isWhole {
        // What is left out cannot be known.
        running?.facts.failure = ConfigDiagnostic(
          location: nil, message: "reading took longer than \(limit)")
      }
      actions += compare(results, at: now)
    case .validate:
      var verdicts: [UnitID: [ConfigDiagnostic]] = [:]
      for unit in transaction.candidates.keys {
        verdicts[unit] = [late(unit, "the validators did not answer within \(limits.validate)")]
      }
      actions += decide(verdicts, at: now)
    case .prepare: actions += settle(at: now)
    case .activate: actions += complete(at: now)
    default: break
    }
    return actions
  }

  private func late(_ unit: UnitID, _ reason: String) -> ConfigDiagnostic {
    let consequence =
      units[unit]?.applied == nil
      ? "nothing of \(unit) is in force yet; reload to try again"
      : "the last good value stays in force"
    return ConfigDiagnostic(location: nil, message: "\(reason), so \(consequence)")
  }

  /// Gives up a transaction that has not been swapped in. What it was for is asked for again.
  mutating func giveBack() -> [Action] {
    guard let transaction = running, transaction.phase.isBeforeSwap else { return [] }
    running = nil
    // A transaction that carries content changes loads nothing, so this one has none to give back.
    var candidate = transaction.candidate
    candidate.merge(pending)
    pending = candidate
    pendingTickets = transaction.tickets + pendingTickets
    return [.retire(transaction.madeProducts)]
  }

  /// Puts nothing in force any more but what is being swapped in; whoever waits for more is told.
  mutating func pause(at now: Duration) -> [Action] {
    guard !isPaused, !isStopping else { return [] }
    isPaused = true
    let actions = giveBack()
    return actions + [.abandon(takeTickets(), [], .paused)] + beginNext(at: now)
  }

  /// Takes out all who wait for a transaction to come, or for the rest of their content.
  mutating func takeTickets() -> [Ticket] {
    defer {
      pendingTickets = []
      incomplete = []
    }
    return pendingTickets.map { $0.ticket } + incomplete.map { $0.waiter.ticket }
  }

  /// Aborts what is before its swap, and finishes what is after it.
  mutating func stop(at now: Duration) -> [Action] {
    guard !isStopping else { return [] }
    isStopping = true
    var actions = giveBack()
    let tickets = takeTickets()
    pending = ClassifiedCandidate()
    content = []
    rollBackReason = nil
    let abandoned = jobs
    jobs = []
    actions.append(.abandon(tickets, abandoned, .stopped))
    return actions + beginNext(at: now)
  }
}

extension TransactionMachine.Running {
  /// Whether it puts something in force or takes something out.
  var hasNews: Bool { !candidates.isEmpty || !removed.isEmpty }

  /// Whether the unit stays what it was, with what is known of it, if the place that all is loaded from is refused.
  func staysAside(_ unit: UnitID) -> Bool { isSwitch && !facts.own.contains(unit) }

  /// The products that participants have made for it so far.
  var madeProducts: [TransactionMachine.Product] {
    var made: [TransactionMachine.Product] = []
    for (product, attempt) in makings where attempt.result == .made { made.append(product) }
    return made
  }
}

extension ReloadPhase {
  var isBeforeSwap: Bool {
    switch self {
    case .classify, .load, .compare, .validate, .prepare: true
    case .swap, .publish, .activate, .verify, .retire: false
    }
  }
}
