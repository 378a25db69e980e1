import Foundation
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("A managed workspace", .timeLimit(.minutes(5)))
struct ManagedModeTests {
  private static let page: FilePath = "templates/a.mustache"
  private static let style: FilePath = "static/a.css"
  private static let key: FilePath = "secret/tls.key"

  @Test(
    "tells of edits of its own files and does not apply them", arguments: [true, false])
  func held(inFolder: Bool) async throws {
    let fixture = try await ManagedFixture([
      ManagedFixture.app: Fixture.text(1), Self.page: "own", Self.style: "own",
    ])
    let app = try await fixture.app()
    let templates = try await fixture.manager.register(SetJoiner(.templates), for: [.templates])
    let assets = try await fixture.manager.register(SetJoiner(.assets), for: [.assets])
    if inFolder {
      try await fixture.bring(
        fixture.release(
          "1", [ManagedFixture.app: Fixture.text(1), Self.page: "own", Self.style: "own"]))
    }
    var early = fixture.manager.heldChanges().makeAsyncIterator()
    _ = fixture.recorder.take()
    try await fixture.edit(ManagedFixture.app, Fixture.text(5))
    #expect(await early.next() == [ManagedFixture.app])
    try await fixture.edit(Self.page, "edited")
    try await fixture.edit(Self.style, "edited")
    try fixture.folder.remove(ManagedFixture.app)
    try await fixture.manager.sync()
    var all: [FilePath] = []
    while all.count < 3 { all = await early.next() ?? [] }
    #expect(all == [ManagedFixture.app, Self.style, Self.page])
    var late = fixture.manager.heldChanges().makeAsyncIterator()
    #expect(await late.next() == all)
    #expect(app.current.a == 1)
    #expect(templates.current == "templates/a.mustache=own" && assets.current == "static/a.css=own")
    #expect(fixture.recorder.take().isEmpty)
    #expect(await fixture.manager.status().health == .healthy)
    try await fixture.end()
    while await late.next() != nil {}
    #expect(await late.next() == nil)
  }

  @Test("applies its own files when it is asked to, as they are then")
  func bringsBack() async throws {
    let fixture = try await ManagedFixture()
    let app = try await fixture.app()
    try await fixture.bring(fixture.release("1", a: 2))
    try await fixture.edit(ManagedFixture.app, Fixture.text(5))
    #expect(app.current.a == 2)
    #expect(try await fixture.bringBack().isAccepted)
    #expect(app.current.a == 5)
    try await fixture.end()
  }

  @Test("holds what its own files have until they are brought back")
  func holdsUntilBack() async throws {
    let other: FilePath = "config/other.toml"
    let fixture = try await ManagedFixture()
    let app = try await fixture.app()
    try await fixture.bring(fixture.release("1", a: 2))
    try await fixture.edit(ManagedFixture.app, "a = ]")
    #expect(try await !fixture.bringBack().isAccepted)
    var refused = fixture.manager.heldChanges().makeAsyncIterator()
    #expect(await refused.next() == [ManagedFixture.app])
    try await fixture.edit(ManagedFixture.app, Fixture.text(5))
    #expect(try await fixture.bringBack().isAccepted && app.current.a == 5)
    try await fixture.edit(other, Fixture.text(6))
    var held = fixture.manager.heldChanges().makeAsyncIterator()
    #expect(await held.next() == [other])
    try await fixture.end()
  }

  @Test("has one group of its own files and a config at once, and no way around holding that")
  func config() async throws {
    let fixture = try await ManagedFixture()
    let app = try await fixture.app()
    let both = try await fixture.manager.watchFiles("both", [ManagedFixture.app])
    try await fixture.edit(ManagedFixture.app, Fixture.text(8))
    #expect(both.current[ManagedFixture.app] == Array(Fixture.text(8).utf8) && app.current.a == 1)
    for (from, to) in [("config", "away"), ("away", "config")] {
      try FileManager.default.moveItem(
        atPath: fixture.folder.path(FilePath(from)).string,
        toPath: fixture.folder.path(FilePath(to)).string)
      try await fixture.manager.sync()
    }
    #expect(app.current.a == 1)
    try await fixture.end()
  }

  @Test("keeps what it had if its own files cannot be brought back")
  func badOwn() async throws {
    let fixture = try await ManagedFixture()
    let app = try await fixture.app()
    let release = try fixture.release("1", a: 2)
    try await fixture.bring(release)
    try await fixture.edit(ManagedFixture.app, "a = ]")
    #expect(try await !fixture.bringBack().isAccepted)
    #expect(app.current.a == 2 && fixture.manager.contentFolder == release)
    try await fixture.end()
  }

  @Test("goes on with its own file group where the folder has nothing of it, also after a refusal")
  func ownGroup() async throws {
    let fixture = try await ManagedFixture([
      ManagedFixture.app: Fixture.text(1), Self.key: "1",
    ])
    let app = try await fixture.app()
    let files = try await fixture.manager.watchFiles("tls", [Self.key]) { files -> String in
      let text = String(decoding: files[Self.key] ?? [], as: UTF8.self)
      if text == "bad" { throw ConfigProblems("", "it is bad") }
      return text
    }
    try await fixture.bring(fixture.release("1", a: 2))
    #expect(app.current.a == 2 && files.current == "1")
    try await fixture.edit(Self.key, "2")
    #expect(files.current == "2")
    let broken = try fixture.release("bad", [ManagedFixture.app: "a = ]"])
    #expect(try await fixture.bring(broken).isContentRefused)
    // What waits here must not come along.
    try await fixture.edit(ManagedFixture.app, Fixture.text(9))
    try await fixture.edit(Self.key, "3")
    #expect(files.current == "3" && app.current.a == 2)
    // A bad key is refused alone, and keeps no content of others out.
    try await fixture.edit(Self.key, "bad")
    #expect(files.current == "3")
    let next = try fixture.release("2", a: 4)
    let report = try await fixture.bring(next)
    #expect(app.current.a == 4 && files.current == "3")
    #expect(report.contentFolder == next && fixture.manager.contentFolder == next)
    #expect(!report.isAccepted && !report.isContentRefused)
    try await fixture.edit(Self.key, "4")
    #expect(files.current == "4" && app.current.a == 4)
    try await fixture.end()
  }

  @Test("takes a file group from the folder that has it, and holds its own files of it")
  func broughtGroup() async throws {
    let fixture = try await ManagedFixture([ManagedFixture.app: Fixture.text(1), Self.key: "own"])
    let files = try await fixture.manager.watchFiles("tls", [Self.key]) { files in
      String(decoding: files[Self.key] ?? [], as: UTF8.self)
    }
    try await fixture.edit(Self.key, "own 2")
    #expect(files.current == "own 2")
    try await fixture.bring(
      fixture.release("1", [ManagedFixture.app: Fixture.text(1), Self.key: "theirs"]))
    #expect(files.current == "theirs")
    var held = fixture.manager.heldChanges().makeAsyncIterator()
    try await fixture.edit(Self.key, "own 3")
    #expect(files.current == "theirs")
    #expect(await held.next() == [Self.key])
    try await fixture.bringBack()
    #expect(files.current == "own 3")
    try await fixture.end()
  }

  @Test("merges what comes during a reload, and the last folder counts")
  func merged() async throws {
    let fixture = try await ManagedFixture()
    let app = try await fixture.app()
    let maker = Maker()
    let product = try await fixture.manager.register(maker, for: [.config("app")])
    let gate = maker.hold(.prepare)
    let first = try fixture.release("1", a: 2)
    let second = try fixture.release("2", a: 3)
    let third = try fixture.release("3", a: 4)
    async let one = fixture.bring(first)
    await gate.isEntered.wait()
    async let two = fixture.bring(second)
    async let again = fixture.manager.reload()
    // Both wait for the transaction under way.
    await eventually { fixture.manager.driver.state.withLock { $0.tickets.count } == 3 }
    async let three = fixture.bring(third)
    await eventually { fixture.manager.driver.state.withLock { $0.tickets.count } == 4 }
    try fixture.folder.replace(ManagedFixture.app, Fixture.text(9))
    gate.isOpen.open()
    let reports = try await [one, two, three]
    _ = try await again
    try await fixture.manager.sync()
    #expect(reports.allSatisfy { $0.isAccepted })
    #expect(reports.map { $0.contentFolder } == [first, third, third])
    #expect(app.current.a == 4 && product.current.a == 4)
    #expect(fixture.manager.contentFolder == third)
    try await fixture.end()
    #expect(maker.isSettled)
  }

  @Test("starts from its initial folder")
  func initial() async throws {
    let fixture = try await ManagedFixture(initial: [ManagedFixture.app: Fixture.text(7)])
    let app = try await fixture.app()
    #expect(app.current.a == 7)
    #expect(fixture.manager.contentFolder == fixture.releases.path("initial"))
    let status = await fixture.manager.status()
    #expect(status.contentFolder == fixture.manager.contentFolder && status.isManaged)
    let text = String(decoding: try status.jsonBytes(), as: UTF8.self)
    #expect(text.contains("\"contentFolder\"") && text.contains("\"isManaged\":true"))
    try await fixture.end()
  }

  @Test("starts from what was good before if its initial folder is broken, and says so")
  func brokenInitial() async throws {
    let fixture = try await ManagedFixture(initial: [ManagedFixture.app: Fixture.text(7)])
    _ = try await fixture.app()
    try await fixture.end()
    let initial = fixture.releases.path("initial")
    try fixture.releases.replace("initial/config/app.toml", "a = ]")
    let manager = try await ManagedFixture.workspace(fixture.folder).startHotReload(
      configuration: ManagedFixture.configuration(initial: initial))
    let app = try await manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(app.current.a == 7)
    #expect(await manager.status().rejected["app"]?.isEmpty == false)
    let good = try fixture.release("good", a: 8)
    try await manager.submit(.everything(by: .other("fleet"), from: .folder(good)))
    #expect(app.current.a == 8)
    #expect(await manager.status().health == .healthy)
    try await manager.shutdown()
    // Without a last good value nothing is in force, and the manager runs all the same.
    var configuration = ManagedFixture.configuration(initial: initial)
    configuration.bootPolicy = .strict
    configuration.instance = "other"
    let strict = try await ManagedFixture.workspace(fixture.folder).startHotReload(
      configuration: configuration)
    await #expect(throws: HotReloadError.self) {
      try await strict.watchConfigChanges("app", as: AppConfig.self)
    }
    try await strict.shutdown()
  }

  @Test("writes down what came into force and what went, and writes none of its files")
  func journal() async throws {
    let old: FilePath = "config/old.toml"
    let fixture = try await ManagedFixture([ManagedFixture.app: Fixture.text(1), old: "x = 1"])
    _ = try await fixture.app()
    let release = try fixture.release("1", a: 2)
    try await fixture.bring(release)
    await #expect {
      try await fixture.manager.restore("app", to: 1)
    } throws: { error in
      (error as? HotReloadError)?.code == .managed
    }
    #expect(try fixture.folder.text(ManagedFixture.app) == Fixture.text(1))
    try await fixture.end()
    let scan = JournalScan(try fixture.folder.read(JournalFixture.file))
    let events = scan.lines.compactMap(\.entry?.event)
    let applied = events.compactMap { event -> UInt64? in
      if case .applied(let content) = event, content.unit == .config("app") {
        content.generation
      } else {
        nil
      }
    }
    #expect(applied == [1, 2])
    #expect(events.contains(.removed(.config("old"), generation: 2)))
    #expect(scan.state.lastGood[.config("old")] == nil)
    #expect(scan.state.lastGood[.config("app")]?.last?.generation == 2)
    let manager = try await ManagedFixture.workspace(fixture.folder).startHotReload(
      configuration: ManagedFixture.configuration(initial: release))
    #expect(manager.snapshot().generation > 2 && manager.snapshot().config("old") == nil)
    try await manager.shutdown()
  }

  @Test("must be one group, and its folders have absolute paths")
  func configuration() async throws {
    var configuration = ManagedFixture.configuration()
    configuration.atomicGroups = .none
    #expect(throws: HotReloadError.self) { try configuration.validate() }
    configuration = ManagedFixture.configuration(initial: "releases/1")
    #expect(throws: HotReloadError.self) { try configuration.validate() }
    try ManagedFixture.configuration(initial: "/releases/1").validate()
    let fixture = try await ManagedFixture()
    await #expect {
      try await fixture.bring("releases/1")
    } throws: { ($0 as? HotReloadError)?.code == .invalidConfiguration }
    try await fixture.end()
  }

  @Test("is what content from a folder needs")
  func unmanaged() async throws {
    let fixture = try await Fixture.real()
    await #expect {
      try await fixture.manager.submit(
        .everything(by: .other("fleet"), from: .folder(fixture.folder.root)))
    } throws: { ($0 as? HotReloadError)?.code == .invalidConfiguration }
    var held = fixture.manager.heldChanges().makeAsyncIterator()
    #expect(await held.next() == nil)
    #expect(await !fixture.manager.status().isManaged)
    try await fixture.end()
  }
}
