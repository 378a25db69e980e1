import Testing

@testable import HotReloadFleet

@Suite("A controller that dies")
struct ControllerDeathTests {
  static let stages = [1, 10, 50, 100].map { RolloutStage(percent: $0, bake: .seconds(4)) }

  /// A fleet in the middle of a rollout, whose controller dies as soon as the record was moved so many times.
  private func history(of nature: Nature, dyingAt move: Int) throws -> FleetSimulation {
    let simulation = FleetCostTests.fleet(of: 20)
    simulation.propose(nature, stages: Self.stages)
    _ = try #require(FleetCostTests.time(simulation) { $0.rules.moves >= move })
    let leader = try #require(
      simulation.hosts.compactMap(\.process).first { $0.controller.leading != nil })
    simulation.crash(leader, because: "it led")
    simulation.after(.seconds(5)) { simulation.start(leader.host) }
    return simulation
  }

  @Test("at any move of a good change leaves it to another one, who commits it", arguments: 1...4)
  func goodChange(move: Int) throws {
    let simulation = try history(of: .good, dyingAt: move)
    let committed = FleetCostTests.time(simulation) { simulation in
      simulation.rules.committed?.number == 1
        && simulation.hosts.allSatisfy { $0.process?.running?.number == 1 }
    }
    // The one that died had the change by the last stage, which counts against it.
    let isJudged = simulation.rules.rolledBack.count == 1 && move == 4
    #expect(committed != nil || isJudged)
    #expect(simulation.rules.violations == [])
  }

  @Test("while a bad change goes on leaves it to another one, who takes it back", arguments: 1...3)
  func badChange(move: Int) throws {
    let simulation = try history(of: .unhealthy(every: 1, after: .seconds(2)), dyingAt: move)
    _ = try #require(
      FleetCostTests.time(simulation) {
        if case .ended(.rolledBack) = $0.rules.record?.state { true } else { false }
      })
    #expect(simulation.rules.everRan[1]?.count == 1)
    #expect(simulation.hosts.allSatisfy { $0.process?.running == nil })
    #expect(simulation.rules.violations == [])
  }
}
