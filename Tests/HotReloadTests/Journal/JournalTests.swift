import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles
import WorkspaceTools

@testable import HotReload

@Suite("The journal")
struct JournalTests {
  let fixture: JournalFixture

  init() throws { fixture = try JournalFixture() }

  @Test("A first opening finds nothing, and makes a folder for its owner alone")
  func first() async throws {
    let journal = fixture.open()
    #expect(journal.opening.nextGeneration == 1)
    #expect(journal.opening.endedCleanly == nil)
    #expect(journal.opening.findings.isEmpty)
    journal.record(.applied(try fixture.content(1)))
    await journal.flush()
    #expect(journal.health == .healthy)
    let blob = try #require(
      SystemCalls.names(in: fixture.folder.path(JournalFixture.blobs)).first)
    for (path, mode) in [
      (JournalFixture.directory, 0o700), (JournalFixture.blobs, 0o700),
      (JournalFixture.file, 0o600), (JournalFixture.blobs.appending(blob), 0o600),
    ] {
      #expect(try fixture.mode(path) == mode, "\(path)")
    }
    await journal.close()
  }

  @Test("What was recorded is there after a restart, bytes and permissions too")
  func restart() async throws {
    let content = try fixture.content("app", 7, "a = 1\nname = \"é\\n\"\n", mode: [.ownerRead])
    let diagnostic = ConfigDiagnostic(
      location: SourceLocation(file: "config/app.toml", line: 3, column: 8), keyPath: "server.port",
      message: "expected Int, found String \"80a\"")
    try await fixture.use { journal in
      journal.record(.applied(content))
      journal.record(.lastGood(content))
      journal.record(.rejected(.config("app"), generation: 7, [diagnostic]))
      journal.record(.rolledBack(.config("sub/app"), from: 8, to: 9, reason: "not healthy"))
      journal.record(.quarantined(content.record.key, reason: "because"))
    }
    let journal = fixture.open()
    let opening = journal.opening
    #expect(opening.lastGood == [.config("app"): content.record])
    #expect(opening.quarantined == [content.record.key: "because"])
    #expect(opening.nextGeneration == 10)
    #expect(opening.endedCleanly == true)
    #expect(try journal.layers(of: content.record) == content.layers)
    #expect(journal.isQuarantined(content.record.key))
    let history = try journal.reader.history(unit: .config("app"))
    #expect(history.map(\.event).contains(.rejected(.config("app"), generation: 7, [diagnostic])))
    await journal.close()
  }

  @Test("History is told newest first, by unit and up to a limit")
  func history() async throws {
    try await fixture.use { journal in
      for generation in 1...5 {
        journal.record(.applied(try fixture.content("app", UInt64(generation))))
        journal.record(.applied(try fixture.content("other", UInt64(generation))))
      }
    }
    let reader = try JournalReader(workspace: fixture.workspace)
    let generations = try reader.history(limit: 3, unit: .config("app")).map { entry -> UInt64 in
      if case .applied(let content) = entry.event { content.generation } else { 0 }
    }
    #expect(generations == [5, 4, 3])
    #expect(try reader.history(limit: 0).isEmpty)
    #expect(try reader.content(of: .config("app"), at: 3).generation == 3)
    #expect(try reader.content(of: .config("app")).generation == 5)
    #expect(throws: JournalError.self) { try reader.content(of: .config("nobody")) }
  }

  @Test("A difference between two generations shows no secrets")
  func difference() async throws {
    try await fixture.use { journal in
      journal.record(.applied(try fixture.content("app", 1, "a = 1\npassword = \"old\"\n")))
      journal.record(.applied(try fixture.content("app", 4, "a = 2\npassword = \"new\"\n")))
    }
    let reader = try JournalReader(workspace: fixture.workspace)
    let loader = ConfigLoader(workspace: fixture.workspace)
    let differences = try reader.difference(of: "app", from: 2, by: loader)
    #expect(differences.map(\.keyPath.description) == ["a", "password"])
    #expect(differences.first?.new == 2)
    #expect(differences.last?.new == .init(stringLiteral: RedactionRules.replacement))
    let open = try reader.difference(of: "app", from: 1, to: 4, by: loader, redacting: .none)
    #expect(open.last?.new == "new")
  }

  @Test("A generation that only an attempt named is not given out again")
  func generations() async throws {
    try await fixture.use { journal in
      let attempt = journal.beginAttempt(generation: 41, units: [])
      journal.closeAttempt(attempt, .abandoned)
    }
    let opening = try await fixture.use()
    #expect(opening.nextGeneration == 42)
  }

  @Test("Two processes, or two journals, do not share a folder")
  func instances() async throws {
    let first = fixture.open()
    let second = fixture.open()
    #expect(first.opening.folder?.lastComponent?.string == "default")
    #expect(second.opening.folder?.lastComponent?.string == "default-2")
    await first.close()
    let third = fixture.open()
    #expect(third.opening.folder?.lastComponent?.string == "default")
    #expect(JournalReader.instances(in: fixture.workspace) == ["default", "default-2"])
    await second.close()
    await third.close()
  }

  @Test(
    "When all folders of a name are taken, it is degraded, and what living processes do is not theirs to bury"
  )
  func allTaken() async throws {
    var journals: [Journal] = []
    for _ in 0..<JournalFolder.maximumInstances { journals.append(fixture.open()) }
    let key = try fixture.content(1).record.key
    _ = journals[0].beginAttempt(generation: 5, units: [key])
    let late = fixture.open(JournalOptions(retryInterval: .milliseconds(5)))
    #expect(late.opening.folder == nil)
    #expect(late.opening.deaths.isEmpty)
    guard case .degraded(let reason) = late.health else {
      Issue.record("it says that it is healthy")
      return
    }
    #expect(reason.contains("in use by other processes"))
    late.record(.applied(try fixture.content(1)))
    await journals[3].close()
    await eventually { late.health == .healthy }
    #expect(try late.reader.content(of: .config("app")).generation == 1)
    for journal in journals + [late] { await journal.close() }
  }

  @Test(
    "A name that is no folder's name is refused, and touches nothing",
    arguments: ["", "..", "a/b", ".x"])
  func names(name: String) async throws {
    let journal = fixture.open(JournalOptions(instance: name))
    #expect(journal.opening.folder == nil)
    #expect(journal.health != .healthy)
    await journal.close()
    #expect(!fixture.folder.exists("data"))
  }

  @Test("Backups are written of what is applied, once for each content")
  func backups() async throws {
    try await fixture.use(JournalOptions(backups: ConfigBackupLimits())) { journal in
      journal.record(.applied(try fixture.content("app", 1, "a = 1\n")))
      journal.record(.applied(try fixture.content("app", 2, "a = 1\n")))
      journal.record(.applied(try fixture.content("app", 3, "a = 3\n")))
    }
    let backups = try await fixture.workspace.configBackups(of: "config/app.toml")
    #expect(backups.map(\.generation) == [3, 1])
    #expect(try backups.map { try fixture.folder.text($0.path) } == ["a = 3\n", "a = 1\n"])
  }

  @Test(
    "Who reads beside a writer that writes the file anew sees whole entries, and never goes back")
  func readingBeside() async throws {
    let journal = fixture.open(
      JournalOptions(limits: JournalLimits(maximumFileSize: 8 << 10, maximumEntries: 30)))
    journal.record(.applied(try fixture.content(1)))
    await journal.flush()
    let reader = try JournalReader(workspace: fixture.workspace)
    async let newest = BlockingExecutor.shared.run {
      var newest: UInt64 = 0
      for _ in 0..<150 {
        let generation = try reader.content(of: .config("app")).generation
        #expect(generation >= newest)
        newest = generation
      }
      return newest
    }
    for generation in UInt64(2)...300 {
      journal.record(.applied(try fixture.content(generation)))
      if generation % 10 == 0 { await journal.flush() }
    }
    _ = try await newest
    await journal.close()
    #expect(try reader.content(of: .config("app")).generation == 300)
  }

  @Test("What is done after the end is lost without harm")
  func afterTheEnd() async throws {
    let journal = fixture.open()
    await journal.close()
    let before = try fixture.folder.read(JournalFixture.file)
    let attempt = journal.beginAttempt(generation: 1, units: [])
    journal.closeAttempt(attempt, .survived)
    journal.record(.applied(try fixture.content(1)))
    await journal.flush()
    await journal.close()
    #expect(try fixture.folder.read(JournalFixture.file) == before)
  }
}

extension JournalFixture {
  func mode(_ path: FilePath) throws -> Int {
    let stamp = folder.path(path).withPlatformString {
      FileStamp(at: $0, in: SystemCalls.currentDirectoryHandle, followLinks: false)
    }
    return Int(try #require(stamp).mode & 0o7777)
  }
}
