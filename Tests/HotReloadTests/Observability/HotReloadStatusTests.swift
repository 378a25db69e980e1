import FileWatching
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("The status", .timeLimit(.minutes(5)))
struct HotReloadStatusTests {
  private static func document(_ status: HotReloadStatus) throws -> HotReloadStatus.Document {
    try ConfigFormat.json.parse(status.jsonBytes(), file: "status")
      .decode(HotReloadStatus.Document.self)
  }

  @Test("follows a unit from applied over rejected to recovered, with the times of each")
  func unit() async throws {
    let fixture = try await Fixture.scripted()
    func unit() async throws -> HotReloadStatus.UnitStatus {
      try #require(await fixture.manager.status().units.first)
    }
    let first = try await unit()
    #expect(first.unit == .config("app") && first.state == .inForce && first.generation == 1)
    #expect(first.rejectedSince == nil)
    let started = try #require(first.inForceSince)

    let before = nanosecondsSince1970()
    try await fixture.save(Fixture.app, "a = [")
    let rejected = try await unit()
    #expect(rejected.state == .rejected && rejected.generation == 1 && !rejected.errors.isEmpty)
    #expect(rejected.inForceSince == started)
    let since = try #require(rejected.rejectedSince)
    #expect((before...nanosecondsSince1970()).contains(since))
    let status = await fixture.manager.status()
    #expect(status.healthSince >= since && status.healthSince <= nanosecondsSince1970())
    #expect(status.health != .healthy)

    // Still rejected, for another reason: since the first time.
    try await fixture.save(Fixture.app, "a = {")
    #expect(try await unit().rejectedSince == since)
    #expect(await fixture.manager.status().healthSince == status.healthSince)

    try await fixture.save(Fixture.app, Fixture.text(2))
    let mended = try await unit()
    #expect(mended.state == .inForce && mended.generation == 2 && mended.rejectedSince == nil)
    #expect(try #require(mended.inForceSince) > since)
    let healthy = await fixture.manager.status()
    #expect(healthy.health == .healthy && healthy.healthSince > status.healthSince)
    #expect(healthy.outcomes == [.applied: 1, .rejected: 2, .recovered: 1])
    try await fixture.end()
  }

  @Test(
    "is degraded by what is wrong with products and parts of the program, each told once and without secrets"
  )
  func problems() async throws {
    let fixture = try await Fixture.scripted()
    let manager = fixture.manager
    func reasons() async -> [String] { await manager.status().redacted().health.reasons }
    let healthy = await manager.status().healthSince
    try await manager.register(FaultyMaker(), for: [.config("app")], name: "maker")
    #expect(await reasons() == ["maker in force with an error to mend: fault 1"])
    #expect(await manager.status().healthSince > healthy)
    try manager.reportProblems(of: "a part") {
      [
        FaultyNumber.fault(1),
        ConfigDiagnostic(location: nil, keyPath: "db.password", message: "not hunter2"),
        ConfigDiagnostic(location: nil, message: "no answer from redis://:hunter2@host"),
      ]
    }
    let both = await reasons()
    #expect(
      both.map { $0.prefix { $0 != ":" } } == [
        "maker in force with an error to mend", "a part in force with an error to mend",
        "a part in force with an error to mend",
      ])
    #expect(!both.joined().contains("hunter2"))
    #expect(try Self.document(await manager.status()).health == "degraded")
    // Another word of the same part takes the place of the one before.
    try manager.reportProblems(of: "a part") { [] }
    try await fixture.save(Fixture.app, Fixture.text(HotReloadStatus.maximumProblems + 5))
    let many = await reasons()
    #expect(many.count == HotReloadStatus.maximumProblems + 1)
    #expect(many.last == "5 more errors to mend in what is in force")
    try await fixture.save(Fixture.app, Fixture.text(0))
    #expect(await reasons() == [])
    for number in 1..<HotReloadManager.maximumProblemReaders {
      try manager.reportProblems(of: "part \(number)") { [] }
    }
    #expect(throws: HotReloadError.self) { try manager.reportProblems(of: "one more") { [] } }
    try manager.reportProblems(of: "part 1") { [] }
    try await fixture.end()
  }

  @Test("knows when a reload was good the last time")
  func lastSuccess() async throws {
    let fixture = try await Fixture.scripted()
    let first = try #require(await fixture.manager.status().lastSuccess)
    try await fixture.save(Fixture.app, "a = [")
    #expect(await fixture.manager.status().lastSuccess == first)
    try await fixture.save(Fixture.app, Fixture.text(2))
    #expect(try #require(await fixture.manager.status().lastSuccess) > first)
    try await fixture.end()
  }

  @Test("says of a config that never was good that it is missing, and forgets one that is gone")
  func missing() async throws {
    let fixture = try await Fixture.scripted(["config/bad.toml": "a = ["])
    let unit = try #require(await fixture.manager.status().units.first)
    #expect(unit.state == .missing && unit.generation == nil && unit.inForceSince == nil)
    #expect(unit.rejectedSince != nil)
    try fixture.folder.remove("config/bad.toml")
    fixture.source?.deliver([FileChange(path: "config/bad.toml", kind: .deleted)])
    try await fixture.manager.sync()
    let status = await fixture.manager.status()
    #expect(status.units.isEmpty && status.health == .healthy)
    try await fixture.end()
  }

  @Test("tells a refusal by its participant")
  func refused() async throws {
    let fixture = try await Fixture.scripted()
    _ = try await fixture.manager.register(NumberMaker(), for: [.config("app")], name: "pool")
    try await fixture.save(Fixture.app, Fixture.text(200))
    let status = await fixture.manager.status()
    #expect(status.participants == ["pool"])
    #expect(status.outcomes[.refused] == 1)
    let document = try Self.document(status)
    #expect(
      document.reasons == [
        "config app on disk is rejected: config/app.toml:1:1: pool refused it: 200 is too much"
      ])
    #expect(document.lastReport?.units.map(\.outcome) == ["refused"])
    try await fixture.end()
  }

  @Test("tells a roll-back and what it left in quarantine")
  func rolledBack() async throws {
    let fixture = try await Fixture.scripted(
      [Fixture.app: Fixture.text(1)], .rollingBack(66))
    let manager = fixture.manager
    await manager.waitForBake()
    let good = try #require(await manager.status().units.first?.inForceSince)
    try await fixture.save(Fixture.app, Fixture.text(66))
    await eventually { manager.snapshot().generation == 3 }
    try await manager.sync()
    let status = await manager.status()
    #expect(status.outcomes[.rolledBack] == 1)
    let unit = try #require(status.units.first)
    #expect(unit.state == .rejected && unit.generation == 3 && unit.quarantined == 1)
    #expect(try #require(unit.inForceSince) > good)
    manager.clearQuarantine()
    try await manager.reload()
    await eventually { manager.snapshot().generation >= 5 }
    try await fixture.end()
  }

  @Test("is degraded from a pause to its end, and while a folder is not watched")
  func pausedAndDegraded() async throws {
    let fixture = try await Fixture.scripted()
    let manager = fixture.manager
    let healthy = await manager.status()
    let before = nanosecondsSince1970()
    manager.pause()
    let paused = await manager.status()
    #expect(paused.health != .healthy && paused.healthSince >= before)
    let failure = WatchFailure(errorNumber: 28, description: "no watch is left")
    fixture.source?.deliver([], notices: [.degraded(path: "config", reason: failure)])
    manager.resume()
    try await manager.sync()
    let degraded = await manager.status()
    #expect(degraded.health == .degraded(["config is polled: no watch is left"]))
    #expect(try Self.document(degraded).degradedFolders.map(\.path) == ["config"])
    fixture.source?.deliver([], notices: [.restored(path: "config")])
    try await manager.sync()
    let restored = await manager.status()
    #expect(restored.health == .healthy)
    #expect(restored.healthSince > paused.healthSince && paused.healthSince > healthy.healthSince)
    try await fixture.end()
  }

  @Test("names a participant that does not let go of what was replaced, until it does")
  func overdue() async throws {
    struct Holder: ReloadParticipant {
      let mayLetGo: Latch
      func prepare(_ change: ReloadChange) async throws -> Int { 1 }
      func retire(_ product: Int) async { await mayLetGo.wait() }
    }
    let clock = ManualClock()
    let observed = try await Observed.scripted(clock: clock)
    let mayLetGo = Latch()
    _ = try await observed.manager.register(
      Holder(mayLetGo: mayLetGo), for: [.config("app")], name: "holder")
    let driver = observed.manager.driver
    try await observed.save(Fixture.app, Fixture.text(2))
    await eventually {
      clock.advance(by: ReloadDriver.retireLimit)
      return driver.state.withLock { $0.account.isDegraded }
    }
    let status = await observed.manager.status()
    #expect(status.retireOverdue == ["holder"])
    #expect(try observed.gauge(.retireOverdue) == 1)
    let line = try #require(observed.lines.entries.last { $0.level == .warning })
    #expect(line.metadata["outcome"] == "retireOverdue")
    #expect(line.metadata["units"] == ["config app"])
    mayLetGo.open()
    await eventually { driver.state.withLock { !$0.account.isDegraded } }
    #expect(await observed.manager.status().health == .healthy)
    try await observed.fixture.end()
  }

  @Test("as JSON is complete, and quotes no value of a secret key")
  func json() async throws {
    let fixture = try await Fixture.real([Fixture.app: "password = \"one\""])
    let stream = try await fixture.manager.watchConfigChanges("app", as: SecretConfig.self)
    try await fixture.save(Fixture.app, "password = \"hunter2\"")
    let status = await fixture.manager.status()
    let shown = String(decoding: try status.jsonBytes(), as: UTF8.self)
    #expect(!shown.contains("hunter2"))
    #expect(
      String(decoding: try status.jsonBytes(redacting: .none), as: UTF8.self)
        .contains("hunter2"))
    let document = try Self.document(status)
    #expect(document == status.document())
    #expect(document.health == "degraded" && document.generation == 1 && document.isRunning)
    #expect(document.outcomes["rejected"] == 1 && document.outcomes["refused"] == 0)
    #expect(document.watch?.directories == status.watch?.directories)
    let unit = try #require(document.units.first)
    #expect(unit.unit == "config app" && unit.state == .rejected)
    #expect(unit.errors.first?.file == "config/app.toml" && unit.errors.first?.line == 1)
    let last = try #require(document.lastReport)
    #expect(last.phases.map(\.phase).contains("validate") && !last.isAccepted)
    #expect(stream.current.password == "one")
    try await fixture.end()
  }
}

/// As many faults as the config's `a` says.
private struct FaultyNumber: ProblemReporting {
  var count: Int

  static func fault(_ number: Int) -> ConfigDiagnostic {
    ConfigDiagnostic(location: nil, message: "fault \(number)")
  }

  var problems: [ConfigDiagnostic] { (0..<count).map { Self.fault($0 + 1) } }
}

private struct FaultyMaker: ReloadParticipant {
  func prepare(_ change: ReloadChange) async throws -> FaultyNumber {
    FaultyNumber(count: try change.decode("app", as: AppConfig.self).a)
  }
}
