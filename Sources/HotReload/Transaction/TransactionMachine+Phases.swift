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
    for (unit, result) in results {
      let known = units[unit] ?? Unit()
      switch result {
      case .content(let content) where content == known.applied:
        let outcome: ReloadOutcome = known.refusal.isEmpty ? .unchanged : .recovered
        transaction.changes[unit] = change(unit, known, outcome, isRepeated: known.refusal.isEmpty)
      case .content(let content):
        transaction.candidates[unit] = content
      case .rejected(let diagnostics):
        transaction.changes[unit] = rejection(unit, known, diagnostics)
      case .absent(let diagnostic):
        transaction.changes[unit] = absence(unit, known, diagnostic, of: transaction)
      }
    }
    running = transaction
    guard !transaction.candidates.isEmpty else { return decide([:], at: now) }
    enter(.validate, at: now, limit: limits.validate)
    return [.validate(transaction.id, transaction.candidates)]
  }

  /// What is in force stays so if its files go away. What never was in force is forgotten.
  private mutating func absence(
    _ unit: UnitID, _ known: Unit, _ diagnostic: ConfigDiagnostic, of transaction: Running
  ) -> UnitChange {
    guard known.applied == nil else { return rejection(unit, known, [diagnostic]) }
    units[unit] = nil
    let isAskedFor = transaction.candidate.producers.contains { $0 != .watcher && $0 != .start }
    return change(
      unit, Unit(), isAskedFor ? .rejected([diagnostic]) : .unchanged, isRepeated: true)
  }

  private func change(
    _ unit: UnitID, _ known: Unit, _ outcome: ReloadOutcome, isRepeated: Bool
  ) -> UnitChange {
    UnitChange(
      unit: unit, outcome: outcome, old: known.applied, new: known.applied, isChanged: false,
      isRepeated: isRepeated)
  }

  private func rejection(
    _ unit: UnitID, _ known: Unit, _ diagnostics: [ConfigDiagnostic]
  ) -> UnitChange {
    change(unit, known, .rejected(diagnostics), isRepeated: known.refusal == diagnostics)
  }

  /// Settles each unit's outcome, groups as a whole, and swaps in what passed.
  mutating func decide(
    _ errors: [UnitID: [ConfigDiagnostic]], at now: Duration
  ) -> [Action] {
    guard var transaction = running else { return [] }
    for (unit, diagnostics) in errors where !diagnostics.isEmpty {
      guard transaction.candidates.removeValue(forKey: unit) != nil else { continue }
      transaction.changes[unit] = rejection(unit, units[unit] ?? Unit(), diagnostics)
    }
    holdBack(&transaction)
    for (unit, content) in transaction.candidates {
      let known = units[unit] ?? Unit()
      transaction.changes[unit] = UnitChange(
        unit: unit, outcome: known.refusal.isEmpty ? .applied : .recovered, old: known.applied,
        new: content, isChanged: true, isRepeated: false)
    }
    for (unit, change) in transaction.changes {
      let isForgotten = change.new == nil && change.isRepeated && units[unit] == nil
      if !isForgotten { units[unit, default: Unit()].refusal = change.outcome.diagnostics }
    }
    running = transaction
    guard !transaction.candidates.isEmpty else {
      return publish(at: now)
    }
    enter(.swap, at: now)
    return [.swap(transaction.id, generation: nextGeneration(), transaction.candidates)]
  }

  /// Refuses the good units of a group in which another one is bad.
  private func holdBack(_ transaction: inout Running) {
    var culprits: [AtomicGroups.Key: UnitID] = [:]
    for (unit, change) in transaction.changes where !change.outcome.diagnostics.isEmpty {
      // What was asked for and does not exist is no member of anything.
      guard units[unit] != nil || !change.isRepeated else { continue }
      let key = groups.key(of: unit)
      culprits[key] = min(culprits[key] ?? unit, unit)
    }
    guard !culprits.isEmpty else { return }
    for unit in transaction.candidates.keys {
      guard let culprit = culprits[groups.key(of: unit)] else { continue }
      transaction.candidates[unit] = nil
      let diagnostic = ConfigDiagnostic(
        location: nil,
        message: "\(unit) is held back because \(culprit), which is in the same group, was rejected"
      )
      transaction.changes[unit] = rejection(unit, units[unit] ?? Unit(), [diagnostic])
    }
  }

  /// Tells everybody, after the swap or instead of it.
  mutating func publish(at now: Duration) -> [Action] {
    guard let transaction = running else { return [] }
    for unit in transaction.candidates.keys {
      units[unit, default: Unit()].applied = transaction.candidates[unit]
    }
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

  /// Answers those who wait, and goes on with what came meanwhile.
  mutating func complete(at now: Duration) -> [Action] {
    guard let transaction = running else { return [] }
    let phases =
      transaction.phases
      + [.init(phase: .publish, duration: now - transaction.phaseStarted)]
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
    incomplete.removeAll { waiter, report in
      guard waiter.contentNumber <= contentPublished || content.isEmpty else { return false }
      actions.append(.answer(waiter.ticket, report))
      return true
    }
    return actions + beginNext(at: now)
  }

  /// Ends the waiting for a phase whose time is up. What it was to answer comes late and is discarded.
  mutating func expire(at now: Duration) -> [Action] {
    guard let transaction = running, let deadline = transaction.deadline, now >= deadline else {
      return []
    }
    switch transaction.phase {
    case .load:
      let diagnostic = ConfigDiagnostic(
        location: nil,
        message: "reading took longer than \(limits.load), so the last good value stays in force")
      return compare(
        Dictionary(uniqueKeysWithValues: transaction.asked.map { ($0, .rejected([diagnostic])) }),
        at: now)
    case .validate:
      let diagnostic = ConfigDiagnostic(
        location: nil,
        message: "the validators did not answer within \(limits.validate), "
          + "so the last good value stays in force")
      return decide(transaction.candidates.mapValues { _ in [diagnostic] }, at: now)
    default:
      return []
    }
  }

  /// Aborts what is before its swap, and finishes what is after it.
  mutating func stop(at now: Duration) -> [Action] {
    guard !isStopping else { return [] }
    isStopping = true
    var tickets = pendingTickets.map { $0.ticket } + incomplete.map { $0.waiter.ticket }
    if let transaction = running, transaction.phase != .swap, transaction.phase != .publish {
      tickets += transaction.tickets.map { $0.ticket }
      running = nil
    }
    pendingTickets = []
    incomplete = []
    pending = ClassifiedCandidate()
    content = []
    let abandoned = jobs
    jobs = []
    return [.abandon(tickets, abandoned)] + beginNext(at: now)
  }
}

extension ReloadReport {
  /// Adds what a later transaction did for the same candidate.
  mutating func append(_ later: ReloadReport) {
    generation = later.generation
    changes += later.changes
  }
}
