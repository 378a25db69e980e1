import HotReloadTesting
import Synchronization
import SystemPackage
import Testing
import WorkspaceTools

/// What changes between the steps of a load is put there by hooks, so that every race happens every time.
@Suite("Loading configs while they change")
struct ConfigRaceTests {
  let folder: TemporaryWorkspace
  let loader: ConfigLoader

  init() throws {
    folder = try TemporaryWorkspace()
    loader = ConfigLoader(
      workspace: try Workspace(
        root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:])))
  }

  /// A loader that does `action` in its first `times` attempts, before it reads `path`.
  private func loader(
    before path: FilePath, times: Int = 1, _ action: @escaping @Sendable (Int) throws -> Void
  ) -> ConfigLoader {
    var loader = loader
    loader.hooks.willRead = { attempt, reading in
      if attempt < times && reading == path {
        #expect(throws: Never.self) { try action(attempt) }
      }
    }
    return loader
  }

  @Test("A ..data swap between the reading of two layers never gives a mixture")
  func dataSwap() throws {
    let folder = folder
    @Sendable func publish(_ version: Int) throws {
      try folder.publishConfigMap(
        ["app.toml": "base = \(version)", "app.production.toml": "overlay = \(version)"],
        in: "config", version: "v\(version)")
    }
    try publish(1)
    #expect(try loader.load("app").tree == ConfigTree(["base": 1, "overlay": 1]))
    let loader = loader(before: "config/app.production.toml", times: 3) { try publish($0 + 2) }
    let loaded = try loader.load("app")
    #expect(loaded.tree == ConfigTree(["base": 4, "overlay": 4]))
    #expect(loaded.layers.allSatisfy { $0.resolvedPath.string.contains("..v4") })
  }

  @Test("A link that was turned to an equal file counts as moved")
  func turnedLink() throws {
    try folder.write("a/config/app.toml", "x = 1")
    try folder.write("b/config/app.toml", "x = 2")
    try folder.symlink("config", to: "a/config")
    let loader = loader(before: "config/app.toml") { _ in
      try folder.swapLink("config", to: "b/config")
    }
    #expect(try loader.load("app").tree["x"] == 2)
  }

  @Test("An overlay that appears after the first look is in the result")
  func overlayAppears() throws {
    try folder.write("config/app.toml", "x = 1")
    let loader = loader(before: "config/app.toml") { _ in
      try folder.write("config/app.local.toml", "x = 2")
    }
    #expect(try loader.load("app").tree["x"] == 2)
  }

  @Test("An overlay that vanishes before it is read is not in the result")
  func overlayVanishes() throws {
    try folder.write("config/app.toml", "x = 1")
    try folder.write("config/app.local.toml", "x = 2")
    let loader = loader(before: "config/app.local.toml") { _ in
      try folder.remove("config/app.local.toml")
    }
    #expect(try loader.load("app").tree["x"] == 1)
  }

  @Test("A base that is renamed to another format is found under its new name")
  func formatChange() throws {
    try folder.write("config/app.json", "{\"x\": 1}")
    let loader = loader(before: "config/app.json") { _ in
      try folder.remove("config/app.json")
      try folder.write("config/app.yaml", "x: 2")
    }
    #expect(try loader.load("app").tree["x"] == 2)
  }

  @Test("Two bases at one moment only, as while a format is changed, are no error")
  func briefDuplicate() throws {
    try folder.write("config/app.json", "{\"x\": 1}")
    try folder.write("config/app.yaml", "x: 2")
    var loader = loader
    loader.hooks.didSurvey = { attempt in
      if attempt == 0 { #expect(throws: Never.self) { try folder.remove("config/app.json") } }
    }
    #expect(try loader.load("app").tree["x"] == 2)
  }

  @Test("A base that is away at one moment only is no missing config")
  func brieflyMissing() throws {
    try folder.write("config/app.toml.new", "x = 1")
    var loader = loader
    loader.hooks.didSurvey = { attempt in
      if attempt == 0 {
        #expect(throws: Never.self) {
          try folder.rename("config/app.toml.new", to: "config/app.toml")
        }
      }
    }
    #expect(try loader.load("app").tree["x"] == 1)
  }

  @Test("A base that is written in place between two layers is read again")
  func inPlace() throws {
    try folder.write("config/app.toml", "x = 1")
    try folder.write("config/app.local.toml", "y = 1")
    let loader = loader(before: "config/app.local.toml") { _ in
      try folder.write("config/app.toml", "x = 22")
    }
    #expect(try loader.load("app").tree == ConfigTree(["x": 22, "y": 1]))
  }

  @Test("Files that change at every attempt are given up after a bounded number, naming the file")
  func neverSettles() throws {
    try folder.write("config/app.toml", "x = 0")
    let attempts = Mutex(0)
    let loader = loader(before: "config/app.toml", times: .max) { attempt in
      attempts.withLock { $0 += 1 }
      try folder.replace("config/app.toml", "x = \(attempt)")
    }
    let error = #expect(throws: ConfigError.self) { try loader.load("app") }
    #expect(error?.code == .notSettled)
    #expect(error?.description.contains("config/app.toml") == true)
    #expect(attempts.withLock { $0 } == ConfigLoader.maximumAttempts)
  }
}
