import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("Restoring and checking with a manager", .timeLimit(.minutes(5)))
struct JournalRestoreTests {
  private static let overlay: FilePath = "config/app.production.toml"
  let instance: JournaledInstance

  init() throws { instance = try JournaledInstance("# the first\na = 1\nb = 1\n") }

  private var folder: TemporaryWorkspace { instance.folder }

  @Test(
    "Puts the files of a generation back, byte for byte, removes what was not there, and keeps both"
  )
  func restore() async throws {
    let manager = try await instance.start()
    let stream = try await manager.watchConfigChanges("app", as: AppConfig.self)
    try folder.write(Self.overlay, "b = 20\n")
    try await manager.replace(Fixture.text(2), in: folder)
    #expect(stream.current == AppConfig(a: 2, b: 20))
    let before = manager.snapshot().generation
    let report = try await manager.restore("app", to: 1)
    #expect(report.producers.contains(.restore))
    #expect(report.outcome(of: "app") == .applied)
    #expect(stream.current == AppConfig(a: 1, b: 1))
    #expect(manager.snapshot().generation == before + 1, "nobody saw half of it")
    #expect(try folder.text(Fixture.app) == "# the first\na = 1\nb = 1\n")
    #expect(!folder.exists(Self.overlay))
    let backups = try await manager.workspace.configBackups()
    #expect(Set(backups.map(\.source)) == [Fixture.app, Self.overlay])
    #expect(backups.allSatisfy { $0.generation == before })
    try await manager.sync()
    #expect(manager.snapshot().generation == before + 1)

    // And there again, as it was before.
    try await manager.restore("app", to: before)
    #expect(stream.current == AppConfig(a: 2, b: 20))
    #expect(try folder.text(Self.overlay) == "b = 20\n")
    // What is in force already is no change.
    #expect(try await manager.restore("app", to: before).outcome(of: "app") == .unchanged)
    try await manager.shutdown()
  }

  @Test(
    "Writes nothing that a type or a validator refuses, that is kept out, or while it is paused")
  func refused() async throws {
    let manager = try await instance.start(.rollingBack(13))
    await manager.waitForBake()
    try await manager.replace(Fixture.text(13), in: folder)
    await eventually { manager.snapshot().generation == 3 }
    try await manager.replace(Fixture.text(50), in: folder)
    try await manager.registerValidator(config: "app") { config in
      guard config.tree["a"]?.value != .integer(1) else { throw Unwell(reason: "it is 1") }
    }
    func expectRefusal(_ generation: UInt64, _ text: String) async {
      await #expect {
        try await manager.restore("app", to: generation)
      } throws: { error in
        (error as? HotReloadError)?.code == .configRejected && "\(error)".contains(text)
      }
    }
    await expectRefusal(1, "it is 1")
    await expectRefusal(2, "a is 13")
    manager.pause()
    await #expect {
      try await manager.restore("app", to: 4)
    } throws: { ($0 as? HotReloadError)?.code == .paused }
    manager.resume()
    await #expect {
      try await manager.restore("app", to: 0)
    } throws: { ($0 as? JournalError)?.code == .unknownContent }
    #expect(try folder.text(Fixture.app) == Fixture.text(50))
    #expect(try await manager.workspace.configBackups().isEmpty)
    try await manager.shutdown()
  }

  @Test("Takes no generation for the newest that has not been yet")
  func future() async throws {
    let manager = try await instance.start()
    let error = await #expect(throws: JournalError.self) {
      try await manager.restore("app", to: 77)
    }
    #expect(error?.code == .unknownContent)
    #expect(error?.message.contains("no generation 77 yet, the newest is 1") == true)
    try await manager.shutdown()
  }

  @Test("Does not wait for a validator longer than a reload does")
  func hangingValidator() async throws {
    let clock = ManualClock()
    let fixture = try await Fixture.scripted(clock: clock)
    try await fixture.save(Fixture.app, Fixture.text(2))
    let isAsked = Locked(false)
    try await fixture.manager.registerValidator(config: "app") { config in
      guard config.tree["a"]?.value == .integer(1) else { return }
      isAsked.change { $0 = true }
      try await Task.sleep(for: .seconds(3600))
    }
    let restored = Task { try await fixture.manager.restore("app", to: 1) }
    await eventually { isAsked.current }
    await clock.waitForSleepers()
    clock.advance(by: .seconds(10))
    await #expect {
      try await restored.value
    } throws: { "\($0)".contains("did not answer within 10.0 seconds") }
    #expect(try fixture.folder.text(Fixture.app) == Fixture.text(2))
    try await fixture.end()
  }

  @Test("Checks what is on disk by this process's types and validators, and applies nothing")
  func check() async throws {
    try folder.write("config/db.toml", "x = 1\n")
    let manager = try await instance.start()
    let stream = try await manager.watchConfigChanges("app", as: LimitedConfig.self)
    #expect(try await manager.check() == ["app": [], "db": []])
    manager.pause()
    try folder.replace(Fixture.app, Fixture.text(200))
    try folder.replace("config/db.toml", "x = ]\n")
    let found = try await manager.check()
    #expect(found["app"]?.first?.description.hasPrefix("config/app.toml:1:5 a: must be") == true)
    #expect(found["db"]?.first?.location?.line == 1)
    let some = try await manager.check(["db", "nobody"])
    #expect(some.keys.sorted() == ["db", "nobody"])
    #expect(some["nobody"]?.isEmpty == false)
    #expect(stream.current.a == 1)
    try await manager.shutdown()
  }
}
