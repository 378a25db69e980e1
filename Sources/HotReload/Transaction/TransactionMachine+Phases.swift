import WorkspaceTools

extension TransactionMachine {
  /// Sorts what was loaded into what is new and what is already in force.
  mutating func compare(_ results: [UnitID: LoadResult], at now: Duration) -> [Action] {
    enter(.compare, at: now)
    guard var transaction = running else { return [] }
    var results = results
    if let failure = transaction.facts.failure {
      // What could serve in its place is asked for like all that is known.
      let known = transaction.asked.union(units.keys).union(lastGood.keys)
      for unit in known where !transaction.facts.own.contains(unit) {
        results[unit] = .rejected([failure])
      }
    }
    for unit in transaction.asked where results[unit] == nil {
      results[unit] = .rejected([
        ConfigDiagnostic(location: nil, message: "\(unit) was not loaded")
      ])
    }
    for (unit, diagnostics) in transaction.candidate.fallBacks {
      // What comes from elsewhere is to be looked at first.
      guard !transaction.isSwitch, let good = contentToFallBack(to: unit) else { continue }
      results[unit] = .rejected(diagnostics)
      put(good, of: unit, because: diagnostics, into: &transaction)
    }
    takeGroupsBack(&transaction)
    for (unit, result) in results where transaction.candidates[unit] == nil {
      compare(unit, result, in: &transaction)
    }
    keepOut(quarantinedIn: &transaction)
    keepGroupsTogether(&transaction)
    running = transaction
    return validate(at: now)
  }

  private func compare(
    _ unit: UnitID, _ result: LoadResult, in transaction: inout Running
  ) {
    let known = units[unit] ?? Unit()
    switch result {
    case .content(let content) where content == known.applied:
      let outcome: ReloadOutcome = known.refusal.isEmpty ? .unchanged : .recovered
      transaction.changes[unit] = change(unit, known, outcome, isRepeated: known.refusal.isEmpty)
    case .content(let content):
      if transaction.staysAside(unit) {
        transaction.candidates[unit] = content
      } else if let reason = quarantineReason(of: content, unit) {
        reject(unit, .quarantined(reason: reason), in: &transaction)
      } else {
        transaction.candidates[unit] = content
      }
    case .rejected(let diagnostics):
      reject(unit, .rejected(diagnostics), in: &transaction)
    case .absent where isDispensable(unit, in: transaction):
      guard known.applied != nil else { return forget(unit, nil, in: &transaction) }
      transaction.removed.insert(unit)
      transaction.changes[unit] = UnitChange(
        unit: unit, outcome: .removed, old: known.applied, new: nil, isChanged: true,
        isRepeated: false)
    case .absent(let diagnostic):
      let isMissed =
        known.applied != nil || transaction.candidate.producers.contains(.registration)
      if isMissed, known.applied != nil || lastGood[unit] != nil {
        reject(unit, .rejected([diagnostic]), in: &transaction)
      } else {
        forget(unit, diagnostic, in: &transaction)
      }
    }
  }

  /// Whether a config may be missing from what is loaded as a whole: nobody has asked for it.
  private func isDispensable(_ unit: UnitID, in transaction: Running) -> Bool {
    guard transaction.isWhole, unit.configName != nil, !transaction.facts.needed.contains(unit),
      !transaction.candidate.units.contains(unit)
    else { return false }
    for member in members.values where member.units.contains(unit) { return false }
    return true
  }

  /// What was rolled back as a whole is kept out as a whole: content of it that comes with other content may be as good as any.
  private func keepOut(quarantinedIn transaction: inout Running) {
    guard transaction.isSwitch else { return }
    var reasons: [UnitID: String] = [:]
    var isAnythingElse = false
    for (unit, content) in transaction.candidates where transaction.staysAside(unit) {
      if let reason = quarantineReason(of: content, unit) {
        reasons[unit] = reason
      } else {
        isAnythingElse = true
      }
    }
    if isAnythingElse { return }
    for (unit, reason) in reasons {
      transaction.candidates[unit] = nil
      reject(unit, .quarantined(reason: reason), in: &transaction)
    }
  }

  /// What never was in force and has no files is forgotten, when that is told.
  private func forget(
    _ unit: UnitID, _ diagnostic: ConfigDiagnostic?, in transaction: inout Running
  ) {
    transaction.forgotten.insert(unit)
    let isAskedFor = transaction.candidate.producers.contains { $0 != .watcher && $0 != .start }
    let problems = isAskedFor ? [diagnostic].compactMap(\.self) : []
    transaction.changes[unit] = change(
      unit, Unit(), problems.isEmpty ? .unchanged : .rejected(problems), isRepeated: true)
  }

  /// Refuses what is on disk; where nothing is in force yet, the last good content takes its place.
  private func reject(
    _ unit: UnitID, _ outcome: ReloadOutcome, in transaction: inout Running
  ) {
    guard mayFallBack(unit, in: transaction) else {
      transaction.changes[unit] = refusal(unit, outcome)
      return
    }
    put(lastGood[unit], of: unit, because: outcome.diagnostics, into: &transaction)
  }

  private func mayFallBack(_ unit: UnitID, in transaction: Running) -> Bool {
    let producers = transaction.candidate.producers
    // What comes from elsewhere is not mixed with what was good here.
    return lastGood[unit] != nil && !transaction.isSwitch && units[unit]?.applied == nil
      && transaction.fellBack[unit] == nil
      && (producers.contains(.start) || producers.contains(.registration))
  }

  /// What takes the place of a unit's content if a type that is asked for refuses that; nil if there is nothing else.
  func contentToFallBack(to unit: UnitID) -> Content? {
    let applied = units[unit]?.applied
    if let good = lastGood[unit], good != applied { return good }
    guard let good = earlier[unit], good != applied else { return nil }
    return good
  }

  /// Somebody has accepted what is in force of these units.
  mutating func accept(_ accepted: Set<UnitID>) {
    for unit in accepted { earlier[unit] = nil }
    bake?.added.subtract(accepted)
  }

  /// Takes in what a load has found out beside the contents. To be called before it is told of these.
  mutating func take(_ facts: LoadFacts, of id: Transaction) {
    if running?.id == id, running?.phase == .load { running?.facts = facts }
  }

  private func put(
    _ good: Content?, of unit: UnitID, because diagnostics: [ConfigDiagnostic],
    into transaction: inout Running
  ) {
    transaction.candidates[unit] = good
    transaction.fellBack[unit] = diagnostics
  }

  /// Where one unit of a group goes back to its last good content, so do the others that are in force.
  private func takeGroupsBack(_ transaction: inout Running) {
    guard !transaction.fellBack.isEmpty else { return }
    let fallen = transaction.fellBack.keys.sorted()
    for (unit, known) in units where transaction.fellBack[unit] == nil && known.applied != nil {
      guard let good = contentToFallBack(to: unit) else { continue }
      let key = self.key(of: unit, in: transaction)
      guard let culprit = fallen.first(where: { self.key(of: $0, in: transaction) == key }) else {
        continue
      }
      put(
        good, of: unit, because: [Self.heldBack(unit, because: "\(culprit)", "was rejected")],
        into: &transaction)
    }
  }

  /// Where one unit of a group starts from its last good content, so do the others that have one.
  private func keepGroupsTogether(_ transaction: inout Running) {
    guard !transaction.fellBack.isEmpty else { return }
    let fallen = transaction.fellBack.keys.sorted()
    for unit in Array(transaction.candidates.keys) where mayFallBack(unit, in: transaction) {
      let key = self.key(of: unit, in: transaction)
      guard let culprit = fallen.first(where: { self.key(of: $0, in: transaction) == key }) else {
        continue
      }
      put(
        lastGood[unit], of: unit,
        because: [Self.heldBack(unit, because: "\(culprit)", "was rejected")],
        into: &transaction)
    }
  }

  static func heldBack(
    _ unit: UnitID, because culprit: String, _ what: String
  ) -> ConfigDiagnostic {
    ConfigDiagnostic(
      location: nil,
      message: "\(unit) is held back because \(culprit), which is in the same group, \(what)")
  }

  private mutating func validate(at now: Duration) -> [Action] {
    guard let transaction = running else { return [] }
    guard !transaction.candidates.isEmpty else { return decide([:], at: now) }
    enter(.validate, at: now, limit: limits.validate)
    return [.validate(transaction.id, transaction.candidates)]
  }

  /// Takes out what the validators refused, groups as a whole, and has products made of what passed.
  mutating func decide(
    _ errors: [UnitID: [ConfigDiagnostic]], at now: Duration
  ) -> [Action] {
    guard var transaction = running else { return [] }
    let fallenBefore = transaction.fellBack.count
    for (unit, diagnostics) in errors where !diagnostics.isEmpty {
      guard transaction.candidates.removeValue(forKey: unit) != nil else { continue }
      let reason = transaction.fellBack[unit] ?? diagnostics
      reject(unit, .rejected(reason), in: &transaction)
    }
    keepGroupsTogether(&transaction)
    let isAnythingElse = transaction.fellBack.count > fallenBefore
    // A new number: what is said late about what was refused is not said about this.
    if isAnythingElse { transaction.id = Transaction(number: nextNumber()) }
    if !isAnythingElse { holdBack(&transaction) }
    running = transaction
    // A last good content must pass like any other. Each unit has only one, so this ends.
    return isAnythingElse ? validate(at: now) : prepare(at: now)
  }

  /// Refuses the good units of a group in which another one is bad.
  private func holdBack(_ transaction: inout Running) {
    var culprits: [AtomicGroups.Key: UnitID] = [:]
    for (unit, change) in transaction.changes where !change.outcome.diagnostics.isEmpty {
      // What was asked for and does not exist is no member of anything.
      guard !transaction.forgotten.contains(unit) else { continue }
      let key = key(of: unit, in: transaction)
      culprits[key] = min(culprits[key] ?? unit, unit)
    }
    guard !culprits.isEmpty else { return }
    for unit in Array(transaction.candidates.keys) {
      guard let culprit = culprits[key(of: unit, in: transaction)] else { continue }
      transaction.candidates[unit] = nil
      transaction.changes[unit] = refusal(
        unit, .rejected([Self.heldBack(unit, because: "\(culprit)", "was rejected")]))
    }
  }

  /// Settles each unit's outcome, and swaps in what passed.
  mutating func putInForce(at now: Duration) -> [Action] {
    guard var transaction = running else { return [] }
    settleRoot(of: &transaction)
    for (unit, content) in transaction.candidates {
      let known = units[unit] ?? Unit()
      let outcome: ReloadOutcome =
        if let reasons = transaction.fellBack[unit] {
          .rejected(reasons)
        } else {
          known.refusal.isEmpty ? .applied : .recovered
        }
      transaction.changes[unit] = UnitChange(
        unit: unit, outcome: outcome, old: known.applied, new: content, isChanged: true,
        isRepeated: false)
    }
    for unit in transaction.forgotten { units[unit] = nil }
    for (unit, change) in transaction.changes where !transaction.forgotten.contains(unit) {
      // A place that is refused is no concern of what is in force and comes from another.
      if transaction.isRootRefused, transaction.staysAside(unit) { continue }
      units[unit, default: Unit()].refusal = change.outcome.diagnostics
      units[unit]?.isHeldBack = transaction.heldBack.contains(unit)
    }
    running = transaction
    guard transaction.hasNews else { return publish(at: now) }
    enter(.swap, at: now)
    let swap = Swap(
      contents: transaction.candidates, products: transaction.productsByParticipant,
      removed: transaction.removed)
    return [.swap(transaction.id, generation: nextGeneration(), swap)]
  }

  /// Settles whether the place that all was loaded from is the one that what is in force comes from, and takes back what goes
  /// only with it.
  private mutating func settleRoot(of transaction: inout Running) {
    guard transaction.isWhole else { return }
    var culprits: [UnitID] = []
    for (unit, change) in transaction.changes
    where !change.outcome.diagnostics.isEmpty && !transaction.forgotten.contains(unit)
      && !transaction.facts.own.contains(unit)
    {
      culprits.append(unit)
    }
    guard let culprit = culprits.min() else {
      guard transaction.facts.failure == nil else {
        transaction.isRootRefused = true
        return
      }
      transaction.rootBefore = root
      root = transaction.root
      return
    }
    transaction.isRootRefused = true
    for unit in transaction.removed {
      transaction.changes[unit] = refusal(
        unit, .rejected([Self.heldBack(unit, because: "\(culprit)", "was rejected")]))
    }
    transaction.removed = []
    for (unit, known) in transaction.changes
    where known.outcome == .recovered && transaction.staysAside(unit) {
      transaction.changes[unit]?.outcome = .unchanged
    }
  }

  /// Tells everybody, after the swap or instead of it.
  mutating func publish(at now: Duration) -> [Action] {
    guard let transaction = running else { return [] }
    for (unit, content) in transaction.candidates {
      if units[unit]?.applied != nil { earlier[unit] = nil }
      units[unit, default: Unit()].applied = content
    }
    for unit in transaction.removed {
      units[unit] = nil
      earlier[unit] = nil
      lastGood[unit] = nil
    }
    takeOverProducts(at: now)
    if transaction.asked.isEmpty && !transaction.candidate.isEverything {
      // Nothing was loaded, so no phase ends here.
      running?.phase = .publish
      running?.phaseStarted = now
    } else {
      enter(.publish, at: now)
    }
    let publication = Publication(
      producers: transaction.candidate.producers, generation: generation,
      units: transaction.changes.values.sorted { $0.unit < $1.unit },
      unitChanges: transaction.candidate.unitChanges, content: transaction.candidate.content,
      notices: transaction.candidate.notices, duration: now - transaction.started)
    return [.publish(transaction.id, publication)]
  }

  /// Lets the products that came into force take over from those before.
  mutating func activate(at now: Duration) -> [Action] {
    guard let transaction = running, !transaction.activations.isEmpty else {
      return complete(at: now)
    }
    enter(.activate, at: now, limit: limits.activate)
    return [.activate(transaction.id, transaction.activations)]
  }

  /// Answers those who wait, and goes on with what came meanwhile.
  mutating func complete(at now: Duration) -> [Action] {
    guard let transaction = running else { return [] }
    let phases =
      transaction.phases
      + [.init(phase: transaction.phase, duration: now - transaction.phaseStarted)]
    running = nil
    contentPublished += transaction.candidate.content.count
    var report = ReloadReport(
      producers: transaction.candidate.producers, generation: generation,
      units: transaction.changes.values.sorted { $0.unit < $1.unit }.map {
        .init(unit: $0.unit, outcome: $0.outcome, isChanged: $0.isChanged)
      },
      changes: transaction.candidate.content, contentFolder: root.folder,
      failure: transaction.facts.failure, phases: phases)
    report.isContentRefused = transaction.isRootRefused
    for index in incomplete.indices { incomplete[index].report.append(report) }
    incomplete += transaction.tickets.map { ($0, report) }
    var actions: [Action] = [.finished(report)]
    // Whoever waits finds in the journal what it is told of.
    if transaction.hasNews { actions += beginBake(after: transaction, at: now) }
    incomplete.removeAll { waiter, report in
      guard waiter.contentNumber <= contentPublished || content.isEmpty else { return false }
      actions.append(.answer(waiter.ticket, report))
      return true
    }
    // The rest of their content does not come before the pause ends.
    if isPaused { actions.append(.abandon(takeTickets(), [], .paused)) }
    askAgain(after: transaction)
    return actions + beginNext(at: now)
  }

  /// What was refused together with something else may pass now that something is in force or good again. It is asked for
  /// on its own, so that it holds nothing up if it is what is wrong.
  private mutating func askAgain(after transaction: Running) {
    let isAnythingGood =
      !transaction.candidates.isEmpty
      || transaction.changes.values.contains { $0.outcome == .recovered }
    guard isAnythingGood, !isStopping else { return }
    var heldBack: Set<UnitID> = []
    for (unit, known) in units where known.isHeldBack { heldBack.insert(unit) }
    guard !heldBack.isEmpty else { return }
    pending.merge(
      ClassifiedCandidate(producers: transaction.candidate.producers, units: heldBack))
  }
}

extension ReloadReport {
  /// Adds what a later transaction did for the same candidate.
  mutating func append(_ later: ReloadReport) {
    generation = later.generation
    contentFolder = later.contentFolder
    isContentRefused = isContentRefused || later.isContentRefused
    changes += later.changes
  }
}
