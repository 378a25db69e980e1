import FileWatching
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("A config with variants", .timeLimit(.minutes(5)))
struct VariantStreamTests {
  private static let overlay: FilePath = "config/app@treatment.toml"
  private static let subjects = (0..<2_000).map { "user-\($0)" }

  private static func base(
    _ a: Int = 1, control: Int = 50, treatment: Int = 50, more: String = ""
  ) -> String {
    """
    a = \(a)
    b = 1
    [experiment]
    name = "checkout"
    weights = { control = \(control), treatment = \(treatment) }
    \(more)
    """
  }

  private static var files: [FilePath: String] {
    [Fixture.app: base(), overlay: "a = 2\n"]
  }

  private func errors(_ fixture: Fixture) async -> [String] {
    (await fixture.manager.status().rejected["app"] ?? []).map(\.description)
  }

  @Test("gives each subject its variant's value, the same after a restart")
  func values() async throws {
    let fixture = try await Fixture.scripted(Self.files)
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(stream.variants == ["control", "treatment"])
    #expect(stream.experiment?.weights == ["control": 50, "treatment": 50])
    #expect(stream.current == AppConfig(a: 1, b: 1))
    #expect(stream.current(in: "treatment") == AppConfig(a: 2, b: 1))
    #expect(stream.current(in: "control")?.a == 1 && stream.current(in: "other") == nil)
    let values = Self.subjects.map { stream.current(for: $0).a }
    #expect(Set(values) == [1, 2])
    for (subject, value) in zip(Self.subjects, values) {
      let assignment = try #require(stream.assignment(for: subject))
      #expect(assignment.value.a == value)
      #expect(assignment.variant == (value == 2 ? "treatment" : "control"))
      #expect(assignment.experiment == "checkout" && !assignment.isTestSubject)
    }
    try await fixture.manager.shutdown()

    let again = try await fixture.workspace.startHotReload(
      configuration: Fixture.configuration, changes: ScriptedChangeSource().factory)
    let second = try await again.watchConfigChanges("app", as: AppConfig.self)
    #expect(Self.subjects.map { second.current(for: $0).a } == values)
    try await again.shutdown()
  }

  @Test("without an experiment gives everybody the config itself")
  func noExperiment() async throws {
    let fixture = try await Fixture.scripted([
      Fixture.app: Fixture.text(1), Self.overlay: "a = 2\n",
    ])
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(Self.subjects.allSatisfy { stream.current(for: $0).a == 1 })
    #expect(stream.assignment(for: "x") == nil && stream.experiment == nil)
    #expect(stream.current(in: "treatment")?.a == 2)
    try await fixture.end()
  }

  @Test("is one unit: an edit of an overlay and of its base come into force together")
  func oneUnit() async throws {
    let fixture = try await Fixture.scripted(Self.files)
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(fixture.manager.snapshot().configNames == ["app"])
    let before = stream.generation
    try fixture.folder.replace(Fixture.app, Self.base(10))
    try fixture.folder.replace(Self.overlay, "a = 20\n")
    fixture.source?.deliver([
      FileChange(path: Fixture.app, kind: .modified),
      FileChange(path: Self.overlay, kind: .modified),
    ])
    try await fixture.manager.sync()
    #expect(stream.generation == before + 1)
    #expect(stream.current.a == 10 && stream.current(in: "treatment")?.a == 20)
    // An overlay alone is a change of the config too, and a touch is none.
    try await fixture.save(Self.overlay, "a = 21\n")
    #expect(stream.generation == before + 2 && stream.current(in: "treatment")?.a == 21)
    try await fixture.save(Self.overlay, "# the same\na = 21\n")
    #expect(stream.generation == before + 2)
    try await fixture.end()
  }

  @Test("moves only subjects to the variant whose weight grows when a file is edited")
  func liveWeights() async throws {
    let fixture = try await Fixture.real(Self.files)
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let before = Self.subjects.map { stream.current(for: $0).a }
    try await fixture.save(Fixture.app, Self.base(treatment: 100))
    let after = Self.subjects.map { stream.current(for: $0).a }
    #expect(before != after)
    #expect(zip(before, after).allSatisfy { $0 == $1 || ($0, $1) == (1, 2) })
    try await fixture.save(Fixture.app, Self.base(treatment: 0))
    #expect(Self.subjects.allSatisfy { stream.current(for: $0).a == 1 })
    try await fixture.save(Fixture.app, Self.base())
    #expect(Self.subjects.map { stream.current(for: $0).a } == before)
    try await fixture.end()
  }

  @Test("takes in overlays that appear and vanish")
  func comeAndGo() async throws {
    let fixture = try await Fixture.real([Fixture.app: Fixture.text(1)])
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(stream.variants == ["control"])
    try await fixture.save(Self.overlay, "a = 2\n")
    #expect(stream.variants == ["control", "treatment"])
    try await fixture.save(Fixture.app, Self.base())
    #expect(Set(Self.subjects.map { stream.current(for: $0).a }) == [1, 2])
    // Whoever takes away the overlay must take back its weight.
    try fixture.folder.remove(Self.overlay)
    try await fixture.manager.sync()
    #expect(
      await errors(fixture) == [
        "config/app.toml:5:27 experiment.weights.treatment: there is no such variant; there are control"
      ])
    #expect(stream.variants == ["control", "treatment"])
    try await fixture.save(Fixture.app, Fixture.text(1))
    #expect(stream.variants == ["control"])
    try await fixture.end()
  }

  @Test("keeps the last good values of all variants when one overlay is broken")
  func broken() async throws {
    let fixture = try await Fixture.scripted(Self.files)
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let limited = try await fixture.manager.watchConfigChanges("app", as: LimitedConfig.self)
    for (text, expected) in [
      ("a = [\n", "config/app@treatment.toml:2:1 "),
      ("\na = true\n", "config/app@treatment.toml:2:5 a: expected Int, found Bool"),
      ("a = 101\n", "config/app@treatment.toml:1:5 a: must be at most 100"),
      ("a = 2\n[experiment]\n", "config/app@treatment.toml:2:2 experiment: belongs in the config"),
    ] {
      try await fixture.save(Self.overlay, text)
      let found = await errors(fixture)
      #expect(found.count == 1)
      #expect(found.first?.hasPrefix(expected) == true, "\(found)")
      #expect(stream.current.a == 1 && stream.current(in: "treatment")?.a == 2)
      #expect(limited.current(in: "treatment")?.a == 2)
    }
    try await fixture.save(Self.overlay, "a = 3\n")
    #expect(stream.current(in: "treatment")?.a == 3)
    #expect(await errors(fixture).isEmpty)
    try await fixture.end()
  }

  @Test("has a registered validator asked about each variant, and its refusal says which")
  func validators() async throws {
    let fixture = try await Fixture.scripted(Self.files)
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    try await fixture.manager.registerValidator(config: "app", as: AppConfig.self) { config in
      var problems = ConfigProblems()
      problems.require(config.a >= config.b, "b", "must not be above a")
      try problems.throwIfAny()
    }
    try await fixture.save(Self.overlay, "a = 0\n")
    #expect(
      await errors(fixture) == [
        "config/app.toml:2:5 b: must not be above a (in variant treatment)"
      ])
    #expect(stream.current(in: "treatment")?.a == 2)
    try await fixture.end()
  }

  @Test("is seen as one moment in a snapshot")
  func snapshot() async throws {
    let fixture = try await Fixture.scripted(Self.files)
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let snapshot = fixture.manager.snapshot()
    let subject = try #require(
      Self.subjects.first { stream.assignment(for: $0)?.variant == "treatment" })
    try await fixture.save(Self.overlay, "a = 5\n")
    #expect(stream.current(for: subject).a == 5)
    #expect(snapshot.value(of: stream, for: subject)?.a == 2)
    #expect(snapshot.config("app", variant: "treatment")?["a"] == 2)
    #expect(snapshot.config("app", variant: "other") == nil)
    #expect(snapshot.variants(of: "app") == ["control", "treatment"])
    try await fixture.end()
  }

  @Test("goes back as a whole if its health check fails")
  func rollBack() async throws {
    let clock = ManualClock()
    var configuration = Fixture.configuration
    configuration.bake = .seconds(10)
    configuration.healthCheck = { snapshot in
      if snapshot.config("app", variant: "treatment")?["a"] == 66 {
        throw ConfigProblems("a", "is unlucky")
      }
    }
    let fixture = try await Fixture.scripted(Self.files, configuration, clock: clock)
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    try await fixture.save(Self.overlay, "a = 66\n")
    await eventually { stream.current(in: "treatment")?.a == 2 }
    #expect(stream.current(in: "treatment")?.a == 2)
    #expect(Set(Self.subjects.map { stream.current(for: $0).a }) == [1, 2])
    try await fixture.end()
  }

  @Test("has its overlays in the journal, so that a process starts from the last good ones")
  func journal() async throws {
    let folder = try TemporaryWorkspace()
    for (path, text) in Self.files { try folder.write(path, text) }
    func start() async throws -> HotReloadManager {
      try await Workspace(
        root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:])
      ).startHotReload(configuration: Fixture.configuration)
    }
    let first = try await start()
    let stream = try await first.watchConfigChanges("app", as: AppConfig.self)
    let values = Self.subjects.map { stream.current(for: $0).a }
    let old = stream.generation
    try folder.replace(Self.overlay, "a = 3\n")
    try await first.sync()
    let new = stream.generation
    try await first.shutdown()

    let reader = try JournalReader(workspace: first.workspace)
    let loader = ConfigLoader(workspace: first.workspace)
    let differences = try reader.difference(of: "app", from: old, to: new, by: loader)
    #expect(differences.map { "\($0.keyPath)" } == ["@treatment.a"])
    let plan = try reader.restorePlan(for: "app", at: old, by: loader)
    #expect(plan.writes.map(\.path) == [Self.overlay] && plan.removals.isEmpty)
    try loader.restore(plan)
    #expect(try loader.load("app").variant("treatment")?.tree["a"] == 2)

    try folder.replace(Self.overlay, "a = ]")
    let second = try await start()
    let restored = try await second.watchConfigChanges("app", as: AppConfig.self)
    #expect(restored.current(in: "treatment")?.a == 3)
    #expect(Self.subjects.map { restored.current(for: $0).a } == values.map { $0 == 2 ? 3 : $0 })
    try await second.shutdown()
  }

  @Test("has its overlays watched whatever the globs say")
  func watched() async throws {
    var configuration = Fixture.configuration
    configuration.watchPatterns = ["config/*.yaml"]
    let fixture = try await Fixture.scripted(Self.files, configuration)
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let source = try #require(fixture.source)
    await eventually { source.demanded.contains(Self.overlay) }
    #expect(stream.variants == ["control", "treatment"])
    try await fixture.end()
  }

  @Test("follows a link that is turned to another folder of overlays")
  func links() async throws {
    let fixture = try await Fixture.real([
      Fixture.app: Self.base(), "config/..1/app@treatment.toml": "a = 2\n",
      "config/..2/app@treatment.toml": "a = 3\n",
    ])
    let (folder, manager) = (fixture.folder, fixture.manager)
    try folder.symlink("config/..data", to: "..1")
    try folder.symlink(Self.overlay, to: "..data/app@treatment.toml")
    try await manager.sync()
    let stream = try await manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(stream.current(in: "treatment")?.a == 2)
    // The overlay itself is not touched; it is watched with the links that lead to it soon after it was found.
    try folder.swapLink("config/..data", to: "..2")
    await eventually { stream.current(in: "treatment")?.a == 3 }
    #expect(stream.current(in: "treatment")?.a == 3)
    try await fixture.end()
  }
}
