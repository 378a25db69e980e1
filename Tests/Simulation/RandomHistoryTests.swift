import Foundation
import HotReloadTesting
import Testing

@testable import HotReloadFleet

/// How to run more of them, and how to see one:
///
///     HOTRELOAD_SEEDS=10000 swift test --filter SimulationTests
///     HOTRELOAD_SEEDS=100 HOTRELOAD_FLEET=1000 swift test --filter SimulationTests
///     HOTRELOAD_SEED=17 swift test --filter SimulationTests     (prints the history if it fails)
@Suite("A fleet on virtual time")
struct RandomHistoryTests {
  static let histories: UInt64 = 300
  /// How many instances each fleet has; nil for from 1 to 30 of them.
  static let hosts = ProcessInfo.processInfo.environment["HOTRELOAD_FLEET"].flatMap { Int($0) }
  /// A planted bug must be found within so many.
  static let historiesWithBug: UInt64 = 300
  /// How much of a failed history is printed.
  static let printedLines = 400

  @Test("keeps its rules through any history of faults, and comes to rest after it")
  func randomHistories() async throws {
    var outcomes: Set<String> = []
    for seed in PropertySeeds(Self.histories) {
      await Task.yield()
      let history = RandomHistory(seed: seed, hosts: Self.hosts)
      history.run()
      outcomes.formUnion(history.simulation.rules.outcomes)
      guard !history.violations.isEmpty else { continue }
      print(Self.trace(of: seed))
      Issue.record("HOTRELOAD_SEED=\(seed): \(history.violations.prefix(3))")
      return
    }
    if Self.hosts == nil, Self.histories <= PropertySeeds(Self.histories).range.count {
      #expect(outcomes == ["committed", "rolledBack", "paused"])
    }
  }

  @Test("finds a planted bug", arguments: PlantedBug.allCases)
  func plantedBug(_ bug: PlantedBug) async {
    for seed in 1...Self.historiesWithBug {
      await Task.yield()
      let history = RandomHistory(seed: seed, bug: bug)
      history.run()
      if history.violations.contains(where: { $0.contains(bug.symptom) }) { return }
    }
    Issue.record("\(bug) was not found")
  }

  @Test("repeats a history, event by event")
  func repeats() {
    #expect(Self.trace(of: 3) == Self.trace(of: 3))
  }

  /// The end of a history, in words.
  static func trace(of seed: UInt64) -> String {
    let history = RandomHistory(seed: seed, hosts: hosts, isTraced: true)
    history.run()
    return history.simulation.trace.suffix(printedLines).joined(separator: "\n")
  }
}
