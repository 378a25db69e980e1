import Testing

@testable import HotReload

@Suite("The transaction machine's bake")
struct MachineBakeTests {
  private static func harness(
    bake: Duration = .seconds(10), checksHealth: Bool = true
  ) -> MachineHarness {
    var limits = NumberMachine.Limits()
    limits.bake = bake
    limits.checksHealth = checksHealth
    limits.healthInterval = .seconds(4)
    limits.health = .seconds(1)
    return MachineHarness(limits: limits)
  }

  /// With 1 baked and 2 on trial.
  private static func onTrial() -> MachineHarness {
    var harness = harness()
    harness.save("app", 1)
    for _ in 0..<3 { harness.wait(.seconds(4)) }
    harness.save("app", 2)
    return harness
  }

  @Test("of no time makes what came into force the last good at once")
  func none() {
    var harness = Self.harness(bake: .zero)
    harness.save("app", 1)
    #expect(harness.journal.lastGood == [.config("app"): 1])
    #expect(harness.machine.bake == nil)
  }

  @Test("ends by time alone if there is no health check")
  func timeAlone() {
    var harness = Self.harness(checksHealth: false)
    harness.save("app", 1)
    harness.wait(.seconds(9))
    #expect(harness.journal.lastGood.isEmpty)
    harness.wait(.seconds(1))
    #expect(harness.journal.lastGood == [.config("app"): 1])
    #expect(harness.machine.nextDeadline == nil)
  }

  @Test("ends with a good health check that was asked for at its end")
  func healthy() {
    var harness = Self.harness()
    harness.save("app", 1)
    harness.wait(.seconds(4))
    harness.wait(.seconds(4))
    #expect(harness.machine.nextDeadline == .seconds(10))
    harness.wait(.seconds(2))
    #expect(harness.journal.lastGood == [.config("app"): 1])
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("begins anew with a newer change, and its roll-back goes to what was baked last")
  func newer() {
    var harness = Self.onTrial()
    harness.wait(.seconds(4))
    harness.save("app", 3)
    harness.wait(.seconds(9))
    #expect(harness.journal.lastGood == [.config("app"): 1])
    harness.health = .bad("it is down")
    harness.wait(.seconds(1))
    #expect(harness.inForce == ["app": 1])
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("that fails brings value and product back, as a new generation, and tells")
  func rollsBack() {
    var harness = Self.harness()
    harness.save("app", 1)
    let pool = harness.join("pool", "app")
    let before = harness.productsInForce[pool]
    for _ in 0..<3 { harness.wait(.seconds(4)) }
    harness.save("app", 2)
    harness.health = .bad("it is down")
    harness.wait(.seconds(4))
    #expect(harness.inForce == ["app": 1])
    #expect(harness.generation == 3)
    #expect(harness.productsInForce[pool] == before)
    #expect(
      harness.publications.last?.units.map(\.outcome) == [.rolledBack(reason: "it is down")])
    #expect(harness.machine.units[.config("app")]?.refusal.isEmpty == false)
    harness.stop()
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("fails if a health check does not answer in time")
  func hangingCheck() throws {
    var harness = Self.onTrial()
    harness.health = .hanging
    harness.wait(.seconds(4))
    harness.wait(.seconds(1))
    #expect(harness.inForce == ["app": 1])
    // What it says late is said of nothing that is in force.
    harness.health = .good
    harness.save("app", 3)
    harness.health = .bad("too late")
    let late = try #require(harness.hanging.first)
    harness.hanging = []
    harness.perform(late)
    #expect(harness.inForce == ["app": 3])
  }

  @Test("that fails gives up a transaction before its swap, and does it again afterwards")
  func rollsBackFirst() {
    var harness = Self.harness()
    harness.save("app", 1)
    harness.save("other", 1)
    for _ in 0..<3 { harness.wait(.seconds(4)) }
    harness.save("app", 2)
    harness.write("other", 2)
    let ticket = harness.submit("other")
    harness.health = .bad("it is down")
    harness.now += .seconds(4)
    harness.send(.timePassed)
    // The check is answered while the other config is loaded.
    harness.performOne(at: 1)
    harness.health = .good
    harness.run()
    #expect(harness.inForce == ["app": 1, "other": 2])
    #expect(harness.reports[ticket]?.outcome(of: "other") == .applied)
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("that ends during the swap of a newer change makes only the older one the last good")
  func endsDuringSwap() {
    var harness = Self.onTrial()
    harness.wait(.seconds(4))
    harness.wait(.seconds(4))
    harness.write("app", 3)
    harness.submit("app")
    harness.run(until: .swap)
    harness.now += .seconds(2)
    harness.send(.timePassed)
    harness.performOne(at: 1)
    #expect(harness.journal.lastGood == [.config("app"): 2])
    harness.health = .bad("it is down")
    harness.run()
    #expect(harness.inForce == ["app": 2])
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("of the first content that fails says so once, and goes on until all is well")
  func nothingToGoBackTo() {
    var harness = Self.harness()
    harness.health = .bad("it is down")
    harness.save("app", 1)
    harness.wait(.seconds(4))
    #expect(harness.unhealthy == ["it is down"])
    #expect(harness.machine.healthFailure == "it is down")
    #expect(harness.inForce == ["app": 1])
    harness.health = .good
    harness.wait(.seconds(4))
    #expect(harness.machine.healthFailure == nil)
    for _ in 0..<3 { harness.wait(.seconds(4)) }
    #expect(harness.journal.lastGood == [.config("app"): 1])
  }

  @Test("goes back to the first content where nothing has outlived a bake yet")
  func firstContent() {
    var harness = Self.harness()
    harness.save("app", 1)
    harness.save("other", 1)
    let pool = harness.join("pool", "app", "other")
    harness.health = .bad("it is down")
    harness.save("app", 2)
    #expect(harness.inForce == ["app": 1, "other": 1])
    let product = harness.productsInForce[pool].flatMap { harness.products[$0] }
    #expect(product?.contents == [.config("app"): 1, .config("other"): 1])
    #expect(harness.rules.violations.isEmpty)
  }
}
