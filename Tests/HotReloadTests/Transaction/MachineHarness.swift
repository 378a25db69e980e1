import FileWatching
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

/// Drives a machine over a pretended disk, with pretended participants, health and time.
///
/// What needs no answer is performed at once; the rest waits in `outstanding` until a test has it answered, in any
/// order. All that happens is held against the rules in `MachineHarness+Rules.swift`.
struct MachineHarness {
  let groups: AtomicGroups
  let limits: NumberMachine.Limits
  var machine: NumberMachine
  var now = Duration.zero
  /// Actions that were not answered yet, the oldest first.
  var outstanding: [NumberMachine.Action] = []
  /// Those that nobody answers until a test wants it.
  var hanging: [NumberMachine.Action] = []
  var disk: [String: Number] = [:]
  /// What is in folders that candidates may name.
  var folders: [FilePath: [String: Number]] = [:]
  /// The configs that streams have values of.
  var needed: Set<String> = []
  /// What was read by loads that were not answered yet.
  var reads: [NumberMachine.Transaction: [UnitID: NumberMachine.LoadResult]] = [:]
  var inForce: [String: Number] = [:]
  var generation: UInt64 = 0
  var participants: [NumberMachine.Participant: PretendedParticipant] = [:]
  /// Those who have left, and may still be busy.
  var departed: [NumberMachine.Participant: PretendedParticipant] = [:]
  var products: [NumberMachine.Product: PretendedProduct] = [:]
  var productsInForce: [NumberMachine.Participant: NumberMachine.Product] = [:]
  var activations: [NumberMachine.Activation] = []
  var health = PretendedHealth.good
  var unhealthy: [String] = []
  var journal = PretendedJournal()
  var reports: [UInt64: ReloadReport] = [:]
  var abandoned: [UInt64] = []
  var publications: [NumberMachine.Publication] = []
  /// The jobs that ran.
  var jobs: [UInt64] = []
  var pretendedJobs: [UInt64: PretendedJob] = [:]
  var isStopped = false
  var lastNumber: UInt64 = 0
  var lastVersion = 0
  var bug: PlantedBug?
  /// For planted bugs: what was loaded of each unit last, and what was in force before.
  var lastSeen: [UnitID: Number] = [:]
  var lastReplaced: [UnitID: Number] = [:]
  var rules = TransactionRules()
  /// Which outcomes there were, so that a test of random histories can say that it had them all.
  var outcomes: Set<String> = []

  init(
    groups: AtomicGroups = .none, limits: NumberMachine.Limits = .init(),
    memory: NumberMachine.Memory = .init(), isManaged: Bool = false
  ) {
    self.groups = groups
    self.limits = limits
    machine = NumberMachine(groups: groups, limits: limits, memory: memory, isManaged: isManaged)
    generation = memory.generation
    journal.generation = memory.generation
    journal.lastGood = memory.lastGood
    journal.quarantine = memory.quarantine
    startRules()
  }

  mutating func send(_ event: NumberMachine.Event) {
    note(event)
    if let bug { return send(event, with: bug) }
    for action in machine.handle(event, at: now) { take(action) }
  }

  mutating func newNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  static func error(_ message: String) -> ConfigDiagnostic {
    ConfigDiagnostic(location: nil, message: message)
  }

  /// What the validators have to say.
  static func errors(in contents: [UnitID: Number]) -> [UnitID: [ConfigDiagnostic]] {
    contents.filter { $0.value.value < 0 }.mapValues { [error("negative \($0.value)")] }
  }

  /// Performs what needs no answer, and keeps the rest.
  mutating func take(_ action: NumberMachine.Action) {
    check(action)
    switch action {
    case .prepare(let id, let generation, let makings, let contents):
      for making in makings {
        outstanding.append(.prepare(id, generation: generation, [making], contents))
      }
    case .answer(let ticket, let report): reports[ticket.number] = report
    case .abandon(let tickets, _, _): abandoned += tickets.map(\.number)
    case .publish(_, let publication):
      publications.append(publication)
      outstanding.append(action)
    case .baked(let baked): journal.baked(baked.contents)
    case .quarantine(let contents, let reason): journal.keepOut(contents, because: reason)
    case .unhealthy(_, let reason): unhealthy.append(reason)
    case .retire(let retired):
      for product in retired { products[product]?.retirements += 1 }
    case .stopped: isStopped = true
    case .finished: break
    case .load, .validate, .swap, .activate, .checkHealth, .run: outstanding.append(action)
    }
  }

  /// Answers an action, the oldest unless it is said which. False if there is none.
  @discardableResult
  mutating func performOne(at index: Int = 0) -> Bool {
    guard index < outstanding.count else { return false }
    perform(outstanding.remove(at: index))
    return true
  }

  mutating func perform(_ action: NumberMachine.Action) {
    switch action {
    case .load(let id, let units, let isEverything):
      machine.take(LoadFacts(needed: Set(needed.map(UnitID.config))), of: id)
      send(.loaded(id, reads.removeValue(forKey: id) ?? read(units, isEverything: isEverything)))
    case .validate(let id, let contents):
      send(.validated(id, Self.errors(in: contents)))
    case .prepare(let id, _, let makings, let contents): make(makings[0], of: contents, for: id)
    case .swap(let id, let generation, let swap):
      put(swap, inForceAs: generation)
      send(.swapped(id))
    case .publish(let id, _): send(.published(id))
    case .activate(let id, let activated):
      activations += activated
      send(.activated(id))
    case .checkHealth(let check):
      switch health {
      case .good: answer(check, nil)
      case .bad(let reason): answer(check, reason)
      case .hanging: hanging.append(action)
      }
    case .run(let job): run(job)
    case .finished, .answer, .retire, .baked, .quarantine, .unhealthy, .abandon, .stopped: break
    }
  }

  mutating func answer(_ check: NumberMachine.HealthCheck, _ failure: String?) {
    noteHealth(check, failure)
    send(.healthChecked(check, failure: failure))
  }

  /// Answers the oldest action, of which there must be one.
  mutating func performFirst() {
    let isPerformed = performOne()
    #expect(isPerformed)
  }

  /// Answers until nothing is left to answer.
  mutating func run() {
    while performOne() {}
  }

  /// Answers until the transaction under way is in this phase.
  mutating func run(until phase: ReloadPhase) {
    while machine.running?.phase != phase, performOne() {}
    #expect(machine.running?.phase == phase)
  }

  /// Lets time pass, tells of it and answers what comes of it.
  mutating func wait(_ duration: Duration) {
    now += duration
    send(.timePassed)
    run()
  }
}

// MARK: What comes from outside

extension MachineHarness {
  /// Submits a candidate for these configs and returns the number of its ticket.
  @discardableResult
  mutating func submit(
    _ names: String..., everything: Bool = false, producer: Candidate.Producer = .watcher,
    content: [FileChange] = [], fallBacks: [String] = [], root: ContentRoot? = nil
  ) -> UInt64 {
    var candidate = ClassifiedCandidate(
      producers: [producer], isEverything: everything || root != nil, root: root)
    candidate.units = Set((names + fallBacks).map(UnitID.config))
    candidate.content = content
    for name in fallBacks { candidate.fallBacks[.config(name)] = [Self.error("no such type")] }
    let ticket = newNumber()
    rules.tickets.insert(ticket)
    send(.submit(candidate, .init(number: ticket)))
    return ticket
  }

  /// As the watcher does, who waits for nothing.
  mutating func tell(_ name: String) {
    var candidate = ClassifiedCandidate(producers: [.watcher])
    candidate.units = [.config(name)]
    send(.submit(candidate, nil))
  }

  @discardableResult
  mutating func drain() -> UInt64 {
    let ticket = newNumber()
    rules.tickets.insert(ticket)
    send(.drain(.init(number: ticket)))
    return ticket
  }

  /// Writes, submits and runs to the end.
  @discardableResult
  mutating func save(_ name: String, _ number: Number?) -> ReloadOutcome? {
    write(name, number)
    let ticket = submit(name)
    run()
    return reports[ticket]?.outcome(of: name)
  }

  mutating func write(_ name: String, _ number: Number?) {
    lastVersion += 1
    disk[name] = number.map { Number($0.value, version: lastVersion) }
  }

  @discardableResult
  mutating func enqueue(_ job: PretendedJob = .nothing) -> UInt64 {
    let number = newNumber()
    rules.jobs.insert(number)
    pretendedJobs[number] = job
    send(.enqueue(.init(number: number)))
    return number
  }

  /// Registers a participant for these configs, which must be in force.
  @discardableResult
  mutating func join(
    _ name: String, _ configs: String..., refusing refused: Set<Int> = []
  ) -> NumberMachine.Participant {
    enqueue(
      .join(
        PretendedParticipant(name: name, units: Set(configs.map(UnitID.config)), refused: refused)))
    run()
    return participants.first { $0.value.name == name }?.key ?? .init(number: 0)
  }

  mutating func leave(_ participant: NumberMachine.Participant) {
    enqueue(.leave(participant))
    run()
  }

  /// Another process goes on with what this one has left on disk.
  ///
  /// - Parameter isCrash: whether this one died, with all that was under way.
  mutating func restart(isCrash: Bool) {
    if isCrash {
      journal.die()
    } else {
      if !isStopped { stop() }
      journal.close()
    }
    machine = NumberMachine(groups: groups, limits: limits, memory: journal.memory)
    outstanding = []
    hanging = []
    reads = [:]
    inForce = [:]
    participants = [:]
    departed = [:]
    products = [:]
    productsInForce = [:]
    pretendedJobs = [:]
    isStopped = false
    startRules()
    submit(everything: true, producer: .start)
  }

  /// Stops the machine, and answers all that still is to be answered.
  mutating func stop() {
    send(.stop)
    run()
    outstanding = hanging
    hanging = []
    health = .good
    for participant in participants.keys { participants[participant]?.isHanging = false }
    run()
    checkEnd()
  }
}

// MARK: What the machine asks for

extension MachineHarness {
  private mutating func make(
    _ making: NumberMachine.Making, of contents: [UnitID: Number], for id: NumberMachine.Transaction
  ) {
    guard let participant = participants[making.participant] ?? departed[making.participant] else {
      rules.fail("a product was asked of somebody who is not there")
      return
    }
    if participant.isHanging {
      hanging.append(.prepare(id, generation: generation + 1, [making], contents))
      return
    }
    var seen: [UnitID: Number] = [:]
    for unit in participant.units { seen[unit] = contents[unit] ?? inForce[unit.configName ?? ""] }
    let changed = making.changed.compactMap { seen[$0] }
    if let bad = changed.first(where: { participant.refused.contains($0.value) }) {
      send(
        .prepared(id, making.product, .refused([Self.error("\(participant.name): \(bad.value)")])))
      return
    }
    products[making.product] = PretendedProduct(participant: making.participant, contents: seen)
    send(.prepared(id, making.product, .made))
  }

  private mutating func run(_ job: NumberMachine.Job) {
    switch pretendedJobs.removeValue(forKey: job.number) ?? .nothing {
    case .nothing: break
    case .leave(let participant):
      departed[participant] = participants.removeValue(forKey: participant)
      productsInForce[participant] = nil
      for action in machine.leave(participant) { take(action) }
    case .join(let participant):
      guard let made = makeFirst(participant) else { break }
      pretendedJobs[job.number] = made
      outstanding.append(.run(job))
      return
    case .joining(let number, let participant, let product, let rollBack):
      participants[number] = participant
      productsInForce[number] = product
      let actions = machine.join(
        number, as: participant.name, units: participant.units, product: product,
        rollBackProduct: rollBack)
      for action in actions { take(action) }
    }
    jobs.append(job.number)
    noteEnd(of: job)
    send(.jobDone(job))
  }

  /// Has products made of what is in force, and of what a roll-back would bring. Nil if it is not registered.
  private mutating func makeFirst(_ participant: PretendedParticipant) -> PretendedJob? {
    var contents: [UnitID: Number] = [:]
    for unit in participant.units { contents[unit] = inForce[unit.configName ?? ""] }
    guard contents.count == participant.units.count else { return nil }
    let before = machine.contentsToRollBack(of: participant.units)
    let all = Array(contents.values) + Array(before.values)
    guard !all.contains(where: { participant.refused.contains($0.value) }) else { return nil }
    let number = NumberMachine.Participant(number: newNumber())
    let first = NumberMachine.Product(number: machine.nextNumber())
    let second = NumberMachine.Product(number: machine.nextNumber())
    products[first] = PretendedProduct(participant: number, contents: contents)
    guard !before.isEmpty else { return .joining(number, participant, first, rollBack: nil) }
    products[second] = PretendedProduct(
      participant: number, contents: contents.merging(before) { $1 })
    return .joining(number, participant, first, rollBack: second)
  }

  private mutating func put(_ swap: NumberMachine.Swap, inForceAs generation: UInt64) {
    check(swap, generation)
    if !swap.isRollBack { journal.willSwap(to: generation, swap.contents) }
    journal.generation = generation
    self.generation = generation
    for unit in swap.removed { inForce[unit.configName ?? ""] = nil }
    for (unit, content) in swap.contents { inForce[unit.configName ?? ""] = content }
    for (participant, product) in swap.products { productsInForce[participant] = product }
    checkReaders()
  }
}

extension MachineHarness {
  /// One in which `app` is 1, two participants make something of it, and a transaction that makes it 2 has come to this
  /// phase; and the number of its ticket. Of two that prepare, one is done.
  static func under(way phase: ReloadPhase) -> (harness: MachineHarness, ticket: UInt64) {
    var harness = MachineHarness()
    harness.save("app", 1)
    harness.join("pool", "app")
    harness.join("router", "app")
    harness.write("app", 2)
    let ticket = harness.submit("app")
    harness.run(until: phase)
    if phase == .prepare { harness.performFirst() }
    return (harness, ticket)
  }
}
