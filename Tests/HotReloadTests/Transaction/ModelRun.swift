import FileWatching
import HotReloadTesting
import SystemPackage
import WorkspaceTools

@testable import HotReload

/// Sends the machine a random history, with answers in any order, late or never, and has it held against the rules.
struct ModelRun {
  static let names = ["a", "b", "c", "d"]
  /// Within this many answers and deadlines everything must come to rest.
  static let patience = 400

  var random: SeededGenerator
  var harness: MachineHarness
  /// Whether more happens than that files change: refusals that pass, hanging participants, deadlines, crashes.
  let isRough: Bool
  /// Whether what is good on disk must be in force whenever all is quiet.
  var isExact = true

  init(seed: UInt64, bug: PlantedBug? = nil) {
    random = SeededGenerator(seed: seed)
    isRough = random.below(4) > 0
    let groups: [AtomicGroups] = [.none, [["a", "b"]], .all]
    var limits = NumberMachine.Limits(
      load: .seconds(3), validate: .seconds(1), prepare: .seconds(2), activate: .seconds(1),
      contentSlice: 2)
    limits.bake = random.below(3) > 0 ? .seconds(2) : .zero
    limits.checksHealth = random.below(4) > 0
    limits.healthInterval = .milliseconds(700)
    limits.health = .milliseconds(500)
    harness = MachineHarness(groups: groups[random.below(3)], limits: limits)
    harness.bug = bug
    for name in Self.names.prefix(random.below(5)) { write(name) }
    harness.submit(everything: true, producer: .start)
    harness.run()
    for _ in 0..<random.below(3) { join() }
  }

  var violations: [String] { harness.rules.violations }

  private mutating func chance(_ percent: Int) -> Bool { random.below(100) < percent }

  mutating func step() {
    switch random.below(100) {
    case 0..<16: edit()
    case 16..<18: harness.submit(everything: true, producer: .reload)
    case 18..<20: submitContent()
    case 20: harness.drain()
    case 21: harness.enqueue()
    case 22..<25: join()
    case 25: leave()
    case 26..<35: passTime()
    case 35..<37: harness.send(harness.rules.isPaused ? .resume : .pause)
    case 37: fallBack()
    case 38: rough { $0.harness.send(.clearQuarantine(nil)) }
    case 39: rough { $0.restart() }
    case 40..<43: rest()
    case 43..<46: readAhead()
    default: perform()
    }
  }

  /// Something after which it cannot be said without looking anew what must be in force.
  private mutating func rough(_ body: (inout ModelRun) -> Void) {
    guard isRough else { return }
    isExact = false
    body(&self)
  }

  private mutating func write(_ name: String) {
    harness.write(name, Number(1 + random.below(9)))
  }

  private mutating func edit() {
    let name = Self.names[random.below(Self.names.count)]
    switch random.below(8) {
    case 0: harness.write(name, nil)
    case 1: harness.write(name, Number(-1 - random.below(3)))
    case 2: harness.write(name, -200)
    default: write(name)
    }
    // What somebody waits for is refused in a pause.
    if harness.rules.isPaused || chance(50) {
      harness.tell(name)
    } else {
      harness.submit(name)
    }
  }

  private mutating func submitContent() {
    let file = FileChange(path: FilePath("static/\(random.below(7))"), kind: .modified)
    harness.submit(content: [file, FileChange(path: "static/x", kind: .created)])
  }

  private mutating func join() {
    var units: Set<UnitID> = []
    for name in Self.names where harness.inForce[name] != nil && chance(50) {
      units.insert(.config(name))
    }
    guard harness.participants.count < 3, !units.isEmpty else { return }
    let refused = Set((0..<2).map { _ in 1 + random.below(9) })
    harness.enqueue(.join(.init(name: "p\(harness.lastNumber)", units: units, refused: refused)))
  }

  private mutating func leave() {
    guard let participant = harness.participants.keys.min(by: { $0.number < $1.number }) else {
      return
    }
    // What it refused is looked at again only when somebody asks.
    isExact = false
    harness.enqueue(.leave(participant))
  }

  /// A type that came late refuses what is on disk.
  private mutating func fallBack() {
    rough { $0.harness.submit(fallBacks: [Self.names[$0.random.below(Self.names.count)]]) }
  }

  private mutating func passTime() {
    guard isRough else { return }
    harness.now += .milliseconds(random.below(900))
    if let deadline = harness.machine.nextDeadline, harness.now >= deadline {
      isExact = false
      harness.send(.timePassed)
    }
  }

  /// A file may change between its reading and what comes of it.
  private mutating func readAhead() {
    for case .load(let id, let units, let isEverything) in harness.outstanding {
      harness.reads[id] = harness.read(units, isEverything: isEverything)
    }
  }

  private mutating func restart() {
    if chance(60) { return harness.restart(isCrash: true) }
    harness.send(.stop)
    while !harness.outstanding.isEmpty {
      harness.performOne(at: random.below(harness.outstanding.count))
    }
    harness.restart(isCrash: false)
  }

  /// Has one action answered, any of them: so answers come in any order, and after their deadlines.
  private mutating func perform() {
    guard !harness.outstanding.isEmpty else { return passTime() }
    let index = random.below(harness.outstanding.count)
    guard isRough, chance(20) else {
      harness.performOne(at: index)
      return
    }
    isExact = false
    // What goes wrong for once.
    let refusal = [MachineHarness.error("for once")]
    switch harness.outstanding.remove(at: index) {
    case .load(let id, let units, _):
      harness.send(
        .loaded(id, Dictionary(units.map { ($0, .rejected(refusal)) }, uniquingKeysWith: { $1 })))
    case .validate(let id, let contents):
      var errors = MachineHarness.errors(in: contents)
      if let unit = contents.keys.min() { errors[unit] = refusal }
      harness.send(.validated(id, errors))
    case .prepare(let id, _, let makings, _):
      harness.send(.prepared(id, makings[0].product, .refused(refusal)))
    case .checkHealth(let check): harness.answer(check, "for once")
    case let action: harness.perform(action)
    }
  }

  /// Lets all be answered, with nothing going wrong, in no time.
  private mutating func rest() {
    var steps = 0
    while !harness.outstanding.isEmpty, steps < Self.patience {
      harness.performOne(at: random.below(harness.outstanding.count))
      steps += 1
    }
    harness.rules.expect(steps < Self.patience, "it did not come to rest")
    harness.rules.expect(!harness.rules.mustRollBack, "something unhealthy stays in force")
    if isExact, !harness.rules.isPaused { checkDisk() }
  }

  /// Lets all come to rest, loads everything once more, and stops.
  mutating func finish() {
    harness.send(.resume)
    settle()
    for name in Self.names { harness.submit(name) }
    settle()
    harness.submit(everything: true, producer: .reload)
    settle()
    harness.rules.expect(harness.machine.isIdle, "it did not come to rest")
    harness.rules.expect(harness.machine.bake == nil, "a bake did not end")
    harness.rules.expect(harness.rules.tickets.isEmpty, "a ticket was not answered")
    harness.rules.expect(harness.rules.jobs.isEmpty, "a job did not run")
    checkDisk()
    harness.stop()
  }

  private mutating func settle() {
    for _ in 0..<Self.patience {
      rest()
      guard let deadline = harness.machine.nextDeadline else { return }
      harness.now = max(harness.now, deadline)
      harness.send(.timePassed)
    }
    harness.rules.fail("deadlines do not end")
  }
}

// MARK: What must be in force

extension ModelRun {
  /// What is good, and depends on nothing that is not, is in force.
  private mutating func checkDisk() {
    for name in Self.names where harness.disk[name] != nil {
      guard belonging(to: name).allSatisfy(isGood) else { continue }
      harness.rules.expect(
        harness.inForce[name] == harness.disk[name],
        "\(name): what is good is not in force\(isExact ? "" : " in the end")")
      harness.rules.expect(
        harness.machine.units[.config(name)]?.refusal.isEmpty ?? false,
        "\(name): what is good counts as refused")
    }
  }

  /// All that can keep a config from coming into force.
  private func belonging(to name: String) -> Set<String> {
    var found: Set<String> = []
    var added: Set<String> = [name]
    while !added.isEmpty {
      found.formUnion(added)
      let keys = Set(added.map { harness.groups.key(of: .config($0)) })
      let makers = harness.participants.values.filter { maker in
        added.contains { maker.units.contains(.config($0)) }
      }
      added = Set(
        Self.names.filter { other in
          !found.contains(other)
            && (keys.contains(harness.groups.key(of: .config(other)))
              || makers.contains { $0.units.contains(.config(other)) })
        })
    }
    return found
  }

  private func isGood(_ name: String) -> Bool {
    guard let number = harness.disk[name] else {
      return harness.machine.units[.config(name)] == nil
    }
    if harness.inForce[name] == number { return true }
    let isRefused = harness.participants.values.contains {
      $0.units.contains(.config(name)) && $0.refused.contains(number.value)
    }
    return number.value > 0 && !isRefused && !harness.journal.isKeptOut(number, .config(name))
  }
}
