import Testing

@testable import HotReload

@Suite("Joining and leaving the transaction machine")
struct MachineMembershipTests {
  /// With 1 baked and 2 on trial.
  private static func onTrial() -> MachineHarness {
    var limits = NumberMachine.Limits()
    limits.bake = .seconds(2)
    limits.checksHealth = true
    var harness = MachineHarness(limits: limits)
    harness.save("app", 1)
    harness.wait(.seconds(1))
    harness.wait(.seconds(1))
    harness.save("app", 2)
    return harness
  }

  @Test("during a bake makes a product to go back to as well")
  func rollBackProduct() {
    var harness = Self.onTrial()
    let pool = harness.join("pool", "app")
    #expect(harness.products.count == 2)
    harness.health = .bad("it is down")
    harness.wait(.seconds(1))
    let product = harness.productsInForce[pool].flatMap { harness.products[$0] }
    #expect(product?.contents == [.config("app"): 1])
    harness.stop()
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("retires the product to go back to when the bake ends")
  func baked() {
    var harness = Self.onTrial()
    harness.join("pool", "app")
    harness.wait(.seconds(1))
    harness.wait(.seconds(1))
    #expect(harness.products.values.map(\.retirements).sorted() == [0, 1])
  }

  @Test("retires the product to go back to if the bake ended while it was made")
  func bakedMeanwhile() {
    var harness = Self.onTrial()
    harness.wait(.seconds(1))
    harness.enqueue(
      .join(PretendedParticipant(name: "pool", units: [.config("app")])))
    harness.performFirst()
    harness.now += .seconds(1)
    harness.send(.timePassed)
    harness.performOne(at: 1)
    #expect(harness.journal.lastGood == [.config("app"): 2])
    harness.run()
    #expect(harness.products.values.map(\.retirements).sorted() == [0, 1])
    harness.stop()
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("waits for a roll-back that is due when it happens")
  func rollBackMeanwhile() {
    var harness = Self.onTrial()
    harness.enqueue(
      .join(PretendedParticipant(name: "pool", units: [.config("app")])))
    harness.performFirst()
    harness.health = .bad("it is down")
    harness.now += .seconds(1)
    harness.send(.timePassed)
    harness.performOne(at: 1)
    #expect(harness.inForce == ["app": 2])
    harness.run()
    #expect(harness.inForce == ["app": 1])
    harness.stop()
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("has products retired when somebody leaves, also the one to go back to")
  func leaves() {
    var harness = Self.onTrial()
    let pool = harness.join("pool", "app")
    harness.leave(pool)
    #expect(harness.products.values.map(\.retirements) == [1, 1])
    harness.health = .bad("it is down")
    harness.wait(.seconds(1))
    #expect(harness.inForce == ["app": 1])
    harness.stop()
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("asks somebody who has left no more")
  func asksNoMore() {
    var harness = MachineHarness()
    harness.save("app", 1)
    let strict = harness.join("strict", "app", refusing: [2])
    harness.leave(strict)
    #expect(harness.save("app", 2) == .applied)
    harness.leave(strict)
    #expect(harness.rules.violations.isEmpty)
  }
}
