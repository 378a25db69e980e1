import FileWatching
import HotReloadTesting
import InMemoryLogging
import Logging
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("The log", .timeLimit(.minutes(5)))
struct ReloadLogTests {
  @Test("has a line for each outcome, which says of what, which generation, by whom and how")
  func outcomes() async throws {
    let observed = try await Observed.scripted(
      [Fixture.app: Fixture.text(1)], .rollingBack(66))
    let manager = observed.manager
    _ = try await manager.register(NumberMaker(), for: [.config("app")], name: "pool")
    await manager.waitForBake()
    for text in [Fixture.text(2), "a = [", Fixture.text(3), Fixture.text(200)] {
      try await observed.save(Fixture.app, text)
    }
    await manager.waitForBake()
    try await observed.save(Fixture.app, Fixture.text(66))
    await eventually { manager.snapshot().generation == 5 }
    try await manager.sync()
    try await manager.reload()
    try await observed.save(Fixture.app, Fixture.text(3))
    let lines = observed.lines.entries.filter { $0.metadata["config"] == "app" }
    let told = lines.filter { $0.message != "config values changed" }
    #expect(
      told.map { $0.metadata["outcome"]?.description } == [
        "applied", "applied", "rejected", "recovered", "refused", "recovered", "rolledBack",
        "quarantined", "recovered",
      ])
    #expect(
      told.map(\.level) == [
        .info, .info, .error, .notice, .error, .notice, .error, .debug, .notice,
      ])
    for line in lines {
      #expect(line.metadata["generation"] != nil && line.metadata["producer"] != nil)
    }
    #expect(told[4].metadata["participant"] == "pool")
    #expect(told[6].metadata["producer"] == "verify")
    #expect(told[6].metadata["reason"] == "the health check failed: a is 66")
    let baked = try #require(observed.lines.entries.last { $0.metadata["outcome"] == "baked" })
    #expect(baked.metadata["units"] == ["config app"])
    try await observed.fixture.end()
  }

  @Test("says what is wrong where, and quotes no value of a secret key")
  func secrets() async throws {
    let observed = try await Observed.scripted([Fixture.app: "password = \"one\""])
    let stream = try await observed.manager.watchConfigChanges("app", as: SecretConfig.self)
    try await observed.save(Fixture.app, "password = \"hunter2\"")
    try await observed.save(Fixture.app, "password = \"31337\"")
    let text = observed.lines.entries.map { "\($0.message) \($0.metadata)" }.joined()
    #expect(!text.contains("hunter2") && !text.contains("31337"))
    #expect(text.contains("config/app.toml:1:12 password"))
    let changed = observed.lines.entries.last { $0.message == "config values changed" }
    #expect(changed?.metadata["keys"] == ["password"])
    #expect(stream.current.password == "31337")
    try await observed.fixture.end()
  }

  @Test("calls a file group by its name, and a notice of the watcher by its generation")
  func others() async throws {
    let observed = try await Observed.scripted()
    try observed.fixture.folder.write("secret/tls.crt", "one")
    _ = try await observed.manager.watchFiles("tls", ["secret/tls.crt"])
    let line = try #require(observed.lines.entries.last { $0.metadata["files"] == "tls" })
    #expect(line.message == "file group applied" && line.metadata["generation"] == "2")
    let failure = WatchFailure(errorNumber: 28, description: "no watch is left")
    observed.fixture.source?.deliver(
      [], notices: [.rescanned(.overflow), .degraded(path: "config", reason: failure)])
    try await observed.manager.sync()
    let notices = observed.lines.entries.suffix(2)
    #expect(notices.map { $0.metadata["outcome"] } == ["rescanned", "degraded"])
    #expect(notices.allSatisfy { $0.metadata["generation"] == "2" })
    #expect(notices.allSatisfy { $0.metadata["producer"] == "watcher" })
    try await observed.fixture.end()
  }
}
