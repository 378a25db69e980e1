import FileWatching
import Testing

/// The promise of the whole module: whatever another process does to the files, a consumer that only replays
/// what is reported knows the same as one that lists everything anew.
@Suite("Random changes", .serialized, .timeLimit(.minutes(60)))
struct RandomChanges {
  @Test("At every sync the replayed view equals a full scan", arguments: Setting.all)
  func viewEqualsScan(_ setting: Setting) async throws {
    try await check { seed in
      RandomRun(seed: seed, operations: Effort.operations, setting: setting)
    }
  }

  @Test("So it does when files have several names", arguments: Setting.all)
  func viewEqualsScanWithHardLinks(_ setting: Setting) async throws {
    try await check { seed in
      RandomRun(
        seed: seed, operations: Effort.operations, setting: setting,
        without: [
          "moveOut", "moveIn", "makeFolders", "renameFolder", "removeFolder", "exchange",
          "beginWriting",
        ], exclude: [])
    }
  }

  /// Runs every seed; stops at the first that fails, since one is enough to work on.
  private func check(_ makeRun: (UInt64) -> RandomRun) async throws {
    for seed in Effort.seeds {
      let run = makeRun(seed)
      let problems = try await run.problems()
      #expect(
        problems.isEmpty,
        """
        seed \(seed), \(run.setting.testDescription):
        \(problems.joined(separator: "\n"))
        Repeat it with: \(run.replay)
        """)
      if !problems.isEmpty { return }
    }
  }

  /// How many runs are tried until one gives a planted bug an occasion.
  private static let maximumRuns: UInt64 = 20

  @Test("The check notices a planted bug", arguments: PlantedBug.Kind.allCases, Setting.all)
  func noticesBugs(_ kind: PlantedBug.Kind, _ setting: Setting) async throws {
    for seed in 7..<7 + Self.maximumRuns {
      let bug = PlantedBug(kind)
      let run = RandomRun(seed: seed, operations: 200, setting: setting, bug: bug)
      let problems = try await run.problems()
      #expect(
        problems.isEmpty || bug.effects > 0,
        "seed \(seed), without a bug: \(problems.joined(separator: "\n"))")
      if !problems.isEmpty { return }
      #expect(!bug.mustBeNoticed, "\(kind) was not noticed with seed \(seed)")
    }
    Issue.record("\(kind) was not noticed in \(Self.maximumRuns) runs")
  }
}
