import WorkspaceTools

extension TransactionMachine {
  /// What came into force since the last bake ended well, and what it replaced.
  struct Bake: Sendable {
    enum Check: Sendable {
      /// None before the transaction is over, or none at all.
      case none
      case due(at: Duration)
      case asked(at: Duration, deadline: Duration)
    }

    /// The generation on trial.
    var generation: UInt64
    var started: Duration
    var until: Duration?
    /// What was in force of each unit that changed; nil for nothing.
    var replaced: [UnitID: Content?] = [:]
    /// The products that were in force.
    var products: [Participant: Product] = [:]
    var check = Check.none
    /// Why the last check failed, if there is nothing to go back to.
    var failure: String?

    /// When time alone brings something about.
    var deadline: Duration? {
      switch check {
      case .none: until
      case .due(let time): time
      case .asked(_, let deadline): deadline
      }
    }
  }

  /// Why the generation in force is known not to be healthy although there is nothing to go back to.
  var healthFailure: String? { bake?.failure }

  /// Remembers what a transaction replaces. False if it brings back what was there before.
  mutating func putOnTrial(_ transaction: Running, at now: Duration) -> Bool {
    guard !transaction.isRollBack else { return false }
    var trial = bake ?? Bake(generation: generation, started: now)
    trial.generation = generation
    trial.check = .none
    trial.until = nil
    for (unit, change) in transaction.changes where change.isChanged {
      // What was on trial itself is nothing to go back to.
      if trial.replaced[unit] == nil { trial.replaced[unit] = .some(change.old) }
    }
    bake = trial
    // A failure of what has just been replaced says nothing about what replaced it.
    rollBackReason = nil
    return true
  }

  /// Begins the bake of what a transaction put in force.
  mutating func beginBake(after transaction: Running, at now: Duration) -> [Action] {
    let retired = Action.retire(transaction.retired)
    guard var trial = bake, !transaction.isRollBack, !isStopping else { return [retired] }
    guard limits.bake > .zero else { return [retired] + endBake(at: now) }
    trial.started = now
    trial.until = now + limits.bake
    bake = trial
    return limits.checksHealth ? [retired, askHealth(at: now)] : [retired]
  }

  private mutating func askHealth(at now: Duration) -> Action {
    bake?.check = .asked(at: now, deadline: now + limits.health)
    return .checkHealth(generation: generation)
  }

  /// Takes the answer of a health check. What is said of an older generation says nothing of this one.
  mutating func takeHealth(
    of checked: UInt64, _ failure: String?, at now: Duration
  ) -> [Action] {
    guard let trial = bake, trial.generation == checked, let until = trial.until,
      rollBackReason == nil
    else { return [] }
    if let failure { return failTrial(because: failure, at: now) }
    guard case .asked(let asked, _) = trial.check else { return [] }
    bake?.failure = nil
    if asked >= until { return endBake(at: now) }
    bake?.check = .due(at: max(now, min(now + limits.healthInterval, until)))
    return []
  }

  /// What time brings about in a bake.
  mutating func expireBake(at now: Duration) -> [Action] {
    guard let trial = bake, let deadline = trial.deadline, now >= deadline, !isStopping,
      rollBackReason == nil
    else { return [] }
    switch trial.check {
    case .none: return endBake(at: now)
    case .due: return [askHealth(at: now)]
    case .asked:
      return failTrial(
        because: "the health check did not answer within \(limits.health)", at: now)
    }
  }

  /// What is in force is good: it is what a roll-back goes to from now on.
  private mutating func endBake(at now: Duration) -> [Action] {
    guard let trial = bake else { return [] }
    bake = nil
    for unit in trial.replaced.keys {
      if let applied = units[unit]?.applied { lastGood[unit] = applied }
    }
    let baked = Baked(
      generation: generation, units: Set(trial.replaced.keys), duration: now - trial.started)
    return [.baked(baked), .retire(Array(trial.products.values))]
  }

  /// What is in force is bad. It goes at once, before anything else that is under way.
  private mutating func failTrial(because reason: String, at now: Duration) -> [Action] {
    guard !rollBackTargets().isEmpty else {
      bake?.failure = reason
      bake?.started = now
      bake?.until = now + limits.bake
      bake?.check = .due(at: now + limits.healthInterval)
      return [.unhealthy(generation: generation, reason: reason)]
    }
    rollBackReason = reason
    bake?.check = .none
    bake?.until = nil
    return giveBack() + beginNext(at: now)
  }

  /// What was in force of each unit that is on trial. A unit of which nothing was goes back to what an earlier process
  /// knew to be good; if there is nothing either, it stays.
  func rollBackTargets() -> [UnitID: Content] {
    guard let bake else { return [:] }
    var targets: [UnitID: Content] = [:]
    for (unit, replaced) in bake.replaced {
      guard let target = replaced ?? lastGood[unit], target != units[unit]?.applied else {
        continue
      }
      targets[unit] = target
    }
    return targets
  }

  /// Brings back what was in force before, in a transaction of its own that nothing can refuse.
  mutating func rollBack(because reason: String, at now: Duration) -> [Action] {
    guard let trial = bake else { return [] }
    let targets = rollBackTargets()
    guard !targets.isEmpty else { return [] }
    let id = Transaction(number: nextNumber())
    var transaction = Running(
      id: id, candidate: ClassifiedCandidate(producers: [.verify], units: Set(targets.keys)),
      asked: Set(targets.keys), tickets: [], started: now, phase: .verify,
      phaseStarted: trial.started)
    transaction.isRollBack = true
    transaction.candidates = targets
    let outcome = ReloadOutcome.rolledBack(reason: reason)
    var failed: [UnitID: Content] = [:]
    for (unit, target) in targets {
      let known = units[unit] ?? Unit()
      transaction.changes[unit] = UnitChange(
        unit: unit, outcome: outcome, old: known.applied, new: target, isChanged: true,
        isRepeated: false)
      units[unit, default: Unit()].refusal = outcome.diagnostics
      if let bad = known.applied {
        failed[unit] = bad
        keepOut(bad, unit, because: reason)
      }
    }
    for (participant, product) in trial.products {
      transaction.makings[product] = Attempt(participant: participant, result: .made)
    }
    running = transaction
    enter(.swap, at: now)
    let swap = Swap(
      contents: targets, products: transaction.productsByParticipant, isRollBack: true)
    return [
      .quarantine(failed, reason: reason), .swap(id, generation: nextGeneration(), swap),
    ]
  }

  private mutating func keepOut(_ content: Content, _ unit: UnitID, because reason: String) {
    var kept = quarantine[unit] ?? []
    let fingerprint = content.fingerprint
    kept.removeAll { $0.fingerprint == fingerprint }
    kept.append(Quarantined(fingerprint: fingerprint, reason: reason))
    if kept.count > Self.maximumQuarantined { kept.removeFirst() }
    quarantine[unit] = kept
  }

  /// Why this content must not come into force; nil if it may.
  func quarantineReason(of content: Content, _ unit: UnitID) -> String? {
    guard let kept = quarantine[unit], !kept.isEmpty else { return nil }
    let fingerprint = content.fingerprint
    return kept.first { $0.fingerprint == fingerprint }?.reason
  }
}
