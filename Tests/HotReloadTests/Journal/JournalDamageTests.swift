import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles
import WorkspaceTools

@testable import HotReload

@Suite("A journal whose files are damaged")
struct JournalDamageTests {
  let fixture: JournalFixture

  init() throws { fixture = try JournalFixture() }

  /// Three generations of which the last two were good.
  private func fill() async throws {
    try await fixture.use { journal in
      journal.record(.applied(try fixture.content(1)))
      for generation in [UInt64(2), 3] {
        let content = try fixture.content(generation)
        journal.record(.applied(content))
        journal.record(.lastGood(content))
        await journal.flush()
      }
      journal.record(.quarantined(try fixture.content(1).record.key, reason: "x"))
    }
  }

  /// Opens it twice: what is wrong is told the first time only, and the rest is there both times.
  private func expectTold(
    _ texts: [String], good: UInt64 = 3, at location: Testing.SourceLocation = #_sourceLocation
  ) async throws {
    let first = try await fixture.use()
    #expect(first.findings.count == texts.count, "\(first.findings)", sourceLocation: location)
    for (finding, text) in zip(first.findings, texts) {
      #expect(finding.contains(text), sourceLocation: location)
    }
    let second = try await fixture.use()
    #expect(second.findings.isEmpty, sourceLocation: location)
    for opening in [first, second] {
      #expect(
        opening.lastGood[.config("app")]?.generation == good, sourceLocation: location)
      #expect(opening.quarantined.count == 1, sourceLocation: location)
      #expect(opening.nextGeneration == 4, sourceLocation: location)
    }
  }

  @Test("A last line that was not written to its end is left out, and the next one is whole")
  func torn() async throws {
    try await fill()
    try fixture.folder.append(JournalFixture.file, #"{"event":"applied","time":12"#)
    try await expectTold(["journal.jsonl:9: the last line was not written to its end"])
  }

  @Test("Garbage in the middle loses nothing else, and is set aside")
  func garbage() async throws {
    try await fill()
    var lines = try fixture.folder.text(JournalFixture.file).split(separator: "\n")
    lines.insert("\u{0}\u{1}not an entry", at: 2)
    lines.insert(#"{"event":"applied","time":1}"#, at: 4)
    try fixture.folder.write(JournalFixture.file, lines.joined(separator: "\n") + "\n")
    try await expectTold(["jsonl:3: is no entry", "jsonl:5: is no entry"])
    let damaged = try fixture.folder.text(JournalFixture.directory.appending("journal.damaged"))
    #expect(damaged.contains("not an entry"))
  }

  @Test("A line of a kind that a later version writes is no damage")
  func unknownKind() async throws {
    try await fill()
    try fixture.folder.append(JournalFixture.file, #"{"event":"fleet","time":1}"# + "\n")
    try await expectTold([])
    #expect(try fixture.folder.text(JournalFixture.file).contains("fleet"))
  }

  @Test(
    "Without the newest good content's bytes the one before it serves", arguments: [true, false])
  func lostBytes(isMissing: Bool) async throws {
    try await fill()
    let digest = try #require(try fixture.content(3).layers.first?.digest)
    let blob = JournalFixture.blobs.appending(digest.description)
    if isMissing {
      try fixture.folder.remove(blob)
    } else {
      try fixture.folder.write(blob, "a = 4\n")
    }
    let opening = try await fixture.use { journal in
      #expect(throws: JournalError.self) {
        try journal.layers(of: try fixture.content(3).record)
      }
      // The bytes are mended when they come again.
      journal.record(.lastGood(try fixture.content(3)))
    }
    #expect(opening.lastGood[.config("app")]?.generation == 2)
    #expect(opening.findings.count == 1)
    #expect(opening.findings[0].contains(isMissing ? "is missing" : "is damaged"))
    #expect(try await fixture.use().lastGood[.config("app")]?.generation == 3)
  }

  @Test("An empty file is an empty journal")
  func empty() async throws {
    try await fill()
    try fixture.folder.write(JournalFixture.file, "")
    let opening = try await fixture.use()
    #expect(opening.findings.isEmpty)
    #expect(opening.nextGeneration == 1)
  }

  @Test("Whatever the bytes are, it opens, and writes on")
  func noise() async throws {
    try await fill()
    let whole = try fixture.folder.read(JournalFixture.file)
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<60 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...20, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + 40))
        default: bytes.insert(UInt8.random(in: .min ... .max, using: &generator), at: place)
        }
      }
      try fixture.folder.write(JournalFixture.file, bytes: bytes)
      try await fixture.use { journal in journal.record(.applied(try fixture.content(9))) }
      #expect(
        try JournalReader(workspace: fixture.workspace).content(of: .config("app")).generation == 9)
    }
  }

  @Test("A folder that is removed comes back with what must not be lost")
  func removedFolder() async throws {
    let journal = fixture.open(JournalOptions(retryInterval: .milliseconds(5)))
    let bad = try fixture.content(1).record.key
    journal.record(.quarantined(bad, reason: "x"))
    journal.record(.lastGood(try fixture.content(5)))
    await journal.flush()
    try fixture.folder.remove("data")
    let attempt = journal.beginAttempt(generation: 7, units: [])
    journal.record(.lastGood(try fixture.content("other", 6)))
    journal.closeAttempt(attempt, .abandoned)
    await journal.flush()
    #expect(journal.health == .healthy)
    await journal.close()
    #expect(journal.health == .healthy)
    let opening = try await fixture.use()
    #expect(opening.lastGood[.config("app")]?.generation == 5)
    #expect(opening.lastGood[.config("other")]?.generation == 6)
    #expect(opening.quarantined.keys.map { $0 } == [bad])
    #expect(opening.nextGeneration == 8)
    #expect(opening.endedCleanly == true)
  }
}

extension JournalDamageTests {
  @Test(
    "When the folder is removed, a newer good content that waits is not undone by the one before it"
  )
  func removedFolderWithNewer() async throws {
    let journal = fixture.open()
    journal.record(.lastGood(try fixture.content(5)))
    await journal.flush()
    try fixture.folder.remove("data")
    journal.record(.lastGood(try fixture.content(6)))
    await journal.close()
    #expect(try await fixture.use().lastGood[.config("app")]?.generation == 6)
  }

  @Test("A size that no file can have is damage, and harms nothing")
  func impossibleSizes() async throws {
    var record = try fixture.content(1).record
    record.files[0].size = .max
    let line = JournalEntry(nanoseconds: .max, event: .lastGood(record)).line
    let text = String(decoding: line, as: UTF8.self)
    try fixture.folder.write(JournalFixture.file, text + text)
    #expect(try await fixture.use().findings.count == 2)
  }

  @Test("Limits at the ends of their types are no trouble")
  func extremeLimits() async throws {
    for age in [Duration.seconds(Int64.max), .seconds(Int64.min), .zero] {
      let options = JournalOptions(
        limits: JournalLimits(
          maximumFileSize: 0, maximumEntries: -1, maximumAge: age, maximumContentSize: .min),
        backups: ConfigBackupLimits(maximumCount: -1, maximumAge: age), queueLimit: -1,
        queueSizeLimit: -1, retryInterval: age)
      try await fixture.use(options) { journal in
        journal.record(.applied(try fixture.content(1)))
        journal.record(.lastGood(try fixture.content(1)))
        await journal.flush()
      }
    }
    #expect(try await fixture.use().lastGood[.config("app")]?.generation == 1)
  }
}

@Suite("Keeping a journal small")
struct JournalCompactionTests {
  let fixture: JournalFixture

  init() throws { fixture = try JournalFixture() }

  @Test("A file that grows is written anew, with what is needed and the newest history")
  func grows() async throws {
    let limits = JournalLimits(maximumFileSize: 16 << 10, maximumEntries: 100_000)
    let old = try fixture.content("old", 1)
    let opening = try await fixture.use(JournalOptions(limits: limits)) { journal in
      journal.record(.lastGood(old))
      for generation in UInt64(2)...400 {
        let attempt = journal.beginAttempt(generation: generation, units: [])
        journal.record(.applied(try fixture.content(generation)))
        journal.closeAttempt(attempt, .survived)
        if generation % 20 == 0 { await journal.flush() }
      }
      #expect(journal.dropped == 0)
    }
    #expect(opening.findings.isEmpty)
    #expect(try fixture.folder.read(JournalFixture.file).count < 24 << 10)
    let reader = try JournalReader(workspace: fixture.workspace)
    let applied = try reader.history(unit: .config("app")).count
    #expect(applied > 20)
    #expect(applied < 200)
    // No contents are left that nothing refers to.
    let blobs = SystemCalls.names(in: fixture.folder.path(JournalFixture.blobs)).count
    #expect(blobs < 200)
    for entry in try reader.history() {
      if case .applied(let content) = entry.event { _ = try reader.layers(of: content) }
    }
    let next = try await fixture.use()
    #expect(next.lastGood[.config("old")] == old.record)
    #expect(next.nextGeneration == 401)
  }

  @Test("History beyond its age or its count goes, when the journal is written anew")
  func limits() throws {
    let day: Int64 = 86_400_000_000_000
    var bytes: [UInt8] = []
    for generation in UInt64(1)...10 {
      let content = try fixture.content(generation)
      bytes +=
        JournalEntry(nanoseconds: Int64(generation) * day, event: .applied(content.record)).line
    }
    func left(_ limits: JournalLimits) -> Int {
      let compaction = JournalCompaction(JournalScan(bytes), limits: limits, now: 10 * day)
      let scan = JournalScan(compaction.content)
      #expect(scan.state.highestGeneration == 10)
      #expect(compaction.digests.count == scan.lines.count - 1)
      return compaction.digests.count
    }
    #expect(left(JournalLimits()) == 10)
    #expect(left(JournalLimits(maximumAge: .seconds(3 * 86_400))) == 4)
    #expect(left(JournalLimits(maximumEntries: 2)) == 2)
    #expect(left(JournalLimits(maximumContentSize: 20)) == 3)
    #expect(left(JournalLimits(maximumFileSize: 0, maximumEntries: 0, maximumAge: .zero)) == 0)
  }

  @Test("Writing anew changes nothing that is remembered", arguments: 0..<20)
  func keepsState(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let contents = try (1...4).map {
      try fixture.content($0 % 2 == 0 ? "app" : "sub/app", UInt64($0))
    }
    var scan = JournalScan([])
    var runs = 0
    for step in 1...120 {
      let content = contents[Int.random(in: 0..<4, using: &generator)]
      let other = contents[Int.random(in: 0..<4, using: &generator)]
      let id = AttemptID(run: "\(runs)", number: UInt64(step))
      let open = scan.state.open.randomElement(using: &generator)?.id ?? id
      let event: JournalEntry.Event =
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: .stopped(run: "\(runs)")
        case 1: .attemptClosed(open, .survived)
        case 2: .attemptClosed(open, .rolledBack)
        case 3:
          .attemptDied(
            AttemptID(run: "dead \(step)", number: 1),
            units: [content.record.key, other.record.key])
        case 4: .lastGood(content.record)
        case 5: .quarantined(content.record.key, reason: "\(step)")
        case 6: .quarantineCleared(content.record.key)
        case 7: .applied(content.record)
        case 8: .started(run: "\(runs)", process: 1)
        default: .attemptBegun(id, generation: UInt64(step), units: [content.record.key])
        }
      if case .started = event { runs += 1 }
      var bytes = scan.bytes + JournalEntry(nanoseconds: Int64(step), event: event).line
      let before = JournalScan(bytes).state
      if Int.random(in: 0..<4, using: &generator) == 0 {
        let compaction = JournalCompaction(
          JournalScan(bytes),
          limits: JournalLimits(maximumEntries: Int.random(in: 0...5, using: &generator)),
          now: Int64(step))
        bytes = compaction.content
      }
      scan = JournalScan(bytes)
      let after = scan.state
      #expect(scan.garbage.isEmpty)
      #expect(after.highestGeneration == before.highestGeneration)
      #expect(after.lastGood.mapValues(\.last) == before.lastGood.mapValues(\.last))
      #expect(
        Set(after.quarantined.values.joined().map(\.key))
          == Set(before.quarantined.values.joined().map(\.key)))
      #expect(after.open == before.open)
      #expect(after.endedCleanly == before.endedCleanly)
      for content in contents {
        #expect(after.deaths(of: content.record.key) == before.deaths(of: content.record.key))
      }
    }
  }
}
