import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles
import WorkspaceTools

@testable import HotReload

@Suite("A journal whose process dies", .timeLimit(.minutes(5)))
struct JournalCrashTests {
  let fixture: JournalFixture

  init() throws { fixture = try JournalFixture() }

  /// Those that a journal without a manager does not come to; see `CrashTests`.
  private static let ofReloads: Set<JournalFailpoint> = [
    .swapped, .published, .baked, .quarantined, .backedUp,
  ]

  @Test(
    "Wherever it dies, what was good is there, and no generation comes twice",
    arguments: JournalFailpoint.allCases.filter { !ofReloads.contains($0) })
  func failpoints(point: JournalFailpoint) async throws {
    _ = try await fixture.run("clean", count: 3)
    let ending = try await fixture.run("at", point.rawValue)
    #expect(ending.signal == 9)
    #expect(ending.lines.last == "reached \(point.rawValue)")
    #expect(ending.opened == 4)

    let opening = try await fixture.use()
    #expect(opening.endedCleanly == false)
    let good = try #require(opening.lastGood[.config("app")])
    #expect(good.generation >= ending.good ?? 3)
    #expect(opening.nextGeneration > max(good.generation, ending.good ?? 3))
    let loaded = try JournalReader(workspace: fixture.workspace).config(
      "app", at: good.generation, by: ConfigLoader(workspace: fixture.workspace))
    #expect(loaded.tree["a"] == ConfigTree(integerLiteral: Int64(good.generation)))
    #expect(opening.findings.isEmpty)
  }

  @Test("Content that was on trial when the process died twice is quarantined")
  func quarantine() async throws {
    _ = try await fixture.run("at", "attempt-begun", "same")
    let once = try await fixture.use()
    #expect(once.deaths.values.map { $0 } == [1])
    #expect(once.newlyQuarantined.isEmpty)
    _ = try await fixture.run("at", "attempt-begun", "same")
    let twice = try await fixture.use()
    let key = try fixture.content("app", 1, "a = 0").record.key
    #expect(twice.newlyQuarantined == [key])
    #expect(twice.quarantined[key]?.contains("died 2 times") == true)
  }

  @Test("Different contents that died once each are not")
  func different() async throws {
    _ = try await fixture.run("at", "attempt-begun")
    _ = try await fixture.run("at", "attempt-begun")
    let opening = try await fixture.use()
    #expect(opening.newlyQuarantined.isEmpty)
    #expect(opening.deaths.values.sorted() == [1, 1])
  }

  @Test("Killed at any moment, it comes up again with what was durable")
  func random() async throws {
    var generator = SeededGenerator(seed: 11)
    var good: UInt64 = 0
    var next: UInt64 = 1
    for _ in 0..<40 {
      let delay = UInt64.random(in: 0...150_000, using: &generator)
      let ending = try await fixture.run("after", "\(delay)", count: 100_000)
      #expect(ending.signal == 9)
      let opened = try #require(ending.opened)
      #expect(opened >= next)
      next = opened
      good = max(good, ending.good ?? 0)
      let journal = fixture.open()
      #expect(journal.opening.findings.isEmpty)
      #expect(journal.opening.nextGeneration > good)
      if good > 0 {
        let found = try #require(journal.opening.lastGood[.config("app")])
        #expect(found.generation >= good)
        #expect(
          try journal.layers(of: found).first?.bytes == Array("a = \(found.generation)\n".utf8))
      }
      await journal.close()
    }
    #expect(good > 0, "no run came far enough to prove anything")
  }
}

@Suite("Attempts and quarantine")
struct JournalAttemptTests {
  let fixture: JournalFixture

  init() throws { fixture = try JournalFixture() }

  /// What a process does that dies with these attempts open: the lines that it leaves.
  private func die(_ run: String, _ keys: [UnitFingerprint], attempts: Int = 1) throws {
    var lines = JournalEntry(nanoseconds: 1, event: .started(run: run, process: 1)).line
    for number in 1...attempts {
      let id = AttemptID(run: run, number: UInt64(number))
      lines +=
        JournalEntry(
          nanoseconds: 2, event: .attemptBegun(id, generation: 1, units: keys)
        ).line
    }
    try fixture.folder.append(JournalFixture.file, String(decoding: lines, as: UTF8.self))
  }

  @Test("Two deaths with one content quarantine it, durably; other content is free")
  func twoDeaths() async throws {
    let bad = try fixture.content("app", 1).record.key
    let other = try fixture.content("app", 2).record.key
    try die("one", [bad])
    let first = try await fixture.use()
    #expect(first.deaths == [bad: 1])
    #expect(first.quarantined.isEmpty)
    try die("two", [bad, other])
    let journal = fixture.open()
    #expect(journal.opening.newlyQuarantined == [bad])
    #expect(journal.isQuarantined(bad))
    #expect(!journal.isQuarantined(other))
    await journal.close()
    let third = try await fixture.use()
    #expect(third.newlyQuarantined.isEmpty)
    #expect(third.quarantined.keys.map { $0 } == [bad])
  }

  @Test(
    "What is the last good in any environment is not quarantined, however often a process dies on it"
  )
  func ownLastGood() async throws {
    let good = try fixture.content("app", 1).record
    var elsewhere = try fixture.content("app", 2).record
    elsewhere.environment = "staging"
    try await fixture.use { journal in
      journal.record(.lastGood(try fixture.content("app", 1)))
    }
    let line = JournalEntry(nanoseconds: 1, event: .lastGood(elsewhere)).line
    try fixture.folder.append(JournalFixture.file, String(decoding: line, as: UTF8.self))
    for run in ["one", "two", "three"] { try die(run, [good.key, elsewhere.key]) }
    let opening = try await fixture.use()
    #expect(opening.quarantined.isEmpty)
    #expect(opening.deaths == [good.key: 3, elsewhere.key: 3])
    #expect(opening.lastGood == [.config("app"): good])
  }

  @Test("One death counts once, however many attempts were open")
  func oneDeath() async throws {
    let key = try fixture.content(1).record.key
    try die("one", [key], attempts: 3)
    let opening = try await fixture.use()
    #expect(opening.deaths == [key: 1])
    let again = try await fixture.use()
    #expect(again.deaths == [key: 1])
  }

  @Test("A content that then outlives its bake has a clean slate, over a rewriting too")
  func survived() async throws {
    let bad = try fixture.content("app", 1).record.key
    let good = try fixture.content("app", 2).record.key
    try die("one", [bad, good])
    try await fixture.use { journal in
      let attempt = journal.beginAttempt(generation: 2, units: [good])
      journal.closeAttempt(attempt, .survived)
    }
    for _ in 0..<3 {
      // Everything that can be left out is left out.
      let opening = try await fixture.use(
        JournalOptions(limits: JournalLimits(maximumEntries: 1))
      ) { journal in
        for generation in 0..<5 {
          journal.record(.rejected(.assets, generation: UInt64(generation), []))
        }
      }
      #expect(opening.deaths == [bad: 1])
    }
  }

  @Test("A clean end and a close leave nothing to count")
  func clean() async throws {
    let key = try fixture.content(1).record.key
    try await fixture.use { journal in
      _ = journal.beginAttempt(generation: 1, units: [key])
      let closed = journal.beginAttempt(generation: 2, units: [key])
      journal.closeAttempt(closed, .rolledBack)
      journal.closeAttempt(closed, .survived)
    }
    let opening = try await fixture.use()
    #expect(opening.deaths.isEmpty)
    #expect(opening.endedCleanly == true)
  }

  @Test("What was cleared may be tried again, and has to die twice again")
  func cleared() async throws {
    let key = try fixture.content(1).record.key
    try die("one", [key])
    try die("two", [key])
    try await fixture.use { journal in
      #expect(journal.isQuarantined(key))
      journal.record(.quarantineCleared(key))
      #expect(!journal.isQuarantined(key))
    }
    try die("three", [key])
    let opening = try await fixture.use()
    #expect(opening.quarantined.isEmpty)
    #expect(opening.deaths == [key: 1])
  }
}
