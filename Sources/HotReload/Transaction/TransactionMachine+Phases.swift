import WorkspaceTools

extension TransactionMachine {
  /// Sorts what was loaded into what is new and what is already in force.
  mutating func compare(_ results: [UnitID: LoadResult], at now: Duration) -> [Action] {
    enter(.compare, at: now)
    guard var transaction = running else { return [] }
    var results = results
    for unit in transaction.asked where results[unit] == nil {
      results[unit] = .rejected([
        ConfigDiagnostic(location: nil, message: "\(unit) was not loaded")
      ])
    }
    for (unit, diagnostics) in transaction.candidate.fallBacks {
      guard let good = contentToFallBack(to: unit) else { continue }
      results[unit] = .rejected(diagnostics)
      put(good, of: unit, because: diagnostics, into: &transaction)
    }
    takeGroupsBack(&transaction)
    for (unit, result) in results where transaction.candidates[unit] == nil {
      compare(unit, result, in: &transaction)
    }
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
      if let reason = quarantineReason(of: content, unit) {
        reject(unit, .quarantined(reason: reason), in: &transaction)
      } else {
        transaction.candidates[unit] = content
      }
    case .rejected(let diagnostics):
      reject(unit, .rejected(diagnostics), in: &transaction)
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

  /// What never was in force and has no files is forgotten, when that is told.
  private func forget(
    _ unit: UnitID, _ diagnostic: ConfigDiagnostic, in transaction: inout Running
  ) {
    transaction.forgotten.insert(unit)
    let isAskedFor = transaction.candidate.producers.contains { $0 != .watcher && $0 != .start }
    transaction.changes[unit] = change(
      unit, Unit(), isAskedFor ? .rejected([diagnostic]) : .unchanged, isRepeated: true)
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
    return lastGood[unit] != nil && units[unit]?.applied == nil
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
      let key = groups.key(of: unit)
      guard let culprit = fallen.first(where: { groups.key(of: $0) == key }) else { continue }
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
      let key = groups.key(of: unit)
      guard let culprit = fallen.first(where: { groups.key(of: $0) == key }) else { continue }
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
      let key = groups.key(of: unit)
      culprits[key] = min(culprits[key] ?? unit, unit)
    }
    guard !culprits.isEmpty else { return }
    for unit in Array(transaction.candidates.keys) {
      guard let culprit = culprits[groups.key(of: unit)] else { continue }
      transaction.candidates[unit] = nil
      transaction.changes[unit] = refusal(
        unit, .rejected([Self.heldBack(unit, because: "\(culprit)", "was rejected")]))
    }
  }

  /// Settles each unit's outcome, and swaps in what passed.
  mutating func putInForce(at now: Duration) -> [Action] {
    guard var transaction = running else { return [] }
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
      units[unit, default: Unit()].refusal = change.outcome.diagnostics
      units[unit]?.isHeldBack = transaction.heldBack.contains(unit)
    }
    running = transaction
    guard !transaction.candidates.isEmpty else {
      return publish(at: now)
    }
    enter(.swap, at: now)
    let swap = Swap(contents: transaction.candidates, products: transaction.productsByParticipant)
    return [.swap(transaction.id, generation: nextGeneration(), swap)]
  }

  /// Tells everybody, after the swap or instead of it.
  mutating func publish(at now: Duration) -> [Action] {
    guard let transaction = running else { return [] }
    for (unit, content) in transaction.candidates {
      if units[unit]?.applied != nil { earlier[unit] = nil }
      units[unit, default: Unit()].applied = content
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
    let report = ReloadReport(
      producers: transaction.candidate.producers, generation: generation,
      units: transaction.changes.values.sorted { $0.unit < $1.unit }.map {
        .init(unit: $0.unit, outcome: $0.outcome, isChanged: $0.isChanged)
      },
      changes: transaction.candidate.content, phases: phases)
    for index in incomplete.indices { incomplete[index].report.append(report) }
    incomplete += transaction.tickets.map { ($0, report) }
    var actions: [Action] = [.finished(report)]
    // Whoever waits finds in the journal what it is told of.
    if !transaction.candidates.isEmpty { actions += beginBake(after: transaction, at: now) }
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
    changes += later.changes
  }
}
