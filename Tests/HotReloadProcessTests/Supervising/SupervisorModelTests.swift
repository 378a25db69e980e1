import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadProcess

/// Events in any order against a world that knows what is on disk and who lives.
@Suite("The supervisor in any order of events")
struct SupervisorModelTests {
  @Test(
    "The program never sees what is not good, never runs twice, and in the end has seen the last good change"
  )
  func anyOrder() {
    for seed in PropertySeeds(1_000) {
      var world = World(SeededGenerator(seed: seed))
      world.begin()
      for _ in 0..<80 { world.step() }
      world.settle()
      guard world.problems.isEmpty else {
        Issue.record(
          "\(world.random): \(world.problems.joined(separator: "; "))\n\(world.trace.joined(separator: "\n"))"
        )
        return
      }
    }
  }
}

/// What the machine's actions do, in a world without processes.
private struct World {
  static let files: [FilePath] = ["a.toml", "b.toml", "c.toml"]

  var random: SeededGenerator
  var machine: SupervisorMachine
  var settings: SupervisorSettings
  var now = Duration.zero
  var problems: [String] = []
  var trace: [String] = []
  /// The version of each file, and whether it is good.
  var disk: [FilePath: (version: Int, isGood: Bool)] = [:]
  var version = 0
  /// The newest version that an action has shown the program.
  var shown = 0
  var open: [(event: SupervisorMachine.Event, name: String)] = []
  var works: [SupervisorMachine.Work] = []
  var isAlive = false
  var hasEnded = false
  var endCode: CInt?
  var buildsPass = true

  init(_ random: SeededGenerator) {
    var random = random
    var settings = SupervisorSettings()
    settings.onChange = [.restart, .signal(.hangUp), .execute(["x"])][random.below(3)]
    settings.onBusy = [.queue, .restart][random.below(2)]
    settings.onExit = [.end, .wait, .restart][random.below(3)]
    if random.below(2) == 0 { settings.build = ["make"] }
    self.random = random
    self.settings = settings
    machine = SupervisorMachine(settings: settings)
  }

  mutating func begin() {
    for file in Self.files { disk[file] = (0, true) }
    handle(.begin(Self.files), "begin")
  }

  mutating func step() {
    guard endCode == nil else { return }
    switch random.below(12) {
    case 0...3: change(isGood: random.below(3) > 0)
    case 4...8 where !open.isEmpty:
      let next = open.remove(at: random.below(open.count))
      handle(next.event, next.name)
    case 9:
      if isAlive, !hasEnded { end(.code(CInt(random.below(2)))) }
    case 10: buildsPass = random.below(4) > 0
    default:
      now += .milliseconds(random.below(3_000))
      handle(.timePassed, "time \(now)")
    }
  }

  /// The world becomes good and quiet; then everything must be as it should.
  mutating func settle() {
    buildsPass = true
    for file in Self.files where disk[file]?.isGood == false { change(file, isGood: true) }
    change(isGood: true)
    for _ in 0..<500 where endCode == nil {
      if open.isEmpty {
        guard let deadline = machine.nextDeadline else { break }
        now = max(now, deadline)
        handle(.timePassed, "time \(now)")
      } else {
        let next = open.removeFirst()
        handle(next.event, next.name)
      }
    }
    guard endCode == nil else { return }
    if shown < version, isAlive || settings.onExit != .end {
      problems.append("version \(version) was never shown, only \(shown)")
    }
    handle(.stop, "stop")
    for _ in 0..<100 where endCode == nil {
      if open.isEmpty {
        now = max(now, machine.nextDeadline ?? now)
        handle(.timePassed, "time \(now)")
      } else {
        let next = open.removeFirst()
        handle(next.event, next.name)
      }
    }
    if endCode == nil { problems.append("it does not end") }
  }

  private mutating func change(_ file: FilePath? = nil, isGood: Bool) {
    let file = file ?? Self.files[random.below(Self.files.count)]
    version += 1
    disk[file] = (version, isGood)
    handle(.changed([file]), "change \(file) to \(isGood ? "good" : "bad") \(version)")
  }

  private mutating func end(_ status: ProgramExit) {
    hasEnded = true
    open.append((.ended(machine.run, status), "ended"))
    open.append((.gone(machine.run), "gone"))
  }

  private mutating func handle(_ event: SupervisorMachine.Event, _ name: String) {
    trace.append(name)
    if case .gone = event {
      // The kernel tells the end of the leader first.
      if let index = open.firstIndex(where: { $0.name == "ended" }) {
        let first = open.remove(at: index)
        handle(first.event, first.name)
      }
      isAlive = false
    }
    for action in machine.handle(event, at: now) { perform(action) }
  }

  private mutating func perform(_ action: SupervisorMachine.Action) {
    trace.append("  \(action.shortName)")
    switch action {
    case .check(let id, let files, _):
      // What is read is read now; the answer may come late.
      let rejected = files.filter { disk[$0]?.isGood == false }
      let problem = ConfigDiagnostic(location: nil, message: "bad")
      let result = SupervisorMachine.CheckResult(
        rejected: Dictionary(uniqueKeysWithValues: rejected.map { ($0, [problem]) }))
      begin(id, .checked(id, result), "checked")
    case .build(let id):
      begin(id, .built(id, .init(isSuccess: buildsPass, reason: "")), "built")
    case .execute(let id, _, _):
      show()
      begin(id, .executed(id, .init(isSuccess: true, reason: "")), "executed")
    case .breakOff(let id): works.removeAll { $0 == id }
    case .start(let run):
      if isAlive { problems.append("two programs at once") }
      (isAlive, hasEnded) = (true, false)
      show()
      open.insert((.started(run, process: 1), "started"), at: 0)
      // The edge answers at once, before anything else can happen.
      let next = open.removeFirst()
      handle(next.event, next.name)
    case .signal(let signal, let toGroup):
      if !isAlive, machine.program != .absent { problems.append("a signal to nobody") }
      if !toGroup { show() }
      if toGroup, isAlive, !hasEnded, signal == .kill || random.below(3) > 0 {
        end(.signal(signal.rawValue))
      }
    case .tell: break
    case .end(let code):
      if isAlive { problems.append("the end came before the program's") }
      endCode = code
    }
  }

  private mutating func begin(
    _ id: SupervisorMachine.Work, _ answer: SupervisorMachine.Event, _ name: String
  ) {
    works.append(id)
    if works.count > 1 { works.removeFirst() }
    open.append((answer, name))
  }

  /// The program reads what is on disk at this moment.
  private mutating func show() {
    if disk.values.contains(where: { !$0.isGood }) {
      problems.append("the program sees what is bad")
    }
    shown = version
  }
}
