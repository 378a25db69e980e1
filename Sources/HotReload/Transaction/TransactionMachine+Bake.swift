import WorkspaceTools

extension TransactionMachine {
  /// What came into force since the last bake ended well, and what it replaced.
  struct Bake: Sendable {
    enum Check: Sendable {
      /// None before the transaction is over, or none at all.
      case none
      case due(at: Duration)
      case asked(HealthCheck, at: Duration, deadline: Duration)
    }

    /// The generation on trial.
    var generation: UInt64
    var started: Duration
    var until: Duration?
    /// What is on trial.
    var units: Set<UnitID> = []
    /// What each of them goes back to: what was in force before the bake, else what an earlier process knew to be
    /// good, else the first content that it had. A unit that has had only one content has nothing.
    var before: [UnitID: Content] = [:]
    /// Where that came from.
    var root: ContentRoot
    /// What came into force with a place, was not there before, and was asked for by nobody since: it goes with the place.
    var added: Set<UnitID> = []
    /// The products that were made of that, where others are in force.
    var products: [Participant: Product] = [:]
    var check = Check.none
    /// Why the last check failed, if there is nothing to go back to.
    var failure: String?

    /// When time alone brings something about.
    var deadline: Duration? {
      switch check {
      case .none: until
      case .due(let time): time
      case .asked(_, _, let deadline): deadline
      }
    }
  }

  /// Why the generation in force is known not to be healthy although there is nothing to go back to.
  var healthFailure: String? { bake?.failure }

  /// Remembers what a transaction replaces. False if it brings back what was there before.
  mutating func putOnTrial(_ transaction: Running, at now: Duration) -> Bool {
    guard !transaction.isRollBack else { return false }
    var trial =
      bake
      ?? Bake(generation: generation, started: now, root: transaction.rootBefore ?? root)
    trial.generation = generation
    trial.check = .none
    trial.until = nil
    for (unit, change) in transaction.changes where change.isChanged {
      trial.units.insert(unit)
      // What is on trial itself is nothing to go back to, unless there never was anything else.
      if trial.before[unit] == nil { trial.before[unit] = change.old ?? lastGood[unit] }
      if trial.before[unit] == nil, transaction.isSwitch, unit.configName != nil,
        !transaction.facts.needed.contains(unit)
      {
        trial.added.insert(unit)
      }
      // Nor is what somebody could not use.
      if transaction.fellBack[unit] != nil { trial.before[unit] = change.new }
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
    let check = HealthCheck(number: nextNumber())
    bake?.check = .asked(check, at: now, deadline: now + limits.health)
    return .checkHealth(check)
  }

  /// Takes the answer of a health check. What comes late says nothing of what is in force now.
  mutating func takeHealth(
    _ answered: HealthCheck, _ failure: String?, at now: Duration
  ) -> [Action] {
    guard !isStopping, case .asked(let check, let asked, _) = bake?.check, check == answered,
      let until = bake?.until
    else { return [] }
    if let failure { return failTrial(because: failure, at: now) }
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
    var contents: [UnitID: Content] = [:]
    for unit in trial.units { contents[unit] = units[unit]?.applied }
    lastGood.merge(contents) { $1 }
    let baked = Baked(
      generation: trial.generation, contents: contents, duration: now - trial.started)
    return [.baked(baked), .retire(Array(trial.products.values))]
  }

  /// What is in force is bad. It goes at once, before anything else that is under way.
  private mutating func failTrial(because reason: String, at now: Duration) -> [Action] {
    guard hasAnythingToGoBackTo else {
      let isRepeated = bake?.failure == reason
      bake?.failure = reason
      bake?.started = now
      bake?.until = now + limits.bake
      bake?.check = .due(at: now + limits.healthInterval)
      return isRepeated
        ? [] : [.unhealthy(generation: bake?.generation ?? generation, reason: reason)]
    }
    rollBackReason = reason
    bake?.check = .none
    bake?.until = nil
    return giveBack() + beginNext(at: now)
  }

  /// What a roll-back brings back. A unit that has nothing to go back to stays.
  func rollBackTargets() -> [UnitID: Content] {
    bake?.before.filter { $1 != units[$0]?.applied } ?? [:]
  }

  private var hasAnythingToGoBackTo: Bool {
    if !rollBackTargets().isEmpty { return true }
    for unit in bake?.added ?? [] where units[unit]?.applied != nil { return true }
    return false
  }

  /// Brings back what was in force before, in a transaction of its own that nothing can refuse.
  mutating func rollBack(because reason: String, at now: Duration) -> [Action] {
    guard let trial = bake else { return [] }
    let targets = rollBackTargets()
    let removed = trial.added.filter { units[$0]?.applied != nil }
    guard !targets.isEmpty || !removed.isEmpty else { return [] }
    root = trial.root
    let id = Transaction(number: nextNumber())
    var transaction = Running(
      id: id,
      candidate: ClassifiedCandidate(
        producers: [.verify], units: removed.union(targets.keys)),
      asked: removed.union(targets.keys), tickets: [], started: now, phase: .verify,
      phaseStarted: trial.started, root: root)
    transaction.isRollBack = true
    transaction.candidates = targets
    transaction.removed = removed
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
    for unit in removed {
      let known = units[unit]?.applied
      transaction.changes[unit] = UnitChange(
        unit: unit, outcome: outcome, old: known, new: nil, isChanged: true, isRepeated: false)
      if let known {
        failed[unit] = known
        keepOut(known, unit, because: reason)
      }
    }
    for (participant, product) in trial.products {
      transaction.makings[product] = Attempt(participant: participant, result: .made)
    }
    running = transaction
    enter(.swap, at: now)
    let swap = Swap(
      contents: targets, products: transaction.productsByParticipant, removed: removed,
      isRollBack: true)
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
