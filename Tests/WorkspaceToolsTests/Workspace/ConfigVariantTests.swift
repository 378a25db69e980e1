import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles

@testable import WorkspaceTools

@Suite("The variants of a config")
struct ConfigVariantTests {
  private let folder: TemporaryWorkspace

  init() throws { folder = try TemporaryWorkspace() }

  private func loader(_ options: ConfigLoadOptions = ConfigLoadOptions()) throws -> ConfigLoader {
    let environment = try WorkspaceEnvironment(name: "production", variables: [:])
    return ConfigLoader(
      workspace: try Workspace(root: folder.root, environment: environment, loadOptions: options))
  }

  /// What is wrong with config `app`, one line each; empty if it is good.
  private func errors() throws -> [String] {
    let loader = try loader()
    do throws(ConfigError) {
      _ = try loader.load("app")
      return []
    } catch { return error.diagnostics.map(\.description) }
  }

  // MARK: Files

  @Test("are merged over the environment layer and below the local layer and the variables")
  func order() throws {
    try folder.write("config/app.toml", "a = 1\nb = 1\nc = 1\nd = 1\ne = 1\n")
    try folder.write("config/app.production.yaml", "b: 2\nc: 2\nd: 2\ne: 2\n")
    try folder.write("config/app@blue.json", #"{"c": 3, "d": 3, "e": 3}"#)
    try folder.write("config/app@green.toml", "a = 30\n")
    try folder.write("config/app.local.toml", "d = 4\ne = 4\n")
    let options = ConfigLoadOptions(
      environmentVariables: true, processEnvironment: ["APP__E": "5"])
    let config = try loader(options).load("app")
    let names = ["a", "b", "c", "d", "e"]
    func values(_ config: LoadedConfig?) throws -> [Int] {
      try names.map { try #require(config?.tree[$0]).decode(Int.self) }
    }
    #expect(try values(config) == [1, 2, 2, 4, 5])
    #expect(config.variants.map(\.name) == ["blue", "green"])
    #expect(try values(config.variant("blue")) == [1, 2, 3, 4, 5])
    #expect(try values(config.variant("green")) == [30, 2, 2, 4, 5])
    #expect(try values(config.variant("control")) == [1, 2, 2, 4, 5])
    #expect(config.variant("red") == nil)
    #expect(
      config.layers.map(\.path.string) == [
        "config/app.toml", "config/app.production.yaml", "config/app@blue.json",
        "config/app@green.toml", "config/app.local.toml",
      ])
    #expect(
      config.variant("blue")?.layers.map(\.layer) == [
        .base, .environment("production"), .variant("blue"), .local,
      ])
  }

  @Test("belong to their config, also in a folder, and are no configs of their own")
  func names() throws {
    try folder.write("config/app.toml", "a = 1\n")
    try folder.write("config/app@blue.toml", "a = 2\n")
    try folder.write("config/sub/app.toml", "a = 3\n")
    try folder.write("config/sub/app@blue.toml", "a = 4\n")
    let loader = try loader()
    #expect(try loader.names() == ["app", "sub/app"])
    #expect(try loader.load("sub/app").variant("blue")?.tree["a"] == 4)
    let found = try #require(loader.configName(of: "config/sub/app@blue.toml"))
    #expect(found == ("sub/app", .variant("blue")))
    #expect(loader.workspace.extractConfigName(from: "config/app@blue.toml") == "app")
    #expect(throws: ConfigError.self) { try loader.load("app@blue") }
    #expect(loader.configName(of: ".app@blue.toml") == nil)
    #expect(loader.configName(of: "config/@blue.toml") == nil)
  }

  @Test(
    "cannot have any name",
    arguments: [
      "", "control", "a b", "a@b", "blue.production", "blue.local", "ü",
      String(repeating: "x", count: 65),
    ])
  func badNames(name: String) throws {
    try folder.write("config/app.toml", "a = 1\n")
    let path = "config/app@\(name).toml"
    try folder.write(FilePath(path), "a = 2\n")
    let found = try errors()
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("\(path): \"\(name)\" cannot be a variant's name") == true)
    try folder.remove(FilePath(path))
    #expect(try errors().isEmpty)
  }

  @Test("need a base, and have one file each")
  func claims() throws {
    try folder.write("config/app@blue.toml", "a = 2\n")
    #expect(try errors().first?.contains("config/app@blue.toml is an overlay") == true)
    #expect(try loader().names() == ["app"])
    try folder.write("config/app.toml", "a = 1\n")
    #expect(try errors().isEmpty)
    try folder.write("config/app@blue.yaml", "a: 2\n")
    #expect(
      try errors() == [
        "config/app@blue.toml and config/app@blue.yaml all claim to be the @blue layer of config app"
      ])
  }

  @Test("are seen as soon as their files come and go, however often the config was loaded")
  func listing() throws {
    try folder.write("config/app.toml", "a = 1\n")
    let loader = try loader()
    for number in 0..<20 {
      #expect(try loader.load("app").variants.isEmpty)
      try folder.write("config/app@blue.toml", "a = \(number)\n")
      #expect(try loader.load("app").variant("blue")?.tree["a"]?.value == .integer(Int64(number)))
      try folder.rename("config/app@blue.toml", to: "config/app@red.toml")
      #expect(try loader.load("app").variants.map(\.name) == ["red"])
      try folder.remove("config/app@red.toml")
    }
  }

  @Test("that appear while the files are read are read too")
  func race() throws {
    try folder.write("config/app.toml", "a = 1\n")
    var loader = try loader()
    loader.hooks.didSurvey = { [folder] attempt in
      if attempt == 0 { try? folder.write("config/app@blue.toml", "a = 2\n") }
    }
    #expect(try loader.load("app").variants.map(\.name) == ["blue"])
  }

  @Test("can be too many")
  func tooMany() throws {
    try folder.write("config/app.toml", "a = 1\n")
    for number in 0...ConfigVariant.maximumCount {
      try folder.write(FilePath("config/app@v\(number).toml"), "")
    }
    #expect(try errors() == ["config app has 33 variants; at most 32 are possible"])
  }

  @Test("tell of all files that cannot be parsed at once")
  func parse() throws {
    try folder.write("config/app.toml", "a = [\n")
    try folder.write("config/app@blue.toml", "\na == 1\n")
    let found = try errors()
    #expect(found.count == 2)
    #expect(found.first?.hasPrefix("config/app.toml:") == true)
    #expect(found.last?.hasPrefix("config/app@blue.toml:2:") == true)
  }

  // MARK: Writing

  @Test("are saved, updated, backed up and restored like any layer")
  func writing() async throws {
    struct Value: Codable, Sendable, Equatable { var a: Int }
    try folder.write("config/app.yaml", "a: 1\n")
    let workspace = try loader().workspace
    let path = try await workspace.saveConfig(Value(a: 2), to: "app", layer: .variant("blue"))
    #expect(path == "config/app@blue.yaml")
    let kept = try loader().load("app").recordedLayers
    let backup = try await workspace.createConfigBackup(of: path)
    _ = try await workspace.updateConfig("app", layer: .variant("blue")) { (value: inout Value) in
      value.a = 3
    }
    #expect(try loader().load("app").variant("blue")?.tree["a"] == 3)
    try await workspace.restoreConfigBackup(backup)
    #expect(try loader().load("app").variant("blue")?.tree["a"] == 2)
    await #expect(throws: ConfigError.self) {
      try await workspace.saveConfig(Value(a: 2), to: "app", layer: .variant("a.b"))
    }
    // A restore takes away what was not there, and brings back what was.
    try folder.write("config/app@blue.yaml", "a: 9\n")
    try folder.write("config/app@red.yaml", "a: 9\n")
    let plan = try loader().restorePlan(for: "app", to: kept)
    #expect(plan.writes.map(\.path) == [path] && plan.removals == ["config/app@red.yaml"])
    try loader().restore(plan)
    #expect(try loader().load("app").saysTheSame(as: loader().load("app", from: kept)))
  }

  @Test("count in the config's fingerprint and differences")
  func fingerprint() throws {
    try folder.write("config/app.toml", "a = 1\n")
    let plain = try loader().load("app")
    #expect(plain.fingerprint == plain.tree.fingerprint)
    try folder.write("config/app@blue.toml", "a = 2\n")
    let blue = try loader().load("app")
    #expect(blue.fingerprint != plain.fingerprint && !blue.saysTheSame(as: plain))
    #expect(
      blue.difference(from: plain).map { "\($0.keyPath)" } == ["@blue.a"])
    try folder.write("config/app@blue.toml", "# no change\na = 2\n")
    #expect(try loader().load("app").fingerprint == blue.fingerprint)
    try folder.rename("config/app@blue.toml", to: "config/app@red.toml")
    #expect(try loader().load("app").fingerprint != blue.fingerprint)
  }

  // MARK: The experiment

  private func experiment(_ text: String) throws -> ConfigExperiment? {
    try folder.write("config/app.toml", text)
    try folder.write("config/app@blue.toml", "a = 2\n")
    return try loader().load("app").experiment
  }

  @Test("are distributed by the table experiment, in which a config's layers may differ")
  func settings() throws {
    let found = try experiment(
      """
      [experiment]
      name = "checkout"
      salt = "1"
      weights = { control = 1, blue = 3 }
      test_subjects = { blue = ["x"], control = ["y", "z"] }
      """)
    #expect(
      found
        == ConfigExperiment(
          name: "checkout", salt: "1", weights: ["control": 1, "blue": 3],
          testSubjects: ["x": "blue", "y": "control", "z": "control"]))
    #expect(found?.share(of: "blue") == 0.75)
    try folder.write("config/app.production.toml", "experiment.weights.blue = 1\n")
    #expect(try loader().load("app").experiment?.weights == ["control": 1, "blue": 1])
    let options = ConfigLoadOptions(
      environmentVariables: true, processEnvironment: ["APP__EXPERIMENT__WEIGHTS__BLUE": "0"])
    #expect(try loader(options).load("app").experiment?.weights["blue"] == 0)
  }

  @Test("have the config's name for the experiment's, and that for the salt")
  func defaults() throws {
    let found = try experiment("[experiment.weights]\ncontrol = 1\n")
    #expect(found == ConfigExperiment(name: "app", weights: ["control": 1]))
    #expect(found?.salt == "app")
    #expect(try experiment("experiment = { name = \"x\", weights = { control = 1 } }")?.salt == "x")
  }

  @Test(
    "are not distributed by settings that make no sense",
    arguments: [
      ("experiment = 1", "app.toml:1:14 experiment: expected table, found Int"),
      ("[experiment]\nname = \"x\"", "app.toml:1:2 experiment.weights: is missing"),
      (
        "[experiment]\nweights = { control = 1 }\nweight = 1",
        "app.toml:3:1 experiment.weight: is not known"
      ),
      (
        "[experiment]\nweights = { control = 1, red = 1 }",
        "app.toml:2:26 experiment.weights.red: there is no such variant; there are control, blue"
      ),
      (
        "[experiment]\nweights = { blue = 1 }",
        "app.toml:2:11 experiment.weights: control is missing"
      ),
      (
        "[experiment]\nweights = { control = 0, blue = 0 }",
        "app.toml:2:11 experiment.weights: all weights are 0"
      ),
      (
        "[experiment]\nweights = { control = 1, blue = -1 }",
        "app.toml:2:33 experiment.weights.blue: -1 is no weight"
      ),
      (
        "[experiment]\nweights = { control = 1, blue = 1000001 }",
        "app.toml:2:33 experiment.weights.blue: 1000001 is no weight"
      ),
      (
        "[experiment]\nweights = { control = 1, blue = 0.5 }",
        "app.toml:2:33 experiment.weights.blue: expected Int, found Float"
      ),
      (
        "[experiment]\nweights = { control = 1, blue = nan }",
        "app.toml:2:33 experiment.weights.blue: expected Int, found Float"
      ),
      (
        "[experiment]\nweights = { control = \"1\" }",
        "app.toml:2:23 experiment.weights.control: expected Int, found String"
      ),
      (
        "[experiment]\nname = \"\"\nweights = { control = 1 }",
        "app.toml:2:8 experiment.name: must have 1 to 200 bytes"
      ),
      (
        "[experiment]\nsalt = \"a\\u0000b\"\nweights = { control = 1 }",
        "app.toml:2:8 experiment.salt: must have 1 to 200 bytes, none of them 0"
      ),
      (
        "[experiment]\nweights = { control = 1 }\ntest_subjects = { red = [] }",
        "app.toml:3:19 experiment.test_subjects.red: there is no such variant"
      ),
      (
        "[experiment]\nweights = { control = 1 }\ntest_subjects = { blue = [1] }",
        "app.toml:3:27 experiment.test_subjects.blue: expected String, found Int"
      ),
      (
        "[experiment]\nweights = { control = 1 }\ntest_subjects = { blue = [\"x\"], control = [\"x\"] }",
        "app.toml:3:44 experiment.test_subjects.control: this subject is given blue already"
      ),
    ])
  func wrong(text: String, expected: String) throws {
    _ = try? experiment(text)
    let found = try errors()
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("config/\(expected)") == true, "\(found)")
  }

  @Test("leave a program's own key alone while there are no overlays, unless it has weights")
  func ownKey() throws {
    try folder.write("config/app.toml", "experiment = \"mine\"\n")
    #expect(try loader().load("app").experiment == nil)
    try folder.write("config/app.toml", "[experiment]\nphase = 3\n")
    #expect(try loader().load("app").experiment == nil)
    try folder.write("config/app.toml", "[experiment.weights]\ncontrol = 1\nblue = 1\n")
    #expect(try errors().first?.contains("there is no such variant") == true)
  }

  @Test("cannot set the experiment themselves")
  func overlaySettings() throws {
    _ = try? experiment("[experiment.weights]\ncontrol = 1\n")
    try folder.write("config/app@blue.toml", "a = 1\n[experiment.weights]\nblue = 9\n")
    #expect(
      try errors() == [
        "config/app@blue.toml:2:2 experiment: belongs in the config, not in a variant's overlay"
      ])
  }
}
