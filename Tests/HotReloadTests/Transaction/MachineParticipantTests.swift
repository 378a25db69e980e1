import Testing

@testable import HotReload

@Suite("The transaction machine's participants")
struct MachineParticipantTests {
  @Test("make their products before anything comes into force, and get them in the same swap")
  func prepares() {
    var harness = MachineHarness()
    harness.save("app", 1)
    let pool = harness.join("pool", "app")
    harness.write("app", 2)
    harness.submit("app")
    harness.run(until: .prepare)
    #expect(harness.inForce == ["app": 1])
    harness.run()
    let product = harness.productsInForce[pool]
    #expect(product.flatMap { harness.products[$0]?.contents } == [.config("app"): 2])
    #expect(harness.activations.last?.product == product)
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("are left alone by changes that do not concern them")
  func unconcerned() {
    var harness = MachineHarness()
    harness.save("app", 1)
    harness.save("other", 1)
    harness.join("pool", "app")
    harness.save("other", 2)
    #expect(harness.products.count == 1)
    #expect(harness.activations.isEmpty)
  }

  @Test("see what changed and what stays")
  func changed() {
    var harness = MachineHarness()
    harness.save("a", 1)
    harness.save("b", 1)
    let pool = harness.join("pool", "a", "b")
    harness.save("b", 2)
    let product = harness.productsInForce[pool].flatMap { harness.products[$0] }
    #expect(product?.contents == [.config("a"): 1, .config("b"): 2])
  }

  @Test("keep content out that they refuse, and are named")
  func refuses() {
    var harness = MachineHarness()
    harness.save("app", 1)
    harness.join("pool", "app", refusing: [2])
    let refusal = ReloadOutcome.refused(by: "pool", [MachineHarness.error("pool: 2")])
    #expect(harness.save("app", 2) == refusal)
    #expect(harness.inForce == ["app": 1])
    #expect(harness.save("app", 3) == .recovered)
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("have products retired that another one's refusal makes useless")
  func retires() {
    var harness = MachineHarness()
    harness.save("app", 1)
    harness.join("first", "app")
    harness.join("second", "app", refusing: [2])
    harness.save("app", 2)
    #expect(harness.products.values.map(\.retirements).sorted() == [0, 0, 1])
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("hold back what one product was made of together, and let the rest pass")
  func holdsBack() {
    var harness = MachineHarness()
    for name in ["a", "b", "c"] { harness.save(name, 1) }
    harness.join("both", "a", "b")
    harness.join("strict", "a", refusing: [2])
    for name in ["a", "b", "c"] { harness.write(name, 2) }
    let ticket = harness.submit("a", "b", "c")
    harness.run(until: .publish)
    #expect(harness.inForce == ["a": 1, "b": 1, "c": 2])
    harness.run()
    let held = harness.reports[ticket]?.outcome(of: "b")?.diagnostics.first?.message ?? ""
    #expect(held.contains("strict refused what belongs together with it"))
    // Alone it is good, which is tried when something else has come into force.
    #expect(harness.inForce == ["a": 1, "b": 2, "c": 2])
  }

  @Test("bring what was held back into force when its culprit is mended")
  func mended() {
    var harness = MachineHarness()
    for name in ["a", "b", "c"] { harness.save(name, 1) }
    harness.join("both", "a", "b")
    harness.join("more", "b", "c")
    harness.join("strict", "a", refusing: [2])
    for name in ["a", "b", "c"] { harness.write(name, 2) }
    harness.submit("a", "b", "c")
    harness.run()
    harness.save("a", 3)
    #expect(harness.inForce == ["a": 3, "b": 2, "c": 2])
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("bring what they refused together with something bad into force when that is mended")
  func mendedTogether() {
    for value in [3, 1] {
      var harness = MachineHarness()
      for name in ["a", "b"] { harness.save(name, 1) }
      harness.join("both", "a", "b", refusing: [2])
      harness.write("a", 2)
      harness.write("b", 5)
      harness.submit("a", "b")
      harness.run()
      #expect(harness.inForce == ["a": 1, "b": 1])
      harness.save("a", Number(value))
      #expect(harness.inForce == ["a": Number(value), "b": 5])
      #expect(harness.rules.violations.isEmpty)
    }
  }

  @Test("do not hold up what is mended because of something bad that was refused together with it")
  func notHostage() {
    var harness = MachineHarness()
    for name in ["a", "b"] { harness.save(name, 1) }
    harness.join("both", "a", "b", refusing: [2])
    harness.write("a", 4)
    harness.write("b", 2)
    harness.submit("a", "b")
    harness.run()
    harness.save("a", 5)
    #expect(harness.inForce == ["a": 5, "b": 1])
    #expect(harness.machine.isIdle)
  }

  @Test("do not hold up a good config because another one of theirs is bad")
  func independent() {
    var harness = MachineHarness()
    for name in ["a", "b"] { harness.save(name, 1) }
    harness.join("both", "a", "b", refusing: [2])
    harness.save("b", 2)
    #expect(harness.save("a", 3) == .applied)
    #expect(harness.inForce == ["a": 3, "b": 1])
  }

  @Test("that are late refuse, and what they bring late is retired")
  func late() throws {
    var harness = MachineHarness(limits: .init(prepare: .seconds(2)))
    harness.save("app", 1)
    let pool = harness.join("pool", "app")
    harness.participants[pool]?.isHanging = true
    harness.write("app", 2)
    let ticket = harness.submit("app")
    harness.run()
    #expect(harness.reports[ticket] == nil)
    harness.wait(.seconds(2))
    #expect(harness.reports[ticket]?.errors.first?.message.contains("2.0 seconds") == true)
    #expect(harness.inForce == ["app": 1])
    harness.participants[pool]?.isHanging = false
    let late = try #require(harness.hanging.first)
    harness.hanging = []
    harness.perform(late)
    #expect(harness.products.values.map(\.retirements).sorted() == [0, 1])
    #expect(harness.save("app", 2) == .recovered)
    harness.stop()
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("do not hold up a transaction by activating without an end")
  func lateActivation() {
    var harness = MachineHarness(limits: .init(activate: .seconds(3)))
    harness.save("app", 1)
    harness.join("pool", "app")
    harness.write("app", 2)
    let ticket = harness.submit("app")
    harness.run(until: .activate)
    harness.outstanding = []
    harness.wait(.seconds(3))
    #expect(harness.reports[ticket]?.outcome(of: "app") == .applied)
    #expect(harness.rules.violations.isEmpty)
  }
}
