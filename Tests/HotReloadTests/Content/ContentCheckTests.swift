import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("A check of a folder's content", .timeLimit(.minutes(5)))
struct ContentCheckTests {
  private static let other: FilePath = "config/other.toml"
  private static let page: FilePath = "templates/a.mustache"

  @Test("finds what is wrong with each unit, and changes nothing in force")
  func finds() async throws {
    let fixture = try await ManagedFixture([
      ManagedFixture.app: Fixture.text(1), Self.other: Fixture.text(1), Self.page: "own",
    ])
    let app = try await fixture.app()
    let joiner = SetJoiner(.templates)
    let templates = try await fixture.manager.register(joiner, for: [.templates])
    try await fixture.manager.registerValidator(config: "other", as: AppConfig.self) { config in
      if config.a == 77 { throw ConfigProblems("a", "is not wanted") }
    }
    let generation = fixture.manager.snapshot().generation
    _ = fixture.recorder.take()
    let good = try fixture.release(
      "good", [ManagedFixture.app: Fixture.text(2), Self.other: Fixture.text(2), Self.page: "new"])
    let fine = try await fixture.manager.check(content: good)
    #expect(Set(fine.keys).isSuperset(of: [.config("app"), .config("other"), .templates]))
    #expect(fine.values.allSatisfy { $0.isEmpty })
    let bad = try fixture.release(
      "bad",
      [
        ManagedFixture.app: "a = 1\nb = \"x\"\n", Self.other: Fixture.text(77),
        "config/third.toml": "a = ]", Self.page: "doubtful",
      ])
    let found = try await fixture.manager.check(content: bad)
    #expect(found[.config("app")]?.first?.location?.line == 2)
    #expect(found[.config("other")]?.first?.message.contains("is not wanted") == true)
    #expect(found[.config("third")]?.first?.location?.file == "config/third.toml")
    #expect(found[.templates]?.first?.location?.file == "templates/a.mustache")
    #expect(joiner.prepared == 1 && joiner.checked == 2)
    #expect(app.current.a == 1 && templates.current == "templates/a.mustache=own")
    #expect(fixture.manager.contentFolder == nil)
    #expect(fixture.manager.snapshot().generation == generation)
    #expect(fixture.recorder.take().isEmpty)
    #expect(await fixture.manager.status().health == .healthy)
    // Nothing of it is left over for what is applied afterwards.
    try await fixture.bring(good)
    #expect(app.current.a == 2 && templates.current == "templates/a.mustache=new")
    try await fixture.end()
  }

  @Test("finds a config missing that is used, and does not miss another")
  func missing() async throws {
    let fixture = try await ManagedFixture([
      ManagedFixture.app: Fixture.text(1), Self.other: Fixture.text(1),
    ])
    let app = try await fixture.app()
    let empty = try fixture.release("empty", [:])
    let found = try await fixture.manager.check(content: empty)
    #expect(found[.config("app")]?.first?.message.contains("config/app.toml") == true)
    #expect(found[.config("other")] == nil && app.current.a == 1)
    try await fixture.end()
  }

  @Test("says that there is no such folder")
  func noFolder() async throws {
    let fixture = try await ManagedFixture()
    await #expect {
      try await fixture.manager.check(content: fixture.releases.path("none"))
    } throws: { ($0 as? HotReloadError)?.code == .noContent }
    try await fixture.end()
  }

  @Test("does not wait for a participant longer than for a validator")
  func late() async throws {
    let folder = try TemporaryWorkspace()
    try folder.write(Self.page, "own")
    let clock = ManualClock()
    let manager = try await ManagedFixture.workspace(folder).startHotReload(
      configuration: ManagedFixture.configuration(), changes: ScriptedChangeSource().factory,
      clock: clock)
    let hanging = HangingCheck()
    _ = try await manager.register(hanging, for: [.templates])
    let release = try TemporaryWorkspace()
    try release.write(Self.page, "new")
    async let found = manager.check(content: release.root)
    await hanging.isEntered.wait()
    await clock.waitForSleepers()
    clock.advance(by: .seconds(10))
    #expect(try await found[.templates]?.first?.message.contains("did not answer") == true)
    hanging.isOpen.open()
    try await manager.shutdown()
  }
}

/// Does not answer a check before a test lets it.
private final class HangingCheck: ReloadParticipant {
  let isEntered = Latch()
  let isOpen = Latch()

  func prepare(_ change: ReloadChange) async throws -> Int { 0 }

  func check(_ change: ReloadChange) async throws {
    isEntered.open()
    await isOpen.wait()
  }
}
