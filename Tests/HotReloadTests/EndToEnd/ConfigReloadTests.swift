import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("A config on disk", .timeLimit(.minutes(5)))
struct ConfigReloadTests {
  @Test("comes into force when it is saved, once, with its old and new values")
  func valid() async throws {
    let fixture = try await Fixture.real()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(stream.current == AppConfig(a: 1, b: 1))
    try await fixture.save(Fixture.app, Fixture.text(2))
    #expect(stream.current == AppConfig(a: 2, b: 2))
    let events = fixture.recorder.take()
    #expect(
      events.map(\.shortName) == [
        "file config/app.toml modified", "changed app", "completed app",
      ])
    guard case .configChanged(_, let old, let new) = events[1] else { return }
    #expect(old?["a"]?.value == .integer(1))
    #expect(new["a"]?.value == .integer(2))
    #expect(fixture.manager.snapshot().generation == 2)
    try await fixture.end()
  }

  @Test("keeps the last good value while it is not valid, says so once, and recovers")
  func invalidAndMended() async throws {
    let fixture = try await Fixture.real()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    try await fixture.save(Fixture.app, "a = 2\nb = \"80a\"\n")
    #expect(stream.current == AppConfig(a: 1, b: 1))
    let events = fixture.recorder.take()
    #expect(events.map(\.shortName) == ["file config/app.toml modified", "failed app"])
    guard case .validationFailed(_, let errors) = events[1] else { return }
    #expect(errors.map { $0.location?.description } == ["config/app.toml:2:5"])
    #expect(errors.map(\.keyPath) == ["b"])
    let status = await fixture.manager.status()
    #expect(status.rejected.keys.sorted() == ["app"])
    #expect(status.health != .healthy)
    // A touch says nothing new.
    try fixture.folder.setModificationTime(Fixture.app, nanoseconds: 1_000_000_000)
    try await fixture.manager.sync()
    #expect(!fixture.recorder.takeNames().contains("failed app"))
    try await fixture.save(Fixture.app, Fixture.text(3))
    #expect(stream.current == AppConfig(a: 3, b: 3))
    #expect(
      fixture.recorder.takeNames() == [
        "file config/app.toml modified", "changed app", "recovered app", "completed app",
      ])
    #expect(await fixture.manager.status().health == .healthy)
    try await fixture.end()
  }

  @Test("recovers also if it is mended to what is in force")
  func mendedToTheSame() async throws {
    let fixture = try await Fixture.real()
    try await fixture.save(Fixture.app, "a = [")
    #expect(fixture.recorder.takeNames().last == "failed app")
    try await fixture.save(Fixture.app, Fixture.text(1))
    #expect(fixture.recorder.takeNames().last == "recovered app")
    #expect(fixture.manager.snapshot().generation == 1)
    try await fixture.end()
  }

  @Test("is refused when its base goes away, and taken when it is made again")
  func deletedAndRecreated() async throws {
    let fixture = try await Fixture.real()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    try fixture.folder.remove(Fixture.app)
    try await fixture.manager.sync()
    #expect(stream.current == AppConfig(a: 1, b: 1))
    #expect(fixture.recorder.takeNames() == ["file config/app.toml deleted", "failed app"])
    try fixture.folder.write(Fixture.app, Fixture.text(4))
    try await fixture.manager.sync()
    #expect(stream.current == AppConfig(a: 4, b: 4))
    #expect(
      fixture.recorder.takeNames() == [
        "file config/app.toml created", "changed app", "recovered app", "completed app",
      ])
    try await fixture.end()
  }

  @Test("takes an overlay that appears, and gives it up when it goes away")
  func overlay() async throws {
    let fixture = try await Fixture.real()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    try await fixture.save("config/app.production.toml", "b = 7\n")
    #expect(stream.current == AppConfig(a: 1, b: 7))
    try await fixture.save("config/app.local.yaml", "a: 5\n")
    #expect(stream.current == AppConfig(a: 5, b: 7))
    try fixture.folder.remove("config/app.production.toml")
    try await fixture.manager.sync()
    #expect(stream.current == AppConfig(a: 5, b: 1))
    // Another environment's layer is nothing of ours.
    try await fixture.save("config/app.staging.toml", "a = 99\n")
    #expect(stream.current == AppConfig(a: 5, b: 1))
    try await fixture.end()
  }

  @Test("follows a ConfigMap's ..data link, with the default excludes in force")
  func configMap() async throws {
    let fixture = try await Fixture.real([:])
    try fixture.folder.publishConfigMap(
      ["app.toml": Fixture.text(1)], in: "config", version: "v1")
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(stream.current == AppConfig(a: 1, b: 1))
    try await fixture.manager.sync()
    _ = fixture.recorder.take()
    for number in 2...6 {
      try fixture.folder.publishConfigMap(
        ["app.toml": Fixture.text(number)], in: "config", version: "v\(number)")
      try await fixture.manager.sync()
      #expect(stream.current == AppConfig(a: number, b: number))
      #expect(
        fixture.recorder.takeNames().filter { $0 == "changed app" }.count == 1)
    }
    try await fixture.end()
  }

  @Test("makes no event when it is touched or written again with the same content")
  func touched() async throws {
    let fixture = try await Fixture.real()
    _ = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    try fixture.folder.setModificationTime(Fixture.app, nanoseconds: 1_000_000_000)
    try await fixture.manager.sync()
    try await fixture.save(Fixture.app, Fixture.text(1))
    #expect(fixture.recorder.takeNames() == [])
    // A comment is a change of the file and none of the config.
    try await fixture.save(Fixture.app, "# hello\n" + Fixture.text(1))
    #expect(fixture.recorder.takeNames() == ["file config/app.toml modified"])
    try await fixture.end()
  }

  @Test("publishes exactly one value for each save, whether renamed or written in place")
  func oneValueEach() async throws {
    let fixture = try await Fixture.real()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    for number in 2...41 {
      if number.isMultiple(of: 2) {
        try fixture.folder.replace(Fixture.app, Fixture.text(number))
      } else {
        try fixture.folder.write(Fixture.app, Fixture.text(number))
      }
      try await fixture.manager.sync()
      #expect(stream.current == AppConfig(a: number, b: number))
      #expect(fixture.recorder.takeNames().filter { $0 == "changed app" }.count == 1)
      #expect(fixture.manager.snapshot().generation == UInt64(number))
    }
    try await fixture.end()
  }

  @Test("that nobody asked for is loaded all the same, and its errors are told")
  func unasked() async throws {
    let fixture = try await Fixture.real([Fixture.app: Fixture.text(1), "config/bad.toml": "a = ["])
    #expect(fixture.manager.snapshot().configNames == ["app"])
    #expect(await fixture.manager.status().rejected.keys.sorted() == ["bad"])
    try await fixture.save("config/sub/other.json", "{\"x\": }")
    #expect(
      fixture.recorder.takeNames() == ["file config/sub/other.json created", "failed sub/other"])
    try await fixture.save("config/sub/other.json", "{\"x\": 1}")
    #expect(fixture.manager.snapshot().config("sub/other")?["x"]?.value == .integer(1))
    try await fixture.end()
  }

  @Test("cannot be asked for while it is bad or missing, and the error says where")
  func badAtFirst() async throws {
    let fixture = try await Fixture.real([Fixture.app: "a = 1\nb = [\n"])
    await #expect {
      _ = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    } throws: { error in
      "\(error)".contains("config/app.toml:") && (error as? HotReloadError)?.code == .configRejected
    }
    await #expect {
      _ = try await fixture.manager.watchConfigChanges("nothing", as: AppConfig.self)
    } throws: { error in
      (error as? HotReloadError)?.code == .configRejected
    }
    try await fixture.save(Fixture.app, "a = 1\nb = \"x\"\n")
    await #expect {
      _ = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    } throws: { error in
      "\(error)".contains("config/app.toml:2:5 b:")
    }
    try await fixture.save(Fixture.app, Fixture.text(2))
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(stream.current.a == 2)
    try await fixture.end()
  }

  @Test("outside of the patterns is watched once a stream asks for it")
  func demanded() async throws {
    var configuration = Fixture.configuration
    configuration.watchPatterns = ["templates/**"]
    let fixture = try await Fixture.real([Fixture.app: Fixture.text(1)], configuration)
    #expect(fixture.manager.snapshot().configNames == [])
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    try await fixture.save(Fixture.app, Fixture.text(2))
    #expect(stream.current.a == 2)
    try await fixture.end()
  }

  @Test("moves from one format to another in one change")
  func formatChange() async throws {
    let fixture = try await Fixture.real()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    try fixture.folder.write("config/app.yaml", "a: 3\nb: 4\n")
    try await fixture.manager.sync()
    // Two bases are an error that names both.
    let errors = await fixture.manager.status().rejected["app"] ?? []
    #expect("\(errors)".contains("app.toml") && "\(errors)".contains("app.yaml"))
    #expect(stream.current == AppConfig(a: 1, b: 1))
    try fixture.folder.remove(Fixture.app)
    try await fixture.manager.sync()
    #expect(stream.current == AppConfig(a: 3, b: 4))
    try await fixture.end()
  }

  @Test("of two that belong together comes into force only with the other")
  func group() async throws {
    var configuration = Fixture.configuration
    configuration.atomicGroups = [["app", "database"]]
    let fixture = try await Fixture.real(
      [Fixture.app: Fixture.text(1), "config/database.toml": Fixture.text(1)], configuration)
    let app = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let database = try await fixture.manager.watchConfigChanges("database", as: AppConfig.self)
    try fixture.folder.replace("config/database.toml", "a = [")
    try await fixture.save(Fixture.app, Fixture.text(2))
    #expect([app.current.a, database.current.a] == [1, 1])
    try await fixture.save("config/database.toml", Fixture.text(3))
    #expect([app.current.a, database.current.a] == [2, 3])
    try await fixture.end()
  }
}
