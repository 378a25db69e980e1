import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles
import WorkspaceTools

struct ServerConfig: Codable, Sendable, Equatable {
  struct Server: Codable, Sendable, Equatable {
    var host: String
    var port: Int
  }
  var server: Server
  var tags: [String]?
}

@Suite("Loading configs")
struct ConfigLoadTests {
  let folder: TemporaryWorkspace
  let workspace: Workspace

  init() throws {
    folder = try TemporaryWorkspace()
    workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
  }

  private func code(_ name: String, _ options: ConfigLoadOptions? = nil) -> ConfigError.Code? {
    #expect(throws: ConfigError.self) {
      try ConfigLoader(workspace: workspace, options: options).load(name)
    }?.code
  }

  private func error(_ name: String, _ options: ConfigLoadOptions? = nil) throws -> ConfigError {
    try #require(
      #expect(throws: ConfigError.self) {
        try ConfigLoader(workspace: workspace, options: options).load(name)
      })
  }

  @Test("Layers of three formats are merged: maps merge, arrays and scalars are replaced")
  func layers() async throws {
    try folder.write(
      "config/app.toml", "tags = [\"a\", \"b\"]\n[server]\nhost = \"base\"\nport = 80\n")
    try folder.write("config/app.production.yaml", "server:\n  port: 443\n")
    try folder.write("config/app.local.json", #"{"tags": ["c"]}"#)
    try folder.write("config/app.staging.toml", "this is = = not read")
    let config: ServerConfig = try await workspace.loadConfig("app")
    #expect(config == ServerConfig(server: .init(host: "base", port: 443), tags: ["c"]))
    let loaded = try ConfigLoader(workspace: workspace).load("app")
    #expect(loaded.layers.map(\.layer) == [.base, .environment("production"), .local])
    #expect(loaded.layers.map(\.format) == [.toml, .yaml, .json])
    #expect(loaded.layers[2].bytes == Array(#"{"tags": ["c"]}"#.utf8))
    #expect(loaded.layers[2].digest == ContentDigest(of: loaded.layers[2].bytes))
    #expect(loaded.tree["server.port"]?.location?.description == "config/app.production.yaml:2:9")
  }

  @Test(
    "Every format can be the base",
    arguments: [
      ("toml", "server = {host = \"h\", port = 1}"), ("yaml", "server: {host: h, port: 1}"),
      ("yml", "server:\n  host: h\n  port: 1"), ("json", #"{"server": {"host": "h", "port": 1}}"#),
    ])
  func formats(fileExtension: String, text: String) async throws {
    try folder.write(FilePath("config/sub/app.\(fileExtension)"), text)
    let config: ServerConfig = try await workspace.loadConfig("sub/app")
    #expect(config == ServerConfig(server: .init(host: "h", port: 1), tags: nil))
  }

  @Test("A file with a dot before its name at the root is the base while config/ has none")
  func fallback() throws {
    try folder.write(".app.toml", "from = \"root\"")
    try folder.write("config/app.production.toml", "more = 1")
    let loader = ConfigLoader(workspace: workspace)
    #expect(try loader.load("app").tree == ConfigTree(["from": "root", "more": 1]))
    try folder.write("config/app.json", #"{"from": "config"}"#)
    #expect(try loader.load("app").tree == ConfigTree(["from": "config", "more": 1]))
  }

  @Test("A missing config's error lists where it was looked for")
  func missing() throws {
    let error = try error("app")
    #expect(error.code == .missing)
    for path in [
      "config/app.toml", "config/app.yaml", "config/app.yml", "config/app.json", ".app.toml",
    ] {
      #expect(error.description.contains(path))
    }
  }

  @Test("An overlay without a base is a missing config, and the error names the overlay")
  func overlayAlone() throws {
    try folder.write("config/app.local.toml", "")
    let error = try error("app")
    #expect(error.code == .missing)
    #expect(error.description.contains("config/app.local.toml is an overlay"))
  }

  @Test("A base that is a link to nowhere is missing, and the error says so")
  func dangling() throws {
    try folder.symlink("config/app.toml", to: "nothing.toml")
    let error = try error("app")
    #expect(error.code == .missing)
    #expect(error.description.contains("leads nowhere"))
  }

  @Test("A missing root is told as such")
  func missingRoot() throws {
    let workspace = try Workspace(
      root: folder.path("gone"), environment: WorkspaceEnvironment(name: "x", variables: [:]))
    let error = #expect(throws: ConfigError.self) {
      try ConfigLoader(workspace: workspace).load("app")
    }
    #expect(error?.code == .missing)
    #expect(error?.description.contains("there is no folder") == true)
  }

  @Test("Two base files for one config are an error that names both")
  func duplicates() throws {
    try folder.write("config/app.toml", "")
    try folder.write("config/app.json", "{}")
    let error = try error("app")
    #expect(error.code == .duplicateBase(["config/app.toml", "config/app.json"]))
    #expect(error.description.contains("config/app.toml and config/app.json"))
  }

  @Test("Two files for one overlay are an error that names both")
  func duplicateOverlays() throws {
    try folder.write("config/app.toml", "")
    try folder.write("config/app.local.yml", "{}")
    try folder.write("config/app.local.yaml", "{}")
    #expect(
      code("app") == .duplicateOverlay(["config/app.local.yaml", "config/app.local.yml"]))
  }

  @Test("Syntax errors of all layers are told at once, each with its place")
  func syntax() throws {
    try folder.write("config/app.toml", "a = 1\nb = = 2\n")
    try folder.write("config/app.local.json", "{\n  \"a\": }")
    let error = try error("app")
    #expect(error.code == .parse)
    #expect(
      error.diagnostics.map { $0.location?.file } == ["config/app.toml", "config/app.local.json"])
    #expect(error.diagnostics.map { $0.location?.line } == [2, 2])
  }

  @Test("A value of the wrong type is told with file, line, column and key")
  func wrongType() async throws {
    try folder.write("config/app.toml", "[server]\nhost = \"h\"\nport = \"80a\"\n")
    let error = await #expect(throws: ConfigError.self) {
      try await workspace.loadConfig("app", as: ServerConfig.self)
    }
    #expect(error?.code == .decode)
    #expect(error?.diagnostics.first?.keyPath == "server.port")
    #expect(error?.description.hasPrefix("config/app.toml:3:8 server.port:") == true)
  }

  @Test(
    "A file over 16 MiB is refused by its size, without being read", arguments: ["json", "toml"])
  func tooLarge(fileExtension: String) throws {
    let path = FilePath("config/app.\(fileExtension)")
    try folder.write(path, bytes: [UInt8](repeating: 0x20, count: 17 * 1024 * 1024))
    let error = try error("app")
    #expect(error.code == .tooLarge)
    #expect(error.description.contains("17825792"))
    #expect(error.description.contains("\(16 * 1024 * 1024)"))
  }

  @Test("The size limit can be set, and a file of exactly that size is read")
  func sizeLimit() throws {
    try folder.write("config/app.toml", "a = 1")
    #expect(code("app", ConfigLoadOptions(maximumFileSize: 4)) == .tooLarge)
    let loader = ConfigLoader(workspace: workspace, options: ConfigLoadOptions(maximumFileSize: 5))
    #expect(try loader.load("app").tree["a"] == 1)
  }

  @Test("A file that is not UTF-8 is refused with the place", arguments: ["toml", "yaml", "json"])
  func notUTF8(fileExtension: String) throws {
    let path = FilePath("config/app.\(fileExtension)")
    try folder.write(path, bytes: Array("\n\"".utf8) + [0xFF, 0xFE] + Array("\"".utf8))
    let error = try error("app")
    #expect(error.code == .parse)
    #expect(error.diagnostics.first?.location?.file == path.string)
    #expect(error.description.contains("UTF-8"))
  }

  @Test("A folder with a config file's name is refused, not passed over")
  func folderAsFile() throws {
    try folder.makeDirectory("config/app.toml")
    let error = try error("app")
    #expect(error.code == .unreadable)
    #expect(error.description.contains("config/app.toml") && error.description.contains("folder"))
  }

  @Test("A cycle of links is refused, not followed")
  func linkCycle() throws {
    try folder.symlink("config/app.toml", to: "app.toml")
    #expect(code("app") == .unreadable)
  }

  @Test("A link that leads out of the root is refused unless asked for")
  func outside() throws {
    let outside = try TemporaryWorkspace()
    try outside.write("app.toml", "a = 1")
    try folder.symlink("config", to: outside.root)
    let error = try error("app")
    #expect(error.code == .outsideRoot)
    #expect(error.description.contains(outside.root.string))
    let loader = ConfigLoader(
      workspace: workspace, options: ConfigLoadOptions(allowsLinksOutOfRoot: true))
    #expect(try loader.load("app").tree["a"] == 1)
    #expect(try loader.names() == ["app"])
    #expect(try ConfigLoader(workspace: workspace).names() == [])
  }

  @Test("A workspace whose root is a link follows it when it is turned")
  func turnedRoot() throws {
    try folder.write("releases/1/config/app.toml", "a = 1")
    try folder.write("releases/2/config/app.toml", "a = 2")
    try folder.symlink("current", to: "releases/1")
    let loader = ConfigLoader(
      workspace: try Workspace(
        root: folder.path("current"), environment: workspace.environment))
    #expect(try loader.load("app").tree["a"] == 1)
    try folder.swapLink("current", to: "releases/2")
    #expect(try loader.load("app").tree["a"] == 2)
  }

  @Test("Several configs are laid over each other in the order given")
  func severalConfigs() async throws {
    try folder.write("config/base.toml", "tags = [\"a\"]\n[server]\nhost = \"h\"\nport = 1\n")
    try folder.write("config/region.yaml", "server: {port: 2}\n")
    try folder.write("config/region.production.yaml", "server: {port: 3}\n")
    let config: ServerConfig = try await workspace.loadConfig(layers: ["base", "region"])
    #expect(config == ServerConfig(server: .init(host: "h", port: 3), tags: ["a"]))
    let error = await #expect(throws: ConfigError.self) {
      try await workspace.loadConfig(layers: ["base", "nothing"], as: ServerConfig.self)
    }
    #expect(error?.code == .missing)
    let skipped = try await workspace.loadConfig(
      layers: ["base", "nothing"], as: ServerConfig.self, skippingMissing: true)
    #expect(skipped.server.port == 1)
    await #expect(throws: ConfigError.self) {
      try await workspace.loadConfig(
        layers: ["nothing"], as: ServerConfig.self, skippingMissing: true)
    }
    await #expect(throws: ConfigError.self) {
      try await workspace.loadConfig(layers: [], as: ServerConfig.self)
    }
  }

  @Test("One file is loaded by its path, without overlays")
  func byPath() async throws {
    try folder.write("fixtures/one.v1.json", #"{"server": {"host": "h", "port": 5}}"#)
    let config: ServerConfig = try await workspace.loadConfig(from: "fixtures/one.v1.json")
    #expect(config.server.port == 5)
  }

  @Test(
    "A path of an unknown format, or outside the root, is refused",
    arguments: [
      ("config/app.ini", ConfigError.Code.unknownFormat("ini")), ("config/app", .unknownFormat("")),
      ("../app.toml", .outsideRoot), ("/etc/app.toml", .outsideRoot),
    ])
  func badPath(path: String, code: ConfigError.Code) async throws {
    let error = await #expect(throws: ConfigError.self) {
      try await workspace.loadConfig(from: FilePath(path), as: ServerConfig.self)
    }
    #expect(error?.code == code)
  }

  @Test("An empty TOML file is an empty config; the tree is there without a type")
  func tree() async throws {
    try folder.write("config/app.toml", "")
    #expect(try await workspace.loadConfigTree("app") == ConfigTree(ConfigTable()))
    #expect(try await workspace.configNames() == ["app"])
  }
}
