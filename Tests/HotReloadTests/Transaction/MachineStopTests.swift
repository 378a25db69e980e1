import Testing

@testable import HotReload

@Suite("Stopping the transaction machine")
struct MachineStopTests {
  @Test(
    "aborts what is before its swap and finishes what is after it, in every phase",
    arguments: [
      (ReloadPhase.load, false), (.validate, false), (.prepare, false), (.swap, true),
      (.publish, true), (.activate, true),
    ])
  func phase(_ phase: ReloadPhase, isFinished: Bool) {
    var (harness, ticket) = MachineHarness.under(way: phase)
    harness.stop()
    #expect(harness.inForce == ["app": isFinished ? 2 : 1])
    #expect(harness.reports[ticket]?.outcome(of: "app") == (isFinished ? .applied : nil))
    #expect(harness.abandoned.contains(ticket) == !isFinished)
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("retires what is in force and what a roll-back would have brought back")
  func duringBake() {
    var limits = NumberMachine.Limits()
    limits.bake = .seconds(1)
    var harness = MachineHarness(limits: limits)
    harness.save("app", 1)
    harness.wait(.seconds(1))
    harness.join("pool", "app")
    harness.save("app", 2)
    harness.stop()
    #expect(harness.products.values.map(\.retirements) == [1, 1])
    // What did not outlive its bake is not the last good.
    #expect(harness.journal.lastGood == [.config("app"): 1])
    #expect(harness.machine.nextDeadline == nil)
  }

  @Test("does not begin a roll-back")
  func noRollBack() {
    var limits = NumberMachine.Limits()
    limits.bake = .seconds(10)
    limits.checksHealth = true
    var harness = MachineHarness(limits: limits)
    harness.save("app", 1)
    harness.save("app", 2)
    harness.now += limits.healthInterval
    harness.send(.timePassed)
    harness.health = .bad("it is down")
    harness.stop()
    #expect(harness.inForce == ["app": 2])
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("lets a registration end that is under way")
  func duringJob() {
    var harness = MachineHarness()
    harness.save("app", 1)
    harness.enqueue(.join(PretendedParticipant(name: "pool", units: [.config("app")])))
    harness.performFirst()
    let waiting = harness.enqueue()
    harness.send(.stop)
    #expect(!harness.isStopped)
    harness.stop()
    #expect(harness.isStopped)
    #expect(harness.products.values.map(\.retirements) == [1])
    #expect(!harness.jobs.contains(waiting))
    #expect(harness.rules.violations.isEmpty)
  }
}
