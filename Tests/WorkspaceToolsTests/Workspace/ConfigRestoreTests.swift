import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles

@testable import WorkspaceTools

@Suite("Configs that were kept")
struct ConfigRestoreTests {
  let folder: TemporaryWorkspace
  let workspace: Workspace
  let loader: ConfigLoader

  init() throws {
    folder = try TemporaryWorkspace()
    workspace = try Workspace(
      root: folder.root,
      environment: WorkspaceEnvironment(
        name: "production", variables: ["APP__PORT": "7", "NAME": "from outside"]),
      loadOptions: ConfigLoadOptions(environmentVariables: true, interpolation: true))
    loader = ConfigLoader(workspace: workspace)
  }

  private func fill() throws -> [RecordedLayer] {
    try folder.write("config/app.toml", "port = 1\nname = \"${NAME}\"\n")
    try folder.write("config/app.production.yaml", "extra: [1, 2]\n")
    try folder.setMode("config/app.production.yaml", 0o600)
    return try loader.load("app").recordedLayers
  }

  @Test("What was kept loads as it would from the disk, without the disk")
  func load() throws {
    let layers = try fill()
    let fromDisk = try loader.load("app")
    try folder.remove("config")
    let kept = try loader.load("app", from: layers)
    #expect(kept.tree == fromDisk.tree)
    #expect(kept.tree["port"] == 7)
    #expect(kept.tree["name"] == "from outside")
    #expect(kept.layers.map(\.path) == fromDisk.layers.map(\.path))
    #expect(kept.layers.map(\.digest) == fromDisk.layers.map(\.digest))
    #expect(kept.tree["extra"]?.location?.description == "config/app.production.yaml:1:8")
    #expect(kept.recordedLayers == layers)
    struct App: Decodable, Equatable { var port: Int, name: String, extra: [Int] }
    #expect(try kept.decode() == App(port: 7, name: "from outside", extra: [1, 2]))
  }

  @Test("Kept layers without a base, or that no longer parse, are errors with their place")
  func loadErrors() throws {
    let layers = try fill()
    #expect { try loader.load("app", from: Array(layers.dropFirst())) } throws: {
      ($0 as? ConfigError)?.code == .missing
    }
    var bad = layers
    bad[0].bytes = Array("a = ]\n".utf8)
    #expect { try loader.load("app", from: bad) } throws: { error in
      (error as? ConfigError)?.diagnostics.first?.location?.description == "config/app.toml:1:5"
    }
  }

  @Test("Restoring writes what differs, removes what was not there, and leaves the rest alone")
  func restore() throws {
    let layers = try fill()
    try folder.write("config/app.production.yaml", "extra: []\n")
    try folder.write("config/app.local.json", "{}")
    try folder.write("config/app.staging.toml", "a = 1\n")
    let plan = try loader.restorePlan(for: "app", to: layers)
    #expect(plan.unchanged == ["config/app.toml"])
    #expect(plan.writes.map(\.path) == ["config/app.production.yaml"])
    #expect(plan.removals == ["config/app.local.json"])
    let result = try loader.restore(plan, generation: 9)
    #expect(result.written == ["config/app.production.yaml"])
    #expect(result.removed == ["config/app.local.json"])
    #expect(
      result.backups.map(\.source) == ["config/app.production.yaml", "config/app.local.json"])
    #expect(try result.backups.map { try folder.text($0.path) } == ["extra: []\n", "{}"])
    #expect(result.backups.allSatisfy { $0.generation == 9 })
    #expect(try loader.load("app").recordedLayers == layers)
    #expect(folder.exists("config/app.staging.toml"))
    #expect(try loader.restorePlan(for: "app", to: layers).isEmpty)
  }

  @Test("A base in another format gives way, and one at the root comes back")
  func otherBase() throws {
    try folder.write(".app.json", #"{"a": 1}"#)
    let fallback = try loader.load("app").recordedLayers
    try folder.write("config/app.toml", "a = 2\n")
    let proper = try loader.load("app").recordedLayers
    try folder.rename("config/app.toml", to: "config/app.yml")

    #expect(try loader.restorePlan(for: "app", to: proper).removals == ["config/app.yml"])
    try loader.restore(try loader.restorePlan(for: "app", to: proper))
    #expect(try loader.load("app").recordedLayers == proper)
    #expect(folder.exists(".app.json"))
    try loader.restore(try loader.restorePlan(for: "app", to: fallback))
    #expect(try loader.load("app").recordedLayers == fallback)
    #expect(!folder.exists("config/app.toml"))
  }

  @Test("A link inside the root is written through and stays")
  func link() throws {
    let layers = try fill()
    try folder.rename("config/app.toml", to: "releases/1/app.toml")
    try folder.write("releases/1/app.toml", "changed = true\n")
    try folder.symlink("config/app.toml", to: "../releases/1/app.toml")
    try loader.restore(try loader.restorePlan(for: "app", to: layers))
    #expect(try folder.read("releases/1/app.toml") == layers[0].bytes)
    #expect(
      SystemCalls.kind(of: folder.path("config/app.toml"), followLinks: false)
        != SystemCalls.kind(of: folder.path("config/app.toml")))
  }

  @Test("A link out of the root, or one that leads nowhere, is refused before anything is changed")
  func refusedLinks() throws {
    let layers = try fill()
    let other = try TemporaryWorkspace()
    try other.write("app.yaml", "extra: [outside]\n")
    try folder.write("config/app.toml", "changed = true\n")
    try folder.remove("config/app.production.yaml")
    try folder.symlink("config/app.production.yaml", to: other.path("app.yaml"))
    #expect { try loader.restorePlan(for: "app", to: layers) } throws: {
      ($0 as? ConfigError)?.code == .outsideRoot
    }
    try folder.remove("config/app.production.yaml")
    try folder.symlink("config/app.production.yaml", to: "nowhere")
    let plan = try loader.restorePlan(for: "app", to: layers)
    #expect { try loader.restore(plan) } throws: { ($0 as? ConfigError)?.code == .unwritable }
    #expect(try folder.text("config/app.toml") == "changed = true\n")
    #expect(try other.text("app.yaml") == "extra: [outside]\n")
  }

  @Test("Layers of another config or environment are refused")
  func foreign() throws {
    var layers = try fill()
    layers[1].path = "config/app.staging.yaml"
    layers[1].layer = .environment("staging")
    #expect { try loader.restorePlan(for: "app", to: layers) } throws: {
      ($0 as? ConfigError)?.code == .invalidName
    }
    layers[1].path = "config/../../x.toml"
    #expect(throws: ConfigError.self) { try loader.restorePlan(for: "app", to: layers) }
  }
}
