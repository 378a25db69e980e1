import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

private struct Limits: Codable, Sendable, Equatable, ValidatedConfig {
  var minimum: Int
  var maximum: Int

  func validate() throws {
    var problems = ConfigProblems()
    problems.require(minimum >= 0, "minimum", "must not be negative")
    problems.require(minimum <= maximum, "maximum", "must not be below minimum")
    try problems.throwIfAny()
  }
}

private struct Sum: Codable, Sendable, Equatable, ConfigMerge {
  var total: Int?
  var names: [String]?

  func merging(_ overlay: Sum) -> Sum {
    Sum(
      total: (total ?? 0) + (overlay.total ?? 0), names: (names ?? []) + (overlay.names ?? []))
  }
}

private struct Grumpy: Codable, Sendable, ValidatedConfig {
  struct Refused: Error, CustomStringConvertible { let description = "not today" }
  var a: Int
  func validate() throws { throw Refused() }
}

@Suite("Config types with rules of their own")
struct ConfigTypesTests {
  let folder: TemporaryWorkspace
  let workspace: Workspace

  init() throws {
    folder = try TemporaryWorkspace()
    workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "test", variables: [:]))
  }

  @Test("All problems that a type finds are told, each with the place of its key")
  func validated() async throws {
    try folder.write("config/app.toml", "minimum = -1\nmaximum = 5\n")
    try folder.write("config/app.local.toml", "# lower\nmaximum = -2\n")
    let error = await #expect(throws: ConfigError.self) {
      try await workspace.loadConfig("app", as: Limits.self)
    }
    #expect(error?.code == .validation)
    #expect(
      error?.diagnostics.map(\.description) == [
        "config/app.toml:1:11 minimum: must not be negative",
        "config/app.local.toml:2:11 maximum: must not be below minimum",
      ])
  }

  @Test("Validation can be left out, decoding cannot")
  func unvalidated() async throws {
    try folder.write("config/app.toml", "minimum = -1\nmaximum = 5\n")
    let options = ConfigLoadOptions(validates: false)
    let limits = try await workspace.loadConfig("app", as: Limits.self, options: options)
    #expect(limits == Limits(minimum: -1, maximum: 5))
    await #expect(throws: ConfigError.self) {
      try await workspace.loadConfig("app", as: ServerConfig.self, options: options)
    }
  }

  @Test("An error of any type refuses a config, and is shown with the file")
  func anyError() async throws {
    try folder.write("config/app.toml", "a = 1\n")
    let error = await #expect(throws: ConfigError.self) {
      try await workspace.loadConfig("app", as: Grumpy.self)
    }
    #expect(error?.code == .validation)
    #expect(error?.description.contains("not today") == true)
    #expect(error?.description.contains("config/app.toml") == true)
  }

  @Test("A type that merges itself gets each layer decoded alone, the lowest first")
  func merged() async throws {
    try folder.write("config/app.toml", "total = 1\nnames = [\"a\"]\n")
    try folder.write("config/app.test.yaml", "total: 10\n")
    try folder.write("config/app.local.json", #"{"names": ["b"]}"#)
    let sum: Sum = try await workspace.loadConfig("app")
    #expect(sum == Sum(total: 11, names: ["a", "b"]))
  }

  @Test("A type that merges itself does so for several configs too")
  func mergedLayers() async throws {
    try folder.write("config/one.toml", "total = 1\n")
    try folder.write("config/two.toml", "total = 2\n")
    let sum: Sum = try await workspace.loadConfig(layers: ["one", "two"])
    #expect(sum.total == 3)
  }
}
