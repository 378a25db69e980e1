import FileWatching
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

/// Sends the machine a random history, with answers that come late or never, and holds it against simple rules.
private struct ModelRun {
  static let names = ["a", "b", "c", "d"]

  var generator: SeededGenerator
  var harness: MachineHarness
  let isGrouped: Bool
  /// Answers of transactions that were given up.
  var late: [NumberMachine.Event] = []
  var failures: [String] = []
  var lastValues: [String: Int] = [:]
  var refused: [UnitID: Bool] = [:]
  var checkedPublications = 0
  var next = 1

  init(seed: UInt64) {
    generator = SeededGenerator(seed: seed)
    isGrouped = Bool.random(using: &generator)
    harness = MachineHarness(
      groups: isGrouped ? [["a", "b"]] : .none,
      limits: .init(load: .seconds(3), validate: .seconds(1), contentSlice: 2))
  }

  mutating func expect(_ condition: Bool, _ rule: String) {
    if !condition { failures.append(rule) }
  }

  mutating func step() {
    switch Int.random(in: 0..<20, using: &generator) {
    case 0..<5: edit()
    case 5: harness.submit(everything: true, producer: .reload)
    case 6: harness.send(.enqueue(.init(number: UInt64(next))))
    case 7:
      let file = FileChange(path: FilePath("static/\(next % 7)"), kind: .modified)
      harness.submit(content: [file, FileChange(path: "static/x", kind: .created)])
    case 8: harness.send(.drain(.init(number: UInt64(1_000_000 + next))))
    case 9: passTime()
    case 10: if let event = late.popLast() { harness.send(event) }
    default: perform()
    }
    next += 1
    checkPublications()
  }

  private mutating func edit() {
    let name = Self.names.randomElement(using: &generator) ?? "a"
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: harness.disk[name] = nil
    case 1: harness.disk[name] = -Int.random(in: 1...3, using: &generator)
    case 2: harness.disk[name] = -200
    default: harness.disk[name] = next
    }
    harness.submit(name)
  }

  /// Lets deadlines pass; what was to be answered is answered late.
  private mutating func passTime() {
    harness.now += .milliseconds(Int.random(in: 1...1500, using: &generator))
    guard let deadline = harness.machine.nextDeadline, harness.now >= deadline else { return }
    for (index, action) in harness.outstanding.enumerated().reversed() {
      switch action {
      case .load(let id, let units, _):
        let results = units.map { ($0, harness.loadResult($0)) }
        late.append(.loaded(id, Dictionary(results, uniquingKeysWith: { $1 })))
      case .validate(let id, _):
        late.append(.validated(id, [:]))
      default: continue
      }
      harness.outstanding.remove(at: index)
    }
    harness.send(.timePassed)
  }

  private mutating func perform() {
    if case .swap(_, let generation, let swap) = harness.outstanding.first {
      let contents = swap.contents
      expect(generation == harness.generation + 1, "a generation was left out or repeated")
      expect(contents.values.allSatisfy { $0 > 0 }, "something bad came into force")
      expect(!contents.isEmpty, "a swap changed nothing")
    }
    _ = harness.performOne()
    expect(
      harness.machine.running == nil || harness.machine.runningJob == nil,
      "a job ran during a transaction")
  }

  private mutating func checkPublications() {
    for publication in harness.publications[checkedPublications...] {
      for unit in publication.units { check(unit) }
      checkGroup(publication)
    }
    checkedPublications = harness.publications.count
  }

  private mutating func checkGroup(_ publication: NumberMachine.Publication) {
    guard isGrouped else { return }
    let group = publication.units.filter { ["a", "b"].contains($0.unit.configName) }
    // What does not exist and never did is no member.
    let isBad = group.contains { !$0.outcome.diagnostics.isEmpty && refused[$0.unit] == true }
    expect(!isBad || !group.contains(where: \.isChanged), "half of a group came into force")
  }

  private mutating func check(_ unit: NumberMachine.UnitChange) {
    let name = unit.unit.configName ?? ""
    let wasRefused = refused[unit.unit] ?? false
    expect(unit.old == lastValues[name], "\(name): the old value is not what was in force")
    if unit.isChanged {
      expect(unit.new != unit.old, "\(name): changed to the same")
      // The numbers that are written only grow.
      expect((unit.new ?? 0) > (unit.old ?? 0), "\(name): an older value came after a newer one")
      expect((unit.new ?? 0) > 0, "\(name): something bad was published")
    } else {
      expect(unit.new == unit.old, "\(name): changed without saying so")
    }
    switch unit.outcome {
    case .recovered: expect(wasRefused, "\(name): recovered without having been refused")
    case .applied: expect(!wasRefused && unit.isChanged, "\(name): applied, but was refused")
    case .refused, .quarantined, .rolledBack: expect(false, "\(name): no participant and no bake")
    case .rejected: expect(!unit.isChanged, "\(name): rejected and changed")
    case .unchanged:
      expect(!wasRefused || unit.new == nil, "\(name): a refusal ended without a word")
    }
    // What never was in force and does not exist is forgotten.
    let isMissing = unit.outcome == .rejected([MachineHarness.error("missing")])
    let isForgotten = unit.new == nil && (isMissing || unit.outcome == .unchanged)
    refused[unit.unit] = !isForgotten && !unit.outcome.diagnostics.isEmpty
    lastValues[name] = unit.new
  }

  /// Lets everything come to rest, loads all, and compares with what the disk says.
  mutating func finish() {
    harness.run()
    for name in Self.names { harness.submit(name) }
    harness.run()
    harness.submit(everything: true, producer: .reload)
    harness.run()
    checkPublications()
    let answered = harness.reports.keys.filter { $0 < 1_000_000 }.count
    expect(answered == Int(harness.lastTicket), "a ticket was not answered")
    expect(harness.machine.isIdle, "it did not come to rest")
    expect(harness.inForce == lastValues.filter { $0.value > 0 }, "readers saw something else")
    func isGood(_ name: String) -> Bool {
      harness.disk[name].map { $0 > 0 } ?? (harness.machine.units[.config(name)] == nil)
    }
    for name in Self.names {
      let group = isGrouped && ["a", "b"].contains(name) ? ["a", "b"] : [name]
      guard let number = harness.disk[name], group.allSatisfy(isGood) else { continue }
      expect(harness.inForce[name] == number, "\(name): what is on disk and good is not in force")
      expect(
        harness.machine.units[.config(name)]?.refusal == [], "\(name): still counts as refused")
    }
  }
}

@Suite("The transaction machine's model")
struct TransactionModelTests {
  /// How many histories are tried, and how long each is.
  static let histories: UInt64 = 1_000
  static let steps = 200

  @Test("agrees with the machine for every random history")
  func randomHistories() async throws {
    var swaps = 0
    for seed in PropertySeeds(Self.histories) {
      // The other tests of the process share the threads with this one.
      await Task.yield()
      var run = ModelRun(seed: seed)
      for _ in 0..<Self.steps { run.step() }
      run.finish()
      swaps += Int(run.harness.generation)
      try #require(
        run.failures.isEmpty, "HOTRELOAD_SEED=\(seed): \(run.failures.prefix(3))")
    }
    #expect(swaps > 0)
  }
}
