import Testing

@testable import HotReload

@Suite("The transaction machine's quarantine")
struct MachineQuarantineTests {
  /// Where 2 was rolled back to 1.
  private static func rolledBack() -> MachineHarness {
    var limits = NumberMachine.Limits()
    limits.bake = .seconds(1)
    limits.checksHealth = true
    var harness = MachineHarness(limits: limits)
    harness.save("app", 1)
    harness.wait(.seconds(1))
    harness.health = .bad("it is down")
    harness.save("app", 2)
    harness.health = .good
    return harness
  }

  @Test("keeps content out that was rolled back, and says the reason")
  func keepsOut() {
    var harness = Self.rolledBack()
    #expect(harness.save("app", 2) == .quarantined(reason: "it is down"))
    #expect(harness.inForce == ["app": 1])
    #expect(harness.publications.last?.units[0].isRepeated == true)
  }

  @Test("lets other content pass, which counts as recovered")
  func others() {
    var harness = Self.rolledBack()
    #expect(harness.save("app", 3) == .recovered)
    #expect(harness.save("app", 2) == .quarantined(reason: "it is down"))
    #expect(harness.inForce == ["app": 3])
  }

  @Test("concerns one unit only")
  func perUnit() {
    var harness = Self.rolledBack()
    #expect(harness.save("other", 2) == .applied)
  }

  @Test("holds a whole group back")
  func group() {
    var limits = NumberMachine.Limits()
    limits.bake = .seconds(1)
    limits.checksHealth = true
    var harness = MachineHarness(groups: [["a", "b"]], limits: limits)
    harness.save("a", 1)
    harness.save("b", 1)
    harness.wait(.seconds(1))
    harness.health = .bad("it is down")
    harness.save("a", 2)
    harness.health = .good
    #expect(harness.save("b", 5)?.diagnostics.first?.message.contains("config a") == true)
    #expect(harness.inForce == ["a": 1, "b": 1])
    harness.save("a", 3)
    #expect(harness.inForce == ["a": 3, "b": 5])
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("can be cleared, of a unit or of all")
  func cleared() {
    for unit in [UnitID.config("app"), nil] {
      var harness = Self.rolledBack()
      harness.send(.clearQuarantine(.config("other")))
      #expect(harness.save("app", 2) == .quarantined(reason: "it is down"))
      harness.send(.clearQuarantine(unit))
      #expect(harness.save("app", 2) == .recovered)
    }
  }

  @Test("keeps so many contents of a unit and forgets the oldest")
  func bounded() {
    var harness = Self.rolledBack()
    harness.health = .bad("it is down")
    for number in 3..<(3 + NumberMachine.maximumQuarantined) {
      harness.save("app", Number(number))
    }
    #expect(harness.machine.quarantine[.config("app")]?.count == NumberMachine.maximumQuarantined)
    harness.health = .good
    #expect(harness.save("app", 2) == .recovered)
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("outlives the process")
  func durable() {
    var harness = Self.rolledBack()
    harness.restart(isCrash: false)
    harness.run()
    // What is on disk is kept out, so the last good one is in force.
    #expect(harness.inForce == ["app": 1])
    #expect(harness.save("app", 2) == .quarantined(reason: "it is down"))
    #expect(harness.rules.violations.isEmpty)
  }
}
