import HotReloadTesting
import InMemoryLogging
import SystemPackage
import Testing
import WorkspaceFiles
import WorkspaceTools

@testable import HotReload

@Suite("What a process starts from", .timeLimit(.minutes(5)))
struct JournalBootTests {
  let instance: JournaledInstance

  init() throws { instance = try JournaledInstance() }

  private var folder: TemporaryWorkspace { instance.folder }

  @Test("What is good on disk, as a generation that was not there before")
  func good() async throws {
    try await instance.run(Fixture.text(1))
    try await instance.run(Fixture.text(2))
    let manager = try await instance.start()
    let stream = try await manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(stream.current.a == 2)
    #expect(manager.snapshot().generation == 3)
    #expect(await manager.status().health == .healthy)
    try await manager.shutdown()
  }

  @Test(
    "What is bad on disk gives way to the last good, which the log names and the status explains",
    arguments: ["a = ]", "a = \"x\"\nb = 1\n", nil])
  func lastGood(text: String?) async throws {
    try await instance.run(Fixture.text(1))
    try await instance.run(Fixture.text(2))
    if let text { try folder.replace(Fixture.app, text) } else { try folder.remove(Fixture.app) }
    let manager = try await instance.start()
    let stream = try await manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(stream.current.a == 2)
    #expect(manager.snapshot().generation > 2)
    #expect(await manager.status().health != .healthy)
    let line = instance.lines.entries.last {
      $0.message == "config starts from its last good content"
    }
    #expect(line?.metadata["lastGoodGeneration"] == "2")
    #expect(line?.metadata["config"] == "app")
    try await manager.replace(Fixture.text(3), in: folder)
    #expect(stream.current.a == 3)
    #expect(await manager.status().health == .healthy)
    try await manager.shutdown()
  }

  @Test("Nothing that an earlier process knew, if it is strict; what is kept out stays so")
  func strict() async throws {
    try await instance.run(Fixture.text(1))
    var strict = Fixture.configuration
    strict.bootPolicy = .strict
    for text in ["a = ]", "a = \"x\"\nb = 1\n"] {
      try folder.replace(Fixture.app, text)
      let manager = try await instance.start(strict)
      await #expect {
        try await manager.watchConfigChanges("app", as: AppConfig.self)
      } throws: { ($0 as? HotReloadError)?.code == .configRejected }
      try await manager.replace(Fixture.text(2), in: folder)
      #expect(try await manager.watchConfigChanges("app", as: AppConfig.self).current.a == 2)
      try await manager.shutdown()
    }
    try folder.write("hotreload.toml", "boot_policy = \"strict\"\n")
    try folder.replace(Fixture.app, "a = ]")
    let manager = try await instance.start()
    #expect(manager.snapshot().config("app") == nil)
    try await manager.shutdown()
  }

  @Test("Not what was good in another environment, which drives out nothing either")
  func environments() async throws {
    try await instance.run(Fixture.text(1))
    for number in 2...4 { try await instance.run(Fixture.text(number), environment: "development") }
    try folder.replace(Fixture.app, "a = ]")
    let staging = try await instance.start(environment: "staging")
    #expect(staging.snapshot().config("app") == nil)
    try await staging.shutdown()
    let production = try await instance.start()
    #expect(
      try await production.watchConfigChanges("app", as: AppConfig.self).current.a == 1)
    try await production.shutdown()
  }

  @Test("If the last good has lost its bytes, the one before it; if that has too, nothing")
  func lostBytes() async throws {
    try await instance.run(Fixture.text(1))
    try await instance.run(Fixture.text(2))
    try folder.replace(Fixture.app, "a = ]")
    func lose(_ number: Int) throws {
      let digest = ContentDigest(of: Array(Fixture.text(number).utf8))
      try folder.write(JournalFixture.blobs.appending("\(digest)"), "something else")
    }
    try lose(2)
    let manager = try await instance.start()
    #expect(try await manager.watchConfigChanges("app", as: AppConfig.self).current.a == 1)
    #expect(
      instance.lines.entries.contains { "\($0.metadata["finding"] ?? "")".contains("is damaged") })
    try await manager.shutdown()
    try lose(1)
    let none = try await instance.start()
    await #expect(throws: HotReloadError.self) {
      try await none.watchConfigChanges("app", as: AppConfig.self)
    }
    try await none.shutdown()
  }

  @Test("A file group on which processes died is kept out only if it never was good")
  func fileGroups() async throws {
    try folder.write("secret/key", "k")
    let first = try await instance.start()
    _ = try await first.watchFiles("tls", ["secret/key"])
    let content = try #require(first.driver.cell.storage.units[.files("tls")]?.content)
    try await first.shutdown()
    let key = UnitFingerprint(unit: .files("tls"), fingerprint: content.fingerprint)
    for run in ["one", "two"] {
      let id = AttemptID(run: run, number: 1)
      let line = JournalEntry(
        nanoseconds: 1, event: .attemptBegun(id, generation: 9, units: [key])
      ).line
      try folder.append(JournalFixture.file, String(decoding: line, as: UTF8.self))
    }
    let next = try await instance.start()
    #expect(next.recorder?.journal.opening.deaths == [key: 2])
    #expect(try await next.watchFiles("tls", ["secret/key"]).current.files.count == 1)
    try await next.shutdown()
  }
}
