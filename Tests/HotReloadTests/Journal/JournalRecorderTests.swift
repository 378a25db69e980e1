import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles
import WorkspaceTools

@testable import HotReload

@Suite("What a manager writes into its journal", .timeLimit(.minutes(5)))
struct JournalRecorderTests {
  let instance: JournaledInstance

  init() throws { instance = try JournaledInstance() }

  private var folder: TemporaryWorkspace { instance.folder }

  /// Its bake ends after a day.
  private static var longBake: HotReloadConfiguration {
    var configuration = Fixture.configuration
    configuration.bake = .seconds(86_400)
    return configuration
  }

  @Test("Without a bake each change is an attempt that survives and is the last good")
  func plain() async throws {
    let manager = try await instance.start()
    // Of what waits together to be written, only the newest good content of a unit is.
    await manager.flushJournal()
    try await manager.replace(Fixture.text(2), in: folder)
    try await manager.replace("a = ]", in: folder)
    try await manager.replace("a = ]", in: folder)
    let events = try await manager.written().map(\.shortName)
    #expect(
      events.filter { !$0.hasPrefix("attempt") && !$0.hasPrefix("closed") } == [
        "started", "applied app", "good app", "applied app", "good app", "rejected app",
      ])
    #expect(events.filter { $0.hasPrefix("attempt") } == ["attempt app", "attempt app"])
    #expect(events.filter { $0.hasPrefix("closed") } == ["closed survived", "closed survived"])
    try await manager.shutdown()
    #expect(try instance.events().last?.shortName == "stopped")
  }

  @Test("A roll-back is written in its order, and keeps the content out of the next process")
  func rollBack() async throws {
    let manager = try await instance.start(.rollingBack(13))
    await manager.waitForBake()
    try await manager.replace(Fixture.text(13), in: folder)
    await eventually { manager.snapshot().generation == 3 }
    await manager.waitForBake()
    try await manager.sync()
    let events = try await manager.written()
    let names = events.map(\.shortName)
    let kept = try #require(names.firstIndex(of: "quarantined app"))
    let generation = try #require(names.firstIndex(of: "generation"))
    let back = try #require(names.firstIndex(of: "rolled back app"))
    let applied = try #require(names.lastIndex(of: "applied app"))
    let closed = try #require(names.firstIndex(of: "closed rolledBack"))
    #expect(kept < generation && generation < back && back < applied && kept < closed)
    #expect(names.filter { $0 == "attempt app" }.count == 2, "a roll-back is no attempt")
    guard case .rolledBack(_, let from, let to, let reason) = events[back] else { return }
    #expect(from == 2 && to == 3 && reason.contains("a is 13"))
    try await manager.shutdown()

    let next = try await instance.start(.rollingBack(13))
    let stream = try await next.watchConfigChanges("app", as: AppConfig.self)
    #expect(stream.current.a == 1)
    #expect(next.snapshot().generation == 4)
    let status = await next.status()
    #expect(status.units.first?.errors.first?.message.contains("a is 13") == true)
    next.clearQuarantine()
    #expect(try await next.reload().units.first?.isChanged == true)
    try await next.shutdown()
  }

  @Test("One attempt is open of all that is on trial, and of nothing that was replaced")
  func restartedBake() async throws {
    try folder.write("config/db.toml", Fixture.text(1))
    let manager = try await instance.start(Self.longBake)
    try await manager.replace(Fixture.text(2), in: folder)
    await manager.flushJournal()
    let state = try instance.scan().state
    let new = try #require(manager.driver.cell.storage.config("app")?.tree.fingerprint)
    #expect(state.open.count == 1)
    #expect(state.open.first?.units.map(\.unit) == [.config("app"), .config("db")])
    #expect(state.open.first?.units.first?.fingerprint == new)
    #expect(try await manager.written().map(\.shortName).contains("closed abandoned"))
    try await manager.shutdown()
    #expect(try instance.scan().state.open.isEmpty)
    #expect(try instance.scan().state.lastGood.isEmpty)
  }

  @Test("The end of a bake that is told late closes no newer attempt, and takes no newer good back")
  func lateBake() async throws {
    let workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
    let loader = ConfigLoader(workspace: workspace)
    let (recorder, _) = JournalRecorder.open(for: workspace, Fixture.configuration)
    let unit = UnitID.config("app")
    let first = UnitContent.config(try loader.load("app"))
    try folder.replace(Fixture.app, Fixture.text(2))
    let second = UnitContent.config(try loader.load("app"))
    recorder.willSwap(to: 1, [unit: first], isRollBack: false)
    recorder.willSwap(to: 2, [unit: second], isRollBack: false)
    recorder.baked(1, [unit: first])
    await recorder.journal.flush()
    #expect(try instance.scan().state.open.first?.units.first?.fingerprint == second.fingerprint)
    recorder.baked(2, [unit: second])
    recorder.baked(1, [unit: first])
    await recorder.journal.flush()
    let state = try instance.scan().state
    #expect(state.open.isEmpty)
    #expect(state.lastGood[unit]?.last?.fingerprint == second.fingerprint)
    await recorder.stopped()
  }

  @Test("What is loaded at the start is the last good only when somebody accepts it, or at the end")
  func withheld() async throws {
    try await instance.run(Fixture.text(1))
    try folder.replace(Fixture.app, Fixture.text(2))
    let manager = try await instance.start()
    func good() async throws -> [UInt64] {
      await manager.flushJournal()
      return try instance.scan().state.lastGood[.config("app")]?.map(\.generation) ?? []
    }
    #expect(try await good() == [1])
    _ = try await manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(try await good() == [1, 2])
    try await manager.shutdown()

    try folder.replace(Fixture.app, Fixture.text(3))
    let unasked = try await instance.start()
    try await unasked.shutdown()
    #expect(try instance.scan().state.lastGood[.config("app")]?.map(\.generation) == [2, 3])
  }

  @Test("What its type refuses is not the last good, whatever it outlives")
  func refusedIsNotGood() async throws {
    try await instance.run(Fixture.text(1))
    try folder.replace(Fixture.app, "a = \"x\"\nb = 1\n")
    var strict = Fixture.configuration
    strict.bootPolicy = .strict
    let manager = try await instance.start(strict)
    await #expect(throws: HotReloadError.self) {
      try await manager.watchConfigChanges("app", as: AppConfig.self)
    }
    try await manager.shutdown()
    #expect(try instance.scan().state.lastGood[.config("app")]?.map(\.generation) == [1])
  }

  @Test("A file group is an attempt too, and known to be good without its bytes")
  func fileGroups() async throws {
    try folder.write("secret/key", "k")
    let manager = try await instance.start()
    _ = try await manager.watchFiles("tls", ["secret/key"])
    try await manager.shutdown()
    let state = try instance.scan().state
    #expect(state.lastGood[.files("tls")]?.first?.files.isEmpty == true)
    #expect(try instance.scan().garbage.isEmpty)
    let names = try instance.events().map(\.shortName)
    #expect(names.contains("attempt tls") && !names.contains("applied tls"))
    let blobs = try folder.text(JournalFixture.file)
    #expect(!blobs.contains("secret/key"))
  }

  @Test("Nothing is kept if that is not wanted, by the program or by hotreload.toml")
  func unwanted() async throws {
    try folder.write("hotreload.toml", "keeps_journal = false\n")
    let manager = try await instance.start()
    #expect(manager.journal == nil && manager.journalFolder == nil)
    #expect(await manager.status().journal == nil)
    await #expect {
      try await manager.restore("app", to: 1)
    } throws: { ($0 as? HotReloadError)?.code == .noJournal }
    try await manager.shutdown()
    #expect(!folder.exists("data"))

    try folder.write("hotreload.toml", "keeps_journal = false\nbackup_on_change = true\n")
    await #expect {
      try await instance.start()
    } throws: { "\($0)".contains("backups are written by the journal") }
  }

  @Test("Each instance has the folder of its name, and two of one name have two")
  func instances() async throws {
    try folder.write("hotreload.toml", "instance = \"web-1\"\n")
    let first = try await instance.start()
    let second = try await instance.start()
    try await second.replace(Fixture.text(2), in: folder)
    try await first.sync()
    #expect(first.journalFolder?.lastComponent == "web-1")
    #expect(second.journalFolder?.lastComponent == "web-1-2")
    for manager in [first, second] {
      let applied = try await manager.written().map(\.shortName).filter { $0 == "applied app" }
      #expect(applied.count == 2)
      try await manager.shutdown()
    }
    let workspace = try Workspace(root: folder.root)
    #expect(JournalReader.instances(in: workspace) == ["web-1", "web-1-2"])
  }

  @Test("Backups hold the bytes and permissions of what was applied, and nothing that was refused")
  func backups() async throws {
    var configuration = Fixture.configuration
    configuration.backupOnChange = true
    let overlay: FilePath = "config/app.production.toml"
    let text = "# kept as it is\r\na = 5\r\nb=5 \n\n"
    try folder.write(overlay, "b = 1\n")
    let manager = try await instance.start(configuration)
    try await manager.replace("a = ]", in: folder)
    // In one step: the mode counts that the file has when it is read.
    try folder.write("config/.app.tmp", text)
    try folder.setMode("config/.app.tmp", 0o640)
    try folder.rename("config/.app.tmp", to: Fixture.app)
    try await manager.sync()
    await manager.flushJournal()
    let backups = try await manager.workspace.configBackups()
    #expect(backups.count == 3 && Set(backups.map(\.source)) == [Fixture.app, overlay])
    let newest = try #require(backups.first { $0.source == Fixture.app })
    #expect(newest.generation == manager.snapshot().generation(of: "app"))
    #expect(try folder.read(newest.path) == Array(text.utf8))
    let stamp = folder.path(newest.path).withPlatformString {
      FileStamp(at: $0, in: SystemCalls.currentDirectoryHandle, followLinks: false)
    }
    #expect(stamp.map { $0.mode & 0o777 } == 0o640)
    #expect(try backups.allSatisfy { try !folder.text($0.path).contains("]") })
    try await manager.shutdown()
  }

  @Test("Nothing that it writes itself rouses it, even if everything is watched")
  func ownFiles() async throws {
    var configuration = Fixture.configuration
    configuration.watchPatterns = ["**"]
    configuration.excludePatterns = []
    configuration.backupOnChange = true
    let manager = try await instance.start(configuration)
    let recorder = Recorder()
    _ = try manager.bus.add(recorder)
    try await manager.replace(Fixture.text(2), in: folder)
    await manager.flushJournal()
    try await manager.restore("app", to: 1)
    await manager.flushJournal()
    try folder.write("data/other.txt", "x")
    try await manager.sync()
    let names = recorder.takeNames().filter { $0.contains("data/") }
    #expect(names == ["file data/other.txt created"])
    try await manager.shutdown()
  }
}
