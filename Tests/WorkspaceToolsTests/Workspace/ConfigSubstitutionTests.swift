import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@Suite("Environment variables and ${} in loaded configs")
struct ConfigSubstitutionTests {
  let folder: TemporaryWorkspace

  init() throws {
    folder = try TemporaryWorkspace()
  }

  private func loader(
    _ variables: [String: String], environmentVariables: Bool = false, interpolation: Bool = false
  ) throws -> ConfigLoader {
    ConfigLoader(
      workspace: try Workspace(
        root: folder.root, environment: WorkspaceEnvironment(name: "test", variables: variables)),
      options: ConfigLoadOptions(
        environmentVariables: environmentVariables, interpolation: interpolation))
  }

  @Test("Variables are the top layer when asked for, and only then")
  func topLayer() throws {
    try folder.write("config/app.toml", "[server]\nhost = \"h\"\nport = 80\n")
    try folder.write("config/app.local.toml", "[server]\nport = 81\n")
    let variables = ["APP__SERVER__PORT": "8080", "OTHER__X": "1"]
    let with = try loader(variables, environmentVariables: true).load("app")
    #expect(with.tree["server.port"] == 8080)
    #expect(with.environmentVariables == ["APP__SERVER__PORT"])
    #expect(try with.decode(ServerConfig.self).server.port == 8080)
    let without = try loader(variables).load("app")
    #expect(without.tree["server.port"] == 81)
    #expect(without.environmentVariables == [])
  }

  @Test("A variable belongs to the config with the longest name that fits")
  func longestName() throws {
    try folder.write("config/sub.toml", "x = 1")
    try folder.write("config/sub/app.toml", "port = 1")
    let loader = try loader(["SUB__APP__PORT": "2"], environmentVariables: true)
    #expect(try loader.load("sub/app").tree["port"] == 2)
    #expect(try loader.load("sub").tree == ConfigTree(["x": 1]))
  }

  @Test("A variable of the wrong type is an error that names the variable")
  func wrongType() throws {
    try folder.write("config/app.toml", "port = 80")
    let error = #expect(throws: ConfigError.self) {
      try loader(["APP__PORT": "eighty"], environmentVariables: true).load("app")
    }
    #expect(error?.code == .substitution)
    #expect(error?.description.contains("APP__PORT") == true)
  }

  @Test("${} is replaced when asked for, from variables and files, and only then")
  func interpolation() throws {
    try folder.write("secret/key", "s3cret\n")
    try folder.write(
      "config/app.toml",
      "a = \"${USER_NAME}!\"\nb = \"${NOPE:-fallback}\"\nc = \"${file:secret/key}\"\nd = \"$${A}\"\n"
    )
    let with = try loader(["USER_NAME": "ann"], interpolation: true).load("app")
    #expect(with.tree == ConfigTree(["a": "ann!", "b": "fallback", "c": "s3cret", "d": "${A}"]))
    #expect(with.referencedFiles == [folder.path("secret/key")])
    #expect(with.layers[0].tree["a"] == "${USER_NAME}!")
    let without = try loader(["USER_NAME": "ann"]).load("app")
    #expect(without.tree["a"] == "${USER_NAME}!")
    #expect(without.referencedFiles == [])
  }

  @Test("What cannot be replaced is told with its place, unless a layer above replaced it")
  func missing() throws {
    try folder.write("config/app.toml", "x = 1\npassword = \"${PASSWORD}\"\n")
    let error = #expect(throws: ConfigError.self) {
      try loader([:], environmentVariables: true, interpolation: true).load("app")
    }
    #expect(error?.code == .substitution)
    #expect(error?.description.contains("config/app.toml:2:12 password") == true)
    #expect(error?.description.contains("PASSWORD") == true)
    let variables = try loader(
      ["APP__PASSWORD": "p${X}"], environmentVariables: true, interpolation: true)
    #expect(try variables.load("app").tree["password"] == "p${X}")
    try folder.write("config/app.local.toml", "password = \"q\"\n")
    #expect(try loader([:], interpolation: true).load("app").tree["password"] == "q")
  }

  @Test("The variables given by the options win over those of the workspace")
  func injected() throws {
    try folder.write("config/app.toml", "a = \"${NAME}\"")
    let workspace = try loader(["NAME": "process"]).workspace
    let options = ConfigLoadOptions(interpolation: true, processEnvironment: ["NAME": "given"])
    #expect(
      try ConfigLoader(workspace: workspace, options: options).load("app").tree["a"] == "given")
  }

  @Test("A type that merges itself gets the variables as a layer of its own")
  func merged() throws {
    struct Bag: Codable, Sendable, ConfigMerge {
      var total: Int?
      func merging(_ overlay: Bag) -> Bag { Bag(total: (total ?? 0) + (overlay.total ?? 0)) }
    }
    try folder.write("config/app.toml", "total = \"${START}\"")
    try folder.write("config/app.local.toml", "total = 10")
    let loaded = try loader(
      ["APP__TOTAL": "100", "START": "1"], environmentVariables: true, interpolation: true
    ).load("app")
    #expect(try loaded.decode(Bag.self).total == 111)
  }
}
