import HotReloadTesting
import Testing

@testable import HotReload

@Suite("The transaction machine's model")
struct TransactionModelTests {
  /// How many histories are tried, and how long each is.
  static let histories: UInt64 = 10_000
  static let steps = 40
  /// A planted bug must be found within so many.
  static let historiesWithBug: UInt64 = 2_000

  @Test("agrees with the machine for every random history")
  func randomHistories() async throws {
    var outcomes: Set<String> = []
    var products = 0
    for seed in PropertySeeds(Self.histories) {
      // The other tests of the process share the threads with this one.
      await Task.yield()
      var run = ModelRun(seed: seed)
      for _ in 0..<Self.steps where run.violations.isEmpty { run.step() }
      run.finish()
      outcomes.formUnion(run.harness.outcomes)
      products += run.harness.products.count
      try #require(
        run.violations.isEmpty, "HOTRELOAD_SEED=\(seed): \(run.violations.prefix(3))")
    }
    if Self.histories <= PropertySeeds(Self.histories).range.count {
      #expect(outcomes.count == 8 && products > 0)
    }
  }

  @Test("finds a planted bug", arguments: PlantedBug.allCases)
  func plantedBug(_ bug: PlantedBug) async {
    for seed in 1...Self.historiesWithBug {
      await Task.yield()
      var run = ModelRun(seed: seed, bug: bug)
      for _ in 0..<Self.steps where run.violations.isEmpty { run.step() }
      if run.violations.isEmpty { run.finish() }
      if !run.violations.isEmpty { return }
    }
    Issue.record("\(bug) was not found")
  }
}
