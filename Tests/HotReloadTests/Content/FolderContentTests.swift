import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("Content from a folder", .timeLimit(.minutes(5)))
struct FolderContentTests {
  private struct Texts: Codable, Sendable, Equatable {
    var name: String
    var port: Int
    var secret: String
    var host: String
  }

  @Test("has its environment layer, and the variables and files that it names are the workspace's")
  func layers() async throws {
    let text = """
      name = "base"
      port = 1
      secret = "${file:secret/key}"
      host = "${HOST}"
      """
    let fixture = try await ManagedFixture(
      [ManagedFixture.app: text, "secret/key": "own", "config/app.production.toml": "port = 2"],
      variables: ["HOST": "here", "APP__NAME": "variable"]
    ) { $0.loadOptions = ConfigLoadOptions(environmentVariables: true, interpolation: true) }
    let app = try await fixture.manager.watchConfigChanges("app", as: Texts.self)
    let own = Texts(name: "variable", port: 2, secret: "own", host: "here")
    #expect(app.current == own)
    let release = try fixture.release(
      "1",
      [
        ManagedFixture.app: text, "config/app.production.toml": "port = 3",
        "config/app.staging.toml": "port = 4", "secret/key": "theirs",
      ])
    #expect(try await fixture.bring(release).isAccepted)
    #expect(app.current == Texts(name: "variable", port: 3, secret: "own", host: "here"))
    #expect(fixture.manager.contentFolder == release && fixture.manager.contentRoot == release)
    #expect(try await fixture.bringBack().isAccepted)
    #expect(app.current == own && fixture.manager.contentFolder == nil)
    try await fixture.end()
  }

  @Test("has its templates and assets, and comes into force with its configs at once")
  func sets() async throws {
    let index: FilePath = "templates/index.mustache"
    let fixture = try await ManagedFixture([
      ManagedFixture.app: Fixture.text(1), index: "own", "static/app.css": "own",
    ])
    let templates = try await fixture.manager.register(SetJoiner(.templates), for: [.templates])
    let assets = try await fixture.manager.register(SetJoiner(.assets), for: [.assets])
    let release = try fixture.release(
      "1", [ManagedFixture.app: Fixture.text(2), index: "theirs", "static/new.css": "new"])
    _ = fixture.recorder.take()
    let report = try await fixture.bring(release)
    #expect(report.isAccepted && report.contentFolder == release)
    #expect(templates.current == "templates/index.mustache=theirs")
    #expect(assets.current == "static/new.css=new")
    #expect(templates.generation == assets.generation)
    #expect(fixture.manager.snapshot().config("app") != nil)
    #expect(
      Set(fixture.recorder.takeNames()) == [
        "changed app", "completed app", "templates templates/index.mustache",
        "completed templates", "assets static/app.css,static/new.css", "completed assets",
      ])
    #expect(fixture.manager.snapshot().files(of: .assets)?.root == release)
    try await fixture.bringBack()
    #expect(templates.current == "templates/index.mustache=own")
    #expect(assets.current == "static/app.css=own")
    try await fixture.end()
  }

  @Test(
    "comes into force whole or not at all",
    arguments: ["parse", "type", "validator", "participant", "set", "missing", "no folder"])
  func whole(fault: String) async throws {
    let other: FilePath = "config/other.toml"
    let page: FilePath = "templates/a.mustache"
    let fixture = try await ManagedFixture([
      ManagedFixture.app: Fixture.text(1), other: Fixture.text(1), page: "own",
    ])
    let app = try await fixture.app()
    let maker = Maker()
    maker.refuse([66])
    let product = try await fixture.manager.register(maker, for: [.config("app")])
    let templates = try await fixture.manager.register(SetJoiner(.templates), for: [.templates])
    try await fixture.manager.registerValidator(config: "app", as: AppConfig.self) { config in
      if config.a == 77 { throw ConfigProblems("a", "is not wanted") }
    }
    let good = try fixture.release(
      "good", [ManagedFixture.app: Fixture.text(2), other: Fixture.text(2), page: "good"])
    #expect(try await fixture.bring(good).isAccepted)
    let generation = fixture.manager.snapshot().generation
    var files: [FilePath: String] = [
      ManagedFixture.app: Fixture.text(3), other: Fixture.text(3), page: "new",
    ]
    switch fault {
    case "parse": files[other] = "a = ]"
    case "type": files[ManagedFixture.app] = "a = \"x\"\nb = 1\n"
    case "validator": files[ManagedFixture.app] = Fixture.text(77)
    case "participant": files[ManagedFixture.app] = Fixture.text(66)
    case "set": files[page] = "bad"
    case "missing": files[ManagedFixture.app] = nil
    default: break
    }
    let bad =
      fault == "no folder" ? fixture.releases.path("none") : try fixture.release("bad", files)
    _ = fixture.recorder.take()
    let report = try await fixture.bring(bad)
    #expect(!report.isAccepted && report.contentFolder == good)
    #expect(report.units.allSatisfy { !$0.isChanged })
    #expect(app.current.a == 2 && product.current.a == 2)
    #expect(templates.current == "templates/a.mustache=good")
    #expect(fixture.manager.contentFolder == good)
    #expect(fixture.manager.snapshot().generation == generation)
    #expect(!fixture.recorder.takeNames().contains { $0.hasPrefix("changed") })
    // What is asked for later comes from where the rest is.
    let late = try await fixture.manager.watchConfigChanges("other", as: AppConfig.self)
    #expect(late.current.a == 2)
    try await fixture.manager.reload()
    #expect(app.current.a == 2 && late.current.a == 2)
    let joined = try await fixture.manager.register(Maker(), for: [.config("app")])
    #expect(joined.current.a == 2)
    #expect(await fixture.manager.status().health == .healthy)
    try await fixture.end()
    #expect(maker.isSettled)
  }

  @Test("that is not there is refused also by a manager that has nothing in force")
  func nothing() async throws {
    let fixture = try await ManagedFixture([:])
    let report = try await fixture.bring(fixture.releases.path("none"))
    #expect(!report.isAccepted && report.errors.count == 1)
    #expect(report.errors.first?.message.contains("there is no folder") == true)
    #expect(report.contentFolder == nil && fixture.manager.contentFolder == nil)
    #expect(try await fixture.bring(fixture.release("1", a: 2)).isAccepted)
    #expect(try await fixture.app().current.a == 2)
    try await fixture.end()
  }

  @Test("that is changed in place is loaded again by a reload, and refused whole as any")
  func reload() async throws {
    let fixture = try await ManagedFixture()
    let app = try await fixture.app()
    let release = try fixture.release("1", a: 2)
    try await fixture.bring(release)
    try fixture.releases.replace("1/config/app.toml", Fixture.text(3))
    #expect(try await fixture.manager.reload().isAccepted)
    #expect(app.current.a == 3 && fixture.manager.contentFolder == release)
    try fixture.releases.replace("1/config/app.toml", "a = ]")
    #expect(try await !fixture.manager.reload().isAccepted)
    #expect(app.current.a == 3 && fixture.manager.contentFolder == release)
    try fixture.releases.replace("1/config/app.toml", Fixture.text(3))
    #expect(try await fixture.manager.reload().outcome(of: "app") == .recovered)
    try await fixture.end()
  }

  @Test("takes configs with it that it does not have, and names the file if one of them is used")
  func gone() async throws {
    let old: FilePath = "config/old.toml"
    let fixture = try await ManagedFixture([
      ManagedFixture.app: Fixture.text(1), old: Fixture.text(1),
    ])
    let release = try fixture.release("1", a: 2)
    let report = try await fixture.bring(release)
    #expect(report.isAccepted && report.outcome(of: "old") == .removed)
    #expect(fixture.manager.snapshot().config("old") == nil)
    #expect(fixture.recorder.takeNames().contains("file config/old.toml deleted"))
    await #expect(throws: HotReloadError.self) {
      try await fixture.manager.watchConfigChanges("old", as: AppConfig.self)
    }
    try await fixture.bringBack()
    let stream = try await fixture.manager.watchConfigChanges("old", as: AppConfig.self)
    let refused = try await fixture.bring(release)
    #expect(!refused.isAccepted && stream.current.a == 1)
    let message = refused.outcome(of: "old")?.diagnostics.first?.message ?? ""
    #expect(message.contains("config/old.toml"))
    #expect(fixture.manager.contentFolder == nil)
    try await fixture.end()
  }

  @Test("is in force already if it has the same bytes, and nothing is told")
  func same() async throws {
    let page: FilePath = "templates/a.mustache"
    let files = [ManagedFixture.app: Fixture.text(2), page: "page"]
    let fixture = try await ManagedFixture()
    let templates = SetJoiner(.templates)
    _ = try await fixture.manager.register(templates, for: [.templates])
    let app = try await fixture.app()
    try await fixture.bring(fixture.release("1", files))
    let generation = fixture.manager.snapshot().generation
    let prepared = templates.prepared
    _ = fixture.recorder.take()
    let second = try fixture.release("2", files)
    let report = try await fixture.bring(second)
    #expect(report.isAccepted && report.units.allSatisfy { $0.outcome == .unchanged })
    #expect(fixture.recorder.take().isEmpty)
    #expect(fixture.manager.snapshot().generation == generation && templates.prepared == prepared)
    #expect(fixture.manager.contentFolder == second && app.current.a == 2)
    try await fixture.end()
  }

  @Test("names files relative to the folder, as if they were the workspace's own")
  func paths() async throws {
    let page: FilePath = "templates/a.mustache"
    let fixture = try await ManagedFixture([ManagedFixture.app: Fixture.text(1), page: "own"])
    _ = try await fixture.manager.register(SetJoiner(.templates), for: [.templates])
    let app = try await fixture.app()
    let bad = try fixture.release("bad", [ManagedFixture.app: "a = 1\nb = \"x\"\n", page: "bad"])
    let config = try await fixture.bring(bad).outcome(of: "app")?.diagnostics.first
    #expect(config?.location?.file == "config/app.toml" && config?.location?.line == 2)
    let set = try fixture.release("set", [ManagedFixture.app: Fixture.text(1), page: "bad"])
    let report = try await fixture.bring(set)
    let template = report.units.first { $0.unit == .templates }?.outcome.diagnostics.first
    #expect(template?.location?.file == "templates/a.mustache")
    _ = fixture.recorder.take()
    try await fixture.bring(
      fixture.release("good", [ManagedFixture.app: Fixture.text(2), page: "good"]))
    for case .fileChanged(let path, _) in fixture.recorder.take() { #expect(!path.isAbsolute) }
    #expect(app.current.a == 2)
    try await fixture.end()
  }

  @Test("goes back to the folder before if what came into force is not healthy")
  func rollsBack() async throws {
    let fixture = try await ManagedFixture { configuration in
      configuration.bake = .seconds(60)
      configuration.healthCheckInterval = .milliseconds(10)
      configuration.healthCheck = { snapshot in
        if snapshot.a(of: "app") == 66 { throw ConfigProblems("a", "bad") }
      }
    }
    let app = try await fixture.app()
    let good = try fixture.release("good", a: 2)
    try await fixture.bring(good)
    var values = app.makeAsyncIterator()
    try await fixture.bring(fixture.release("sick", a: 66))
    while app.current.a == 66 { _ = await values.next() }
    // A bake of both goes back to before both.
    #expect(app.current.a == 1)
    try await fixture.manager.sync()
    #expect(fixture.manager.contentFolder == nil)
    try await fixture.end()
  }

  @Test("leaves no descriptor open, however often it is exchanged")
  func descriptors() async throws {
    let page: FilePath = "templates/a.mustache"
    let fixture = try await ManagedFixture([ManagedFixture.app: Fixture.text(1), page: "own"])
    _ = try await fixture.manager.register(SetJoiner(.templates), for: [.templates])
    let app = try await fixture.app()
    let folders = try (0..<4).map {
      try fixture.release(
        FilePath("\($0)"), [ManagedFixture.app: Fixture.text($0 + 10), page: "\($0)"])
    }
    for number in 0..<200 {
      #expect(try await fixture.bring(folders[number % 4]).isAccepted)
      #expect(app.current.a == number % 4 + 10)
    }
    #expect(OpenFiles.below(fixture.releases.root).isEmpty)
    try await fixture.end()
    #expect(OpenFiles.below(fixture.folder.root).isEmpty)
  }
}
