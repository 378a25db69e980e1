import Glibc
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles
import WorkspaceTools

@testable import HotReload

@Suite("A process that dies", .timeLimit(.minutes(20)))
struct CrashTests {
  /// So many times it is killed at random, unless the environment says otherwise.
  private static let randomCrashes = 40
  private static let crashesVariable = "HOTRELOAD_CRASHES"

  let folder: TemporaryWorkspace
  let server: CrashingServer
  let edits: Edits

  init() throws {
    folder = try TemporaryWorkspace()
    server = CrashingServer(root: folder.root)
    edits = Edits(folder)
  }

  /// What the journal says when nobody uses it.
  private func journal() throws -> JournalScan {
    JournalScan(try folder.read(JournalFixture.file))
  }

  /// Lets the first content outlive its bake.
  private func settle() async throws {
    try edits.write(.good)
    let run = try await server.run("good")
    #expect(run.start?.number == 1 && run.lines.last == "closed", "\(run.lines)")
  }

  @Test(
    "At each place of a reload, it comes up again with what had passed, and says which and why",
    arguments: JournalFailpoint.allCases)
  func failpoints(point: JournalFailpoint) async throws {
    try await settle()
    let died = try await server.run("at", point.rawValue) {
      try edits.writeNext(every: .milliseconds(60), orSick: point == .quarantined)
    }
    #expect(died.signal == SIGKILL && died.failpoint == point.rawValue, "\(died.lines)")
    try await comesUp(after: died)
    // What comes up is good now for the next one, too.
    let settled = try await server.run("good")
    #expect(settled.lines.last == "closed", "\(settled.lines)")
    #expect(try journal().garbage.isEmpty)
  }

  @Test(
    "At each place of a start, too",
    arguments: JournalFailpoint.allCases.filter {
      ![.quarantined, .compacted, .compactedNotRenamed].contains($0)
    })
  func starts(point: JournalFailpoint) async throws {
    try await settle()
    try edits.write(.good)
    let died = try await server.run("boot", point.rawValue)
    #expect(died.signal == SIGKILL && died.failpoint == point.rawValue, "\(died.lines)")
    try await comesUp(after: died)
  }

  /// What a run comes up with is good, says why, and is newer than all before.
  @discardableResult
  private func comesUp(after died: CrashingServer.Run) async throws -> CrashingServer.Run {
    let onDisk = edits.last
    let written = try journal().state.highestGeneration
    let next = try await server.run("good")
    let start = try #require(next.start, "\(next.lines)")
    #expect(edits[start.number].isValid)
    #expect(start.generation > written && start.generation > died.generations.max() ?? 0)
    if start.isFromDisk {
      #expect(start.number == onDisk.number)
    } else {
      #expect(start.number != onDisk.number)
      let before = try #require(next.lastGoodGeneration, "\(next.lines)")
      #expect(before < start.generation)
      // What is good on disk is passed over only if it was taken back.
      #expect(onDisk.kind != .good, "\(start.why)")
    }
    return next
  }

  @Test("What is not good on disk is passed over for what was good, which is named")
  func badOnDisk() async throws {
    try await settle()
    for kind in [Edits.Kind.malformed, .invalid, .mistyped, .mixed] {
      try edits.write(kind)
      let run = try await server.run("good")
      let start = try #require(run.start, "\(run.lines)")
      #expect(start.number == 1)
      #expect(start.why.hasPrefix("last-good config/app.toml:"), "\(start.why)")
      #expect(run.lastGoodGeneration.map { $0 < start.generation } == true)
    }
  }

  @Test(
    "Content on which it died twice while that was on trial is kept out, and the last good serves")
  func quarantine() async throws {
    try await settle()
    try edits.write(.good)
    for _ in 0..<2 {
      let died = try await server.run("boot", JournalFailpoint.published.rawValue)
      #expect(died.failpoint == JournalFailpoint.published.rawValue)
    }
    let kept = try await server.run("good")
    let start = try #require(kept.start, "\(kept.lines)")
    #expect(start.number == 1)
    #expect(start.why.contains("died 2 times while this content was on trial"), "\(start.why)")
    // It may come back when it differs.
    try edits.write(.good)
    #expect(try await server.run("good").start?.isFromDisk == true)
  }

  @Test("The last good content itself is not kept out, however often the process dies on it")
  func lastGoodStays() async throws {
    try await settle()
    for _ in 0..<3 {
      let died = try await server.run("boot", JournalFailpoint.published.rawValue)
      #expect(died.failpoint == JournalFailpoint.published.rawValue)
    }
    let start = try #require(try await server.run("good").start)
    #expect(start.isFromDisk && start.number == 1)
  }

  @Test("What is refused by its type does not become the last good by outliving its bake")
  func notAccepted() async throws {
    try await settle()
    var server = server
    server.bake = 0
    try edits.write(.invalid)
    // It dies when the content is over its bake, and before the stream is asked for.
    for point in [JournalFailpoint.attemptClosed, .attemptClosed, .published] {
      let died = try await server.run("boot", point.rawValue)
      #expect(died.failpoint == point.rawValue)
    }
    let run = try await server.run("good")
    let start = try #require(run.start, "\(run.lines)")
    #expect(start.number == 1 && !start.isFromDisk)
  }

  @Test("Killed at any moment while files change, it comes up with what had passed")
  func random() async throws {
    let count = getenv(Self.crashesVariable).flatMap { Int(String(cString: $0)) }
    try await settle()
    var generator = SeededGenerator(seed: 5)
    var ups = 0
    var fromLastGood = 0
    var keptOut = 0
    var highest: UInt64 = 0
    var lastGood: UInt64 = 0
    for _ in 0..<(count ?? Self.randomCrashes) {
      let onDisk = edits.last
      let delay = UInt32.random(in: 0...400_000, using: &generator)
      let run = try await server.run("after", "\(delay)") { try edits.writeRandom() }
      #expect(run.signal == SIGKILL && !run.isDown, "\(run.lines)")
      if let start = run.start {
        ups += 1
        try #require(start.number > 0 && start.number <= edits.last.number)
        #expect(edits[start.number].isValid, "\(start)")
        #expect(start.generation > highest)
        let isKeptOut = start.why.contains("died") || start.why.contains("rolled back")
        if start.isFromDisk {
          #expect(start.number == onDisk.number)
        } else {
          fromLastGood += 1
          if isKeptOut { keptOut += 1 }
          #expect(!onDisk.isValid || isKeptOut, "\(start)")
        }
      }
      #expect(run.generations == run.generations.sorted())
      highest = max(highest, run.generations.max() ?? 0)
      let state = try journal().state
      let good = try #require(state.lastGood[.config("app")]?.last?.generation)
      #expect(good >= lastGood)
      lastGood = good
      #expect(state.highestGeneration >= highest)
    }
    #expect(ups > 0 && fromLastGood > 0, "it was never up long enough to prove anything")
    print(
      "\(count ?? Self.randomCrashes) random kills: \(ups) came up before, \(fromLastGood) of them "
        + "from the last good (\(keptOut) because the content was kept out), "
        + "\(edits.last.number) contents written, generation \(highest)")
    #expect(try #require(try await server.run("good").start).generation > highest)
  }
}
