import Testing

@testable import HotReload

@Suite("The transaction machine at the start of a process")
struct MachineBootTests {
  private static func harness(
    groups: AtomicGroups = .none, lastGood: [String: Number], quarantine: [String: Int] = [:]
  ) -> MachineHarness {
    var memory = NumberMachine.Memory(generation: 7)
    for (name, content) in lastGood { memory.lastGood[.config(name)] = content }
    for (name, value) in quarantine {
      memory.quarantine[.config(name)] = [.init(fingerprint: value, reason: "it is down")]
    }
    return MachineHarness(groups: groups, memory: memory)
  }

  private static func start(_ harness: inout MachineHarness) -> ReloadReport? {
    let ticket = harness.submit(everything: true, producer: .start)
    harness.run()
    return harness.reports[ticket]
  }

  @Test("takes what is on disk if that is good, and goes on counting")
  func good() {
    var harness = Self.harness(lastGood: ["app": 5])
    harness.write("app", 6)
    #expect(Self.start(&harness)?.outcome(of: "app") == .applied)
    #expect(harness.inForce == ["app": 6])
    #expect(harness.generation == 8)
  }

  @Test("takes the last good content of a config that is bad, and says that it is rejected")
  func bad() {
    for value in [-1, -200] {
      var harness = Self.harness(lastGood: ["app": 5])
      harness.write("app", Number(value))
      let report = Self.start(&harness)
      #expect(report?.outcome(of: "app")?.diagnostics.isEmpty == false)
      #expect(report?.units.first?.isChanged == true)
      #expect(harness.inForce == ["app": 5])
      #expect(harness.save("app", 5) == .recovered)
      #expect(harness.rules.violations.isEmpty)
    }
  }

  @Test("takes the last good content of a config that is missing, when it is asked for")
  func missing() {
    var harness = Self.harness(lastGood: ["app": 5])
    harness.submit("app", producer: .registration)
    harness.run()
    #expect(harness.inForce == ["app": 5])
  }

  @Test("has nothing if what is on disk is bad and nothing was good before")
  func nothing() {
    var harness = Self.harness(lastGood: [:])
    harness.write("app", -1)
    _ = Self.start(&harness)
    #expect(harness.inForce.isEmpty)
  }

  @Test("does not take a last good content that has to pass and does not")
  func invalid() {
    var harness = Self.harness(lastGood: ["app": -5])
    harness.write("app", -1)
    #expect(
      Self.start(&harness)?.outcome(of: "app") == .rejected([MachineHarness.error("negative -1")]))
    #expect(harness.inForce.isEmpty)
  }

  @Test("does not take a last good content that is in quarantine")
  func quarantined() {
    var harness = Self.harness(lastGood: ["app": 5], quarantine: ["app": 5])
    harness.write("app", -1)
    _ = Self.start(&harness)
    #expect(harness.inForce.isEmpty)
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("starts a group from its last good content as a whole")
  func group() {
    var harness = Self.harness(groups: [["a", "b"]], lastGood: ["a": 5, "b": 5, "c": 5])
    harness.write("a", -1)
    harness.write("b", 6)
    harness.write("c", 6)
    _ = Self.start(&harness)
    #expect(harness.inForce == ["a": 5, "b": 5, "c": 6])
    harness.save("a", 7)
    #expect(harness.inForce == ["a": 7, "b": 6, "c": 6])
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("does not take what validators say late about the disk for an answer about the last good")
  func lateAnswer() throws {
    var harness = Self.harness(lastGood: ["app": -5])
    harness.write("app", 6)
    harness.submit(everything: true, producer: .start)
    harness.run(until: .validate)
    let first = try #require(harness.outstanding.first)
    harness.outstanding = []
    harness.now += harness.limits.validate
    harness.send(.timePassed)
    // The last good content is being validated by now, and is not valid.
    guard case .validate(let id, _) = first else {
      Issue.record("not a validation: \(first)")
      return
    }
    harness.send(.validated(id, [:]))
    harness.run()
    #expect(harness.inForce.isEmpty)
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("goes back to what was good before also when what is on disk has outlived its bake")
  func lateTypeAfterBake() {
    var harness = Self.harness(lastGood: ["app": 5])
    harness.write("app", 6)
    _ = Self.start(&harness)
    #expect(harness.journal.lastGood == [.config("app"): 6])
    harness.submit(producer: .registration, fallBacks: ["app"])
    harness.run()
    #expect(harness.inForce == ["app": 5])
    #expect(harness.journal.lastGood == [.config("app"): 5])
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("does not go back to what was good before when somebody has accepted something newer")
  func accepted() {
    for isParticipant in [true, false] {
      var harness = Self.harness(lastGood: ["app": 5])
      harness.write("app", 6)
      _ = Self.start(&harness)
      if isParticipant { harness.join("pool", "app") } else { harness.save("app", 7) }
      harness.submit(producer: .registration, fallBacks: ["app"])
      harness.run()
      #expect(harness.inForce == ["app": isParticipant ? 6 : 7])
    }
  }

  @Test("goes back to the last good content for a type that came late, with the whole group")
  func lateType() {
    var limits = NumberMachine.Limits()
    limits.bake = .seconds(60)
    var harness = MachineHarness(groups: [["a", "b"]], limits: limits)
    harness.journal.lastGood = [.config("a"): 5, .config("b"): 5]
    harness.write("a", 6)
    harness.write("b", 6)
    harness.restart(isCrash: true)
    harness.run()
    #expect(harness.inForce == ["a": 6, "b": 6])
    harness.submit(producer: .registration, fallBacks: ["a"])
    harness.run()
    #expect(harness.inForce == ["a": 5, "b": 5])
    #expect(harness.rules.violations.isEmpty)
  }
}
