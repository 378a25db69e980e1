import Testing

@testable import HotReloadFleet

/// What a rollout costs, by the number of instances, when nothing goes wrong but the change.
@Suite("The cost of a rollout")
struct FleetCostTests {
  /// The largest is printed only when asked for: `HOTRELOAD_FLEET=10000`.
  static var sizes: [Int] { [1, 10, 100] + [RandomHistoryTests.hosts ?? 1_000] }

  static func fleet(of hosts: Int) -> FleetSimulation {
    var options = FleetSimulation.Options()
    options.hosts = hosts
    options.delay = .milliseconds(20)
    options.stages = RolloutStage.atOnce
    let simulation = FleetSimulation(seed: 1, options: options)
    simulation.isRough = false
    for host in simulation.hosts {
      simulation.after(simulation.duration(.seconds(1))) { simulation.start(host) }
    }
    // Until somebody leads and has seen the store for long enough.
    simulation.run(for: .seconds(60))
    simulation.cost = FleetSimulation.Cost()
    return simulation
  }

  /// Lets time pass until something is so, and says how long it took; nil if it is not so in time.
  static func time(
    _ simulation: FleetSimulation, until isSo: (FleetSimulation) -> Bool
  ) -> Duration? {
    let start = simulation.now
    while simulation.now < start + .seconds(300) {
      if isSo(simulation) { return simulation.now - start }
      simulation.run(for: .milliseconds(5))
    }
    return nil
  }

  @Test("is one write of the controller a stage, and two of each instance", arguments: sizes)
  func goodChange(hosts: Int) throws {
    let simulation = Self.fleet(of: hosts)
    simulation.propose(.good)
    let applied = try #require(
      Self.time(simulation) { $0.hosts.allSatisfy { $0.process?.running?.number == 1 } })
    let committed = try #require(Self.time(simulation) { $0.rules.committed?.number == 1 })
    simulation.run(for: .seconds(30))
    #expect(simulation.rules.violations == [])
    #expect(simulation.cost.controllerWrites == 2)
    let writes = simulation.cost.reportWrites
    #expect(writes.count == hosts && writes.values.allSatisfy { $0 == 2 })
    print(
      "\(hosts) instances, one stage: applied by all after \(applied), committed "
        + "\(committed) later; writes: controller \(simulation.cost.controllerWrites), instances "
        + "\(writes.values.reduce(0, +)); watch events \(simulation.cost.watchEvents), reads "
        + "\(simulation.cost.reads)")
  }

  @Test("does not grow with the stages' instances for the controller", arguments: [3, 10, 100])
  func stages(hosts: Int) throws {
    let simulation = Self.fleet(of: hosts)
    simulation.propose(
      .good,
      stages: [1, 10, 50, 100].map { RolloutStage(percent: $0, bake: .seconds(5)) })
    _ = try #require(Self.time(simulation) { $0.rules.committed?.number == 1 })
    // Stages that reach nobody further are one step.
    let steps = Set(
      [1, 10, 50, 100].map { RolloutStage(percent: $0, bake: .zero).count(of: hosts) })
    #expect(simulation.cost.controllerWrites == steps.count + 1)
    #expect(simulation.cost.reportWrites.values.allSatisfy { $0 == 2 })
    #expect(simulation.rules.violations == [])
  }

  @Test("reaches the canaries only if they fail", arguments: sizes)
  func badCanaries(hosts: Int) throws {
    let simulation = Self.fleet(of: hosts)
    let stages = [1, 100].map { RolloutStage(percent: $0, bake: .seconds(20)) }
    simulation.propose(.unhealthy(every: 1, after: .seconds(3)), stages: stages)
    _ = try #require(
      Self.time(simulation) {
        if case .ended(.rolledBack(_, unreverted: 0)) = $0.rules.record?.state {
          true
        } else {
          false
        }
      })
    #expect(simulation.rules.violations == [])
    let canaries = stages[0].count(of: hosts)
    #expect(simulation.rules.everRan[1]?.count == canaries)
    #expect(simulation.hosts.allSatisfy { $0.process?.running == nil })
    // The beginning, the roll-back and the end.
    #expect(simulation.cost.controllerWrites == 3)
    #expect(simulation.cost.reportWrites.values.allSatisfy { $0 <= 3 })
  }

  @Test("is undone everywhere within two delays and the jitter", arguments: sizes)
  func rollBack(hosts: Int) throws {
    let simulation = Self.fleet(of: hosts)
    simulation.propose(
      .good, stages: [RolloutStage(percent: 100, bake: .seconds(100))])
    _ = try #require(
      Self.time(simulation) { $0.hosts.allSatisfy { $0.process?.running?.number == 1 } })
    simulation.run(for: .seconds(5))
    simulation.order(.rollBack)
    let undone = try #require(
      Self.time(simulation) { $0.hosts.allSatisfy { $0.process?.running == nil } })
    // To the controller and back to the store, and to the instances; the last ends within a step of 5 ms.
    let small = Duration.milliseconds(25)
    #expect(undone <= simulation.options.delay * 3 + simulation.options.times.jitter + small)
    simulation.run(for: .seconds(10))
    #expect(simulation.cost.reportWrites.values.allSatisfy { $0 == 3 })
    print("\(hosts) instances: asked for a roll-back, undone on all after \(undone)")
  }
}
