import SystemPackage
import Testing

@testable import HotReload

@Suite("The transaction machine's place")
struct MachinePlaceTests {
  private static let release: FilePath = "/releases/1"
  private static let next: FilePath = "/releases/2"

  /// With `app` and `old` from the workspace, and two folders: the first has no `old`, the second another `app`.
  private static func harness(bake: Duration = .zero) -> MachineHarness {
    var limits = NumberMachine.Limits()
    limits.bake = bake
    limits.checksHealth = bake > .zero
    limits.healthInterval = .seconds(4)
    limits.health = .seconds(1)
    var harness = MachineHarness(groups: .all, limits: limits, isManaged: true)
    harness.write("app", 1)
    harness.write("old", 1)
    harness.folders = [release: ["app": 2], next: ["app": 3, "new": 1]]
    harness.submit(everything: true, producer: .start)
    harness.run()
    return harness
  }

  private static func switched(
    _ harness: inout MachineHarness, to folder: FilePath
  ) -> ReloadReport? {
    let ticket = harness.submit(producer: .other("fleet"), root: .folder(folder))
    harness.run()
    return harness.reports[ticket]
  }

  @Test("takes a config out of force that it does not have and nobody uses, and says so")
  func gone() {
    var harness = Self.harness()
    let report = Self.switched(&harness, to: Self.release)
    #expect(report?.outcome(of: "old") == .removed && report?.outcome(of: "app") == .applied)
    #expect(report?.contentFolder == Self.release && report?.isAccepted == true)
    #expect(harness.inForce == ["app": 2])
    let told = harness.publications.last?.units.first { $0.unit == .config("old") }
    #expect(told?.old == 1 && told?.new == nil && told?.isChanged == true)
    #expect(harness.machine.units[.config("old")] == nil)
    #expect(harness.machine.lastGood[.config("old")] == nil)
    #expect(harness.rules.violations.isEmpty)
  }

  @Test(
    "goes into force as a generation of its own also if nothing else changes than that a config is gone"
  )
  func nothingElse() {
    var harness = Self.harness()
    harness.folders[Self.release] = ["app": 1]
    let before = harness.generation
    let report = Self.switched(&harness, to: Self.release)
    #expect(harness.generation == before + 1)
    #expect(report?.outcome(of: "app") == .unchanged && report?.outcome(of: "old") == .removed)
    #expect(harness.inForce == ["app": 1])
    #expect(harness.rules.violations.isEmpty)
  }

  @Test(
    "is refused as a whole if it does not have what is used, by name",
    arguments: [true, false])
  func used(byStream: Bool) {
    var harness = Self.harness()
    if byStream { harness.needed = ["old"] } else { harness.join("pool", "old") }
    let report = Self.switched(&harness, to: Self.release)
    #expect(report?.outcome(of: "old") == .rejected([MachineHarness.error("missing")]))
    #expect(report?.outcome(of: "app")?.diagnostics.isEmpty == false)
    #expect(report?.contentFolder == nil)
    #expect(harness.inForce == ["app": 1, "old": 1])
    #expect(harness.machine.root == .workspace)
    // What is in force is as good as before.
    #expect(harness.machine.units.values.allSatisfy { $0.refusal.isEmpty })
    harness.needed = []
    for participant in harness.participants.keys { harness.leave(participant) }
    #expect(Self.switched(&harness, to: Self.release)?.isAccepted == true)
    #expect(harness.inForce == ["app": 2])
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("that is refused takes nothing out of force, and adds nothing")
  func refused() {
    var harness = Self.harness()
    harness.folders[Self.next] = ["app": -3, "new": 1]
    let report = Self.switched(&harness, to: Self.next)
    #expect(report?.isAccepted == false)
    #expect(report?.outcome(of: "old")?.diagnostics.first?.message.contains("config app") == true)
    #expect(harness.inForce == ["app": 1, "old": 1])
    #expect(harness.machine.units[.config("new")]?.applied == nil)
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("comes back with what it brought, and with what was gone, if the bake fails")
  func rollsBack() {
    var harness = Self.harness(bake: .seconds(10))
    for _ in 0..<3 { harness.wait(.seconds(4)) }
    _ = Self.switched(&harness, to: Self.release)
    for _ in 0..<3 { harness.wait(.seconds(4)) }
    #expect(harness.machine.bake == nil)
    _ = Self.switched(&harness, to: Self.next)
    #expect(harness.inForce == ["app": 3, "new": 1])
    harness.health = .bad("it is down")
    harness.wait(.seconds(4))
    #expect(harness.inForce == ["app": 2])
    #expect(harness.machine.root == .folder(Self.release))
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("brings a removed config back if the bake fails in which it went")
  func comesBack() {
    var harness = Self.harness(bake: .seconds(10))
    for _ in 0..<3 { harness.wait(.seconds(4)) }
    _ = Self.switched(&harness, to: Self.release)
    #expect(harness.inForce == ["app": 2])
    harness.health = .bad("it is down")
    harness.wait(.seconds(4))
    #expect(harness.inForce == ["app": 1, "old": 1])
    #expect(harness.machine.root == .workspace)
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("given up before its swap is taken up again, and the last of several counts")
  func givenUp() {
    var harness = Self.harness()
    harness.submit(producer: .other("fleet"), root: .folder(Self.release))
    harness.run(until: .validate)
    harness.send(.pause)
    #expect(harness.machine.root == .workspace)
    harness.send(.resume)
    harness.run(until: .load)
    harness.submit(producer: .other("fleet"), root: .folder(Self.next))
    harness.tell("app")
    harness.run()
    #expect(harness.inForce == ["app": 3, "new": 1])
    #expect(harness.machine.root == .folder(Self.next))
    #expect(harness.rules.violations.isEmpty)
  }
}
