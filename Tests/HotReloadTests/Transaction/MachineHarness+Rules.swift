import FileWatching
import WorkspaceTools

@testable import HotReload

/// What the rules need to remember of what happened.
struct TransactionRules {
  /// What was broken, oldest first.
  var violations: [String] = []
  /// Those that were not answered yet.
  var tickets: Set<UInt64> = []
  var jobs: Set<UInt64> = []
  /// What a roll-back goes to.
  var base: [String: Number] = [:]
  /// What went since the last bake, and may come back.
  var removed: Set<String> = []
  /// What an earlier process knew to be good.
  var earlier: [String: Number] = [:]
  var published: [String: Number] = [:]
  var refusals: [UnitID: [ConfigDiagnostic]] = [:]
  var lastTransaction: UInt64 = 0
  /// The units of the publication that no report was seen of.
  var unreported: [ReloadReport.UnitReport]?
  var isPaused = false
  var isStopping = false
  var asked: [NumberMachine.HealthCheck: Duration] = [:]
  /// The check whose answer says something of what is in force.
  var lastAsked: NumberMachine.HealthCheck?
  /// When that which said last that all is well was asked.
  var lastGood: Duration?
  /// When the last transaction ended that put something in force.
  var finished: Duration?
  /// A health check failed, and nothing was put in force since.
  var mustRollBack = false

  mutating func fail(_ rule: String) {
    violations.append(rule)
  }

  mutating func expect(_ condition: Bool, _ rule: @autoclosure () -> String) {
    if !condition { fail(rule()) }
  }
}

extension MachineHarness {
  /// A process begins, with what an earlier one left.
  mutating func startRules() {
    let violations = rules.violations
    rules = TransactionRules()
    rules.violations = violations
    for (unit, content) in journal.lastGood where !journal.isKeptOut(content, unit) {
      rules.base[unit.configName ?? ""] = content
    }
    rules.earlier = rules.base
  }

  mutating func note(_ event: NumberMachine.Event) {
    switch event {
    case .pause: rules.isPaused = true
    case .resume: rules.isPaused = false
    case .stop: rules.isStopping = true
    case .clearQuarantine(let unit):
      if let unit { journal.quarantine[unit] = nil } else { journal.quarantine = [:] }
    default: break
    }
  }

  mutating func noteEnd(of job: NumberMachine.Job) {
    rules.expect(rules.jobs.remove(job.number) != nil, "a job ran twice")
    rules.expect(machine.running == nil, "a job ran during a transaction")
  }

  mutating func noteHealth(_ check: NumberMachine.HealthCheck, _ failure: String?) {
    guard check == rules.lastAsked else { return }
    if failure == nil {
      rules.lastGood = rules.asked[check]
    } else {
      rules.mustRollBack = rules.base.contains { mayGoBack($0) && inForce[$0] != $1 }
    }
  }

  mutating func check(_ action: NumberMachine.Action) {
    switch action {
    case .swap(_, _, let swap): checkOrder(of: swap)
    case .publish(let id, let publication): check(publication, id)
    case .finished(let report): check(report)
    case .answer(let ticket, _): answered(ticket)
    case .abandon(let tickets, let jobs, _):
      for ticket in tickets { answered(ticket) }
      for job in jobs {
        rules.expect(rules.jobs.remove(job.number) != nil, "a job was abandoned twice")
      }
    case .retire(let retired): for product in retired { checkRetired(product) }
    case .checkHealth(let check):
      rules.asked[check] = now
      rules.lastAsked = check
    case .baked(let baked): check(baked)
    case .quarantine(let contents, _):
      for (unit, content) in contents {
        rules.expect(
          inForce[unit.configName ?? ""] == content, "\(unit): something else was quarantined")
      }
    default: break
    }
  }

  private mutating func answered(_ ticket: NumberMachine.Ticket) {
    rules.expect(rules.tickets.remove(ticket.number) != nil, "a ticket was answered twice")
  }

  private mutating func checkRetired(_ product: NumberMachine.Product) {
    guard let made = products[product] else {
      return rules.fail("a product was retired that nobody made")
    }
    rules.expect(made.retirements == 0, "a product was retired twice")
    let isInForce = productsInForce[made.participant] == product
    rules.expect(!isInForce || rules.isStopping, "a product was retired while it is in force")
  }
}

// MARK: What comes into force

extension MachineHarness {
  private mutating func checkOrder(of swap: NumberMachine.Swap) {
    rules.expect(
      !rules.isPaused || swap.isRollBack, "something came into force during a pause")
    rules.expect(
      !swap.isRollBack || !rules.isStopping, "a roll-back began after the stop")
    guard swap.isRollBack else { return }
    var expected: [UnitID: Number] = [:]
    for (name, base) in rules.base where mayGoBack(name) && inForce[name] != base {
      expected[.config(name)] = base
    }
    rules.expect(swap.contents == expected, "a roll-back did not bring back what was baked last")
  }

  private func mayGoBack(_ name: String) -> Bool {
    inForce[name] != nil || rules.removed.contains(name)
  }

  mutating func check(_ swap: NumberMachine.Swap, _ generation: UInt64) {
    rules.expect(
      generation == self.generation + 1, "a generation was left out or came twice")
    rules.expect(!swap.contents.isEmpty || !swap.removed.isEmpty, "a swap changed nothing")
    for unit in swap.removed {
      let name = unit.configName ?? ""
      rules.expect(inForce[name] != nil, "\(name): something was removed that is not in force")
      rules.earlier[name] = nil
      if swap.isRollBack { rules.base[name] = nil } else { rules.removed.insert(name) }
    }
    for (unit, content) in swap.contents {
      let name = unit.configName ?? ""
      rules.expect(content.value > 0, "\(name): something that is not valid came into force")
      rules.expect(inForce[name] != content, "\(name): changed to the same")
      rules.expect(
        !journal.isKeptOut(content, unit), "\(name): something quarantined came into force")
      let isFallBack = rules.earlier[name] == content && !swap.isRollBack && isFallBack(unit)
      let isBack = rules.base[name] == content || isFallBack
      rules.expect(
        isBack || machine.running?.isSwitch ?? false
          || content.version > inForce[name]?.version ?? 0,
        "\(name): an older value came after a newer one")
      if rules.base[name] == nil || isFallBack { rules.base[name] = content }
      if inForce[name] != nil { rules.earlier[name] = nil }
      rules.removed.remove(name)
    }
    rules.lastAsked = nil
    rules.mustRollBack = false
  }

  private func isFallBack(_ unit: UnitID) -> Bool {
    machine.running?.fellBack[unit] != nil
  }

  /// What a reader sees belongs together.
  mutating func checkReaders() {
    for (participant, product) in productsInForce {
      guard let made = products[product] else {
        rules.fail("a product came into force that nobody made")
        continue
      }
      rules.expect(made.retirements == 0, "a product is in force that was retired")
      rules.expect(made.participant == participant, "a product is in force in another one's place")
      for (unit, content) in made.contents {
        rules.expect(
          inForce[unit.configName ?? ""] == content,
          "\(unit): a product of other content is in force")
      }
    }
  }

  private mutating func check(_ baked: NumberMachine.Baked) {
    for (unit, content) in baked.contents {
      let name = unit.configName ?? ""
      rules.expect(inForce[name] == content, "\(name): something baked that is not in force")
      rules.base[name] = content
    }
    for name in rules.removed { rules.base[name] = nil }
    rules.removed = []
    rules.expect(
      rules.base == inForce.merging(rules.base) { now, _ in now }, "a bake left something out")
    let finished = rules.finished ?? .zero
    rules.expect(now - finished >= limits.bake, "a bake was too short")
    guard limits.checksHealth, limits.bake > .zero else { return }
    rules.expect(
      rules.lastGood.map { $0 >= finished + limits.bake } ?? false,
      "a bake ended without a good health check at its end")
  }
}

// MARK: What is told

extension MachineHarness {
  private mutating func check(
    _ publication: NumberMachine.Publication, _ id: NumberMachine.Transaction
  ) {
    rules.expect(id.number > rules.lastTransaction, "a transaction was published twice")
    rules.lastTransaction = id.number
    rules.expect(rules.unreported == nil, "a transaction ended without a report")
    rules.unreported = publication.units.map {
      .init(unit: $0.unit, outcome: $0.outcome, isChanged: $0.isChanged)
    }
    for unit in publication.units { check(unit) }
    rules.expect(rules.published == inForce, "something came into force without a word")
    checkGroups(publication)
  }

  private mutating func check(_ report: ReloadReport) {
    guard let expected = rules.unreported.take() else {
      return rules.fail("an outcome was reported twice")
    }
    rules.expect(report.units == expected, "a report says something else than the publication")
    if expected.contains(where: \.isChanged) { rules.finished = now }
  }

  private mutating func check(_ unit: NumberMachine.UnitChange) {
    let name = unit.unit.configName ?? ""
    let before = rules.refusals[unit.unit] ?? []
    let diagnostics = unit.outcome.diagnostics
    rules.expect(unit.old == rules.published[name], "\(name): the old value was not in force")
    rules.expect(unit.new == inForce[name], "\(name): the new value is not in force")
    rules.expect(unit.isChanged == (unit.new != unit.old), "\(name): changed without saying so")
    outcomes.insert(Self.kind(of: unit))
    switch unit.outcome {
    case .recovered: rules.expect(!before.isEmpty, "\(name): recovered without a refusal")
    case .applied:
      rules.expect(before.isEmpty && unit.isChanged, "\(name): applied, but was refused")
    case .unchanged:
      rules.expect(before.isEmpty || unit.new == nil, "\(name): a refusal ended without a word")
    case .removed:
      rules.expect(unit.new == nil && unit.isChanged, "\(name): removed, and still in force")
    case .rejected, .refused, .quarantined, .rolledBack:
      rules.expect(
        !unit.isChanged || unit.new == rules.base[name],
        "\(name): something refused came into force")
      rules.expect(
        unit.isChanged || unit.isRepeated || before != diagnostics,
        "\(name): the same refusal was told twice")
    }
    // What never was in force and does not exist is forgotten.
    let isMissing = unit.outcome == .rejected([Self.error("missing")])
    let isForgotten = unit.new == nil && (isMissing || unit.outcome == .unchanged)
    // What is wrong with another place is no concern of what is in force.
    let isAside = machine.running.map { $0.isRootRefused && $0.staysAside(unit.unit) } ?? false
    if !isAside {
      rules.refusals[unit.unit] = isForgotten || diagnostics.isEmpty ? nil : diagnostics
    }
    rules.published[name] = unit.new
  }

  private static func kind(of unit: NumberMachine.UnitChange) -> String {
    switch unit.outcome {
    case .applied: "applied"
    case .unchanged: "unchanged"
    case .removed: "removed"
    case .recovered: "recovered"
    case .rejected: unit.isChanged ? "fell back" : "rejected"
    case .refused: "refused"
    case .quarantined: "quarantined"
    case .rolledBack: "rolled back"
    }
  }

  private mutating func checkGroups(_ publication: NumberMachine.Publication) {
    var refused: Set<AtomicGroups.Key> = []
    var changed: Set<AtomicGroups.Key> = []
    for unit in publication.units where unit.unit.configName != nil {
      let key = groups.key(of: unit.unit)
      if case .alone = key { continue }
      if unit.outcome.diagnostics.isEmpty {
        if unit.isChanged { changed.insert(key) }
      } else if !unit.isChanged, rules.refusals[unit.unit] != nil {
        refused.insert(key)
      }
    }
    rules.expect(refused.isDisjoint(with: changed), "half of a group came into force")
  }

  /// All that was asked for has come to an end.
  mutating func checkEnd() {
    rules.expect(isStopped && outstanding.isEmpty, "it did not stop")
    rules.expect(rules.tickets.isEmpty, "a ticket was not answered")
    rules.expect(rules.jobs.isEmpty, "a job neither ran nor was abandoned")
    rules.expect(rules.unreported == nil, "a transaction ended without a report")
    for made in products.values {
      rules.expect(made.retirements == 1, "a product was retired \(made.retirements) times")
    }
  }
}
