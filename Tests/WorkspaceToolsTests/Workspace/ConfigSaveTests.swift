import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@Suite("Saving configs")
struct ConfigSaveTests {
  let folder: TemporaryWorkspace
  let workspace: Workspace
  let config = ServerConfig(server: .init(host: "saved", port: 99), tags: ["x"])

  init() throws {
    folder = try TemporaryWorkspace()
    workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
  }

  @Test("A new config is TOML, in a folder that is made, and is read back as it was")
  func new() async throws {
    #expect(try await workspace.saveConfig(config, to: "sub/app") == "config/sub/app.toml")
    #expect(try await workspace.loadConfig("sub/app") == config)
  }

  @Test("A new config has the format asked for", arguments: ConfigFormat.allCases)
  func newFormat(format: ConfigFormat) async throws {
    let path = try await workspace.saveConfig(config, to: "app", format: format)
    #expect(path.extension == format.fileExtensions.first)
    #expect(try await workspace.loadConfig("app") == config)
  }

  @Test(
    "The file that is there keeps its format and its name",
    arguments: ["json", "yml", "yaml", "toml"])
  func keepsFormat(fileExtension: String) async throws {
    let path = FilePath("config/app.\(fileExtension)")
    try folder.write(path, fileExtension == "toml" ? "" : "{}")
    #expect(try await workspace.saveConfig(config, to: "app") == path)
    #expect(try await workspace.loadConfig("app") == config)
  }

  @Test("The base at the root is written where it is")
  func keepsFallback() async throws {
    try folder.write(".app.json", "{}")
    #expect(try await workspace.saveConfig(config, to: "app") == ".app.json")
    #expect(!folder.exists("config"))
  }

  @Test("An overlay is saved beside its base, in its format")
  func overlay() async throws {
    try folder.write("config/app.yaml", "server: {host: base, port: 1}")
    let local = try await workspace.saveConfig(config, to: "app", layer: .local)
    #expect(local == "config/app.local.yaml")
    let staging = try await workspace.saveConfig(
      config, to: "app", layer: .environment("staging"))
    #expect(staging == "config/app.staging.yaml")
    #expect(try await workspace.loadConfig("app") == config)
    #expect(try folder.text("config/app.yaml") == "server: {host: base, port: 1}")
  }

  @Test(
    "Another format than that of the file that is there would make a second base, and is refused")
  func formatConflict() async throws {
    try folder.write("config/app.json", "{}")
    let error = await #expect(throws: ConfigError.self) {
      try await workspace.saveConfig(config, to: "app", format: .toml)
    }
    #expect(error?.code == .unwritable)
    #expect(error?.description.contains("config/app.json") == true)
    #expect(!folder.exists("config/app.toml"))
  }

  @Test("Saving over two bases is refused, naming both")
  func duplicates() async throws {
    try folder.write("config/app.json", "{}")
    try folder.write("config/app.toml", "")
    let error = await #expect(throws: ConfigError.self) {
      try await workspace.saveConfig(config, to: "app")
    }
    #expect(error?.code == .duplicateBase(["config/app.toml", "config/app.json"]))
  }

  @Test("A link inside the root is written through and stays a link")
  func throughLink() async throws {
    try folder.write("real/app.json", "{}")
    try folder.symlink("config/app.json", to: "../real/app.json")
    try await workspace.saveConfig(config, to: "app")
    #expect(try folder.text("real/app.json").contains("saved"))
    try folder.write("real/app.json", "{}")
    #expect(try folder.text("config/app.json") == "{}")
  }

  @Test("A link that leads out of the root is not written through")
  func outOfRoot() async throws {
    let outside = try TemporaryWorkspace()
    try outside.write("app.json", "{}")
    try folder.symlink("config/app.json", to: outside.path("app.json"))
    try folder.symlink("config/out", to: outside.root)
    try folder.symlink("config/nowhere", to: outside.path("new"))
    for name in ["app", "out/new", "out/deep/new"] {
      let error = await #expect(throws: ConfigError.self) {
        try await workspace.saveConfig(config, to: name)
      }
      #expect(error?.code == .outsideRoot, "\(name)")
    }
    await #expect(throws: ConfigError.self) {
      try await workspace.saveConfig(config, to: "nowhere/new")
    }
    #expect(try outside.text("app.json") == "{}")
    #expect(!outside.exists("new") && !outside.exists("deep") && !outside.exists("new.toml"))
  }

  @Test("A value that says itself that it makes no sense is not saved")
  func invalid() async throws {
    struct Never5: Codable, Sendable, ValidatedConfig {
      var number: Int
      func validate() throws {
        if number == 5 { throw ConfigProblems("number", "must not be 5") }
      }
    }
    try await workspace.saveConfig(Never5(number: 4), to: "app")
    let error = await #expect(throws: ConfigError.self) {
      try await workspace.saveConfig(Never5(number: 5), to: "app")
    }
    #expect(error?.code == .validation)
    #expect(try folder.text("config/app.toml").contains("4"))
  }

  @Test("Names and layers that could leave the folder are refused")
  func names() async throws {
    for name in ["../x", "", "a//b", "a.toml"] {
      let error = await #expect(throws: ConfigError.self) {
        try await workspace.saveConfig(config, to: name)
      }
      #expect(error?.code == .invalidName)
    }
    let error = await #expect(throws: ConfigError.self) {
      try await workspace.saveConfig(config, to: "app", layer: .environment("../x"))
    }
    #expect(error?.code == .invalidName)
  }
}
