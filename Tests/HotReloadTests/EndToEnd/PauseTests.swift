import HotReloadTesting
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("A pause", .timeLimit(.minutes(5)))
struct PauseTests {
  @Test("gives up a reload before its swap, and loses nothing of it")
  func givesUp() async throws {
    let fixture = try await Fixture.scripted()
    let manager = fixture.manager
    let stream = try await manager.watchConfigChanges("app", as: AppConfig.self)
    let gate = Maker.Gate()
    let validator = try await manager.registerValidator(config: "app", as: AppConfig.self) { app in
      if app.a == 2 { await gate.pass() }
    }
    _ = fixture.recorder.take()
    try fixture.folder.replace(Fixture.app, Fixture.text(2))
    fixture.source?.deliver(modified: Fixture.app)
    await gate.isEntered.wait()
    manager.pause()
    gate.isOpen.open()
    await #expect { try await manager.sync() } throws: { ($0 as? HotReloadError)?.code == .paused }
    #expect(stream.current.a == 1)
    #expect("\(await manager.status().health)".contains("paused"))
    validator.unregister()
    manager.resume()
    try await manager.sync()
    #expect(stream.current.a == 2)
    #expect(
      fixture.recorder.takeNames() == [
        "file config/app.toml modified", "changed app", "completed app",
      ])
    try await fixture.end()
  }

  @Test("lets streams of what is in force be made, and tells those who would have to wait")
  func registers() async throws {
    let fixture = try await Fixture.scripted()
    fixture.manager.pause()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(stream.current.a == 1)
    try fixture.folder.write("other/new.toml", "a = 1\nb = 1\n")
    await #expect {
      _ = try await fixture.manager.watchConfigChanges("other", as: AppConfig.self)
    } throws: { ($0 as? HotReloadError)?.code == .paused }
    try await fixture.end()
  }
}
