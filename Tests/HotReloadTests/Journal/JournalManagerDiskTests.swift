import HotReloadTesting
import InMemoryLogging
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite(
  "A manager whose journal's disk fails", .timeLimit(.minutes(5)),
  .enabled(if: SmallDisk.isPossible, "only root can mount a file system"))
struct JournalManagerDiskTests {
  let instance: JournaledInstance
  /// The workspace's `data/`.
  let disk: SmallDisk

  init() throws {
    instance = try JournaledInstance()
    try instance.folder.makeDirectory("data")
    // Room for twenty contents and their backups.
    disk = try SmallDisk(kilobytes: 2_048, at: "data", in: instance.folder)
  }

  private static var configuration: HotReloadConfiguration {
    var configuration = Fixture.configuration
    configuration.backupOnChange = true
    return configuration
  }

  /// More than fits into what is left of a page.
  private static func text(_ number: Int) -> String {
    Fixture.text(number) + String(repeating: "#", count: 9_000) + "\n"
  }

  private func backups(_ manager: HotReloadManager) async throws -> [UInt64?] {
    try await manager.workspace.configBackups().map(\.generation)
  }

  private func warnings() -> [String] {
    instance.lines.entries.filter { $0.message == "the journal cannot be written" }
      .map { "\($0.metadata["reason"] ?? "")" }
  }

  @Test("Full: each reload goes on, it says so, harms nothing, and catches up when there is room")
  func full() async throws {
    let manager = try await instance.start(Self.configuration)
    let stream = try await manager.watchConfigChanges("app", as: AppConfig.self)
    try await manager.replace(Self.text(2), in: instance.folder)
    await manager.flushJournal()
    try disk.fill()
    // Enough for the page that the journal ends in.
    for number in 3...20 {
      try await manager.replace(Self.text(number), in: instance.folder)
      #expect(stream.current.a == number)
    }
    await manager.flushJournal()
    guard case .degraded(let reasons) = await manager.status().health else {
      Issue.record("it says that it is healthy")
      return
    }
    #expect(reasons.count == 1 && reasons[0].contains("No space left"), "\(reasons)")
    let isWarned = warnings().contains { $0.contains("No space left") }
    #expect(isWarned)
    let state = try instance.scan().state
    #expect(state.lastGood[.config("app")]?.map(\.generation) == [1, 2])
    #expect(try manager.journal?.layers(of: state.lastGood[.config("app")]![1]).count == 1)
    #expect(try await backups(manager) == [2, 1])

    try disk.empty()
    await eventually { manager.journalHealth == .healthy }
    await manager.flushJournal()
    #expect(await manager.status().health == .healthy)
    let isTold = instance.lines.entries.contains { $0.message == "the journal is written again" }
    #expect(isTold)
    #expect(try instance.scan().state.lastGood[.config("app")]?.last?.generation == 20)
    #expect(try await backups(manager).first == 20)
    try await manager.shutdown()

    try instance.folder.replace(Fixture.app, "a = ]")
    let next = try await instance.start(Self.configuration)
    #expect(try await next.watchConfigChanges("app", as: AppConfig.self).current.a == 20)
    try await next.shutdown()
  }

  @Test("Read-only, from the start or later: it serves what is there, and writes when it can")
  func readOnly() async throws {
    try await instance.run(Fixture.text(1))
    try instance.folder.replace(Fixture.app, "a = ]")
    try disk.setReadOnly(true)
    let manager = try await instance.start(Self.configuration)
    let stream = try await manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(stream.current.a == 1, "the last good is read all the same")
    try await manager.replace(Fixture.text(2), in: instance.folder)
    #expect(stream.current.a == 2)
    await manager.flushJournal()
    guard case .degraded(let reasons) = await manager.status().health else {
      Issue.record("it says that it is healthy")
      return
    }
    #expect(reasons.count == 1 && reasons[0].contains("Read-only"), "\(reasons)")
    await #expect {
      try await manager.restore("app", to: 1)
    } throws: { "\($0)".contains("Read-only") }
    #expect(try instance.folder.text(Fixture.app) == Fixture.text(2))
    try disk.setReadOnly(false)
    await eventually { manager.journalHealth == .healthy }
    await manager.flushJournal()
    #expect(manager.journalFolder?.lastComponent == "default")
    #expect(try instance.scan().state.lastGood[.config("app")]?.last?.generation == 3)
    #expect(try await backups(manager).first == 3)
    #expect(await manager.status().health == .healthy)
    try await manager.shutdown()
  }
}
