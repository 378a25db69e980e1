import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@Suite("Names of configs")
struct ConfigNamesTests {
  let folder: TemporaryWorkspace

  init() throws {
    folder = try TemporaryWorkspace()
  }

  private func loader(_ environment: String = "production") throws -> ConfigLoader {
    ConfigLoader(
      workspace: try Workspace(
        root: folder.root, environment: WorkspaceEnvironment(name: environment, variables: [:])))
  }

  @Test("A config may come from every layer in every format, in the order they are merged")
  func candidates() throws {
    let paths = try loader().candidates(for: "app").map(\.path.string)
    #expect(
      paths == [
        ".app.toml", ".app.yaml", ".app.yml", ".app.json",
        "config/app.toml", "config/app.yaml", "config/app.yml", "config/app.json",
        "config/app.production.toml", "config/app.production.yaml", "config/app.production.yml",
        "config/app.production.json",
        "config/app.local.toml", "config/app.local.yaml", "config/app.local.yml",
        "config/app.local.json",
      ])
  }

  @Test("A config in a folder has its files in that folder, and no fallback at the root")
  func nestedCandidates() throws {
    let paths = try loader().candidates(for: "sub/app").map(\.path.string)
    #expect(paths.count == 12)
    #expect(paths.allSatisfy { $0.hasPrefix("config/sub/app.") })
  }

  @Test("In an environment called local the local layer is the environment's")
  func localEnvironment() throws {
    let loader = try loader("local")
    #expect(loader.candidates(for: "app").count == 12)
    #expect(loader.configName(of: "config/app.local.toml")?.layer == .local)
  }

  @Test(
    "A file's config and layer are told from its path",
    arguments: [
      ("config/app.toml", "app", ConfigLayer.base),
      ("config/app.json", "app", .base),
      ("config/sub/deep/app.yml", "sub/deep/app", .base),
      ("config/database.production.yaml", "database", .environment("production")),
      ("config/app.local.toml", "app", .local),
      ("config/app@blue.toml", "app", .variant("blue")),
      (".app.toml", "app", .base),
    ])
  func configName(path: String, name: String, layer: ConfigLayer) throws {
    let found = try loader().configName(of: FilePath(path))
    #expect(found?.name == name)
    #expect(found?.layer == layer)
  }

  @Test(
    "What is no config file of this environment belongs to no config",
    arguments: [
      "config/app.staging.toml", "config/app.v1.production.toml", "config/app.ini", "config/app",
      "config/.app.toml", "config/..data/app.toml", "config/.git/app.toml", "other/app.toml",
      "app.toml", ".app.production.toml", ".toml", ".app@blue.toml", "/config/app.toml",
      "config/../config/app.toml", "config/app..toml", "config/app.toml.tmp",
    ])
  func noConfig(path: String) throws {
    #expect(try loader().configName(of: FilePath(path)) == nil)
  }

  @Test("The name of a config is found from a file of any environment")
  func extract() throws {
    let workspace = try loader().workspace
    #expect(workspace.extractConfigName(from: "config/database.production.yaml") == "database")
    #expect(workspace.extractConfigName(from: "config/database.staging.yaml") == "database")
    #expect(workspace.extractConfigName(from: folder.path("config/sub/app.toml")) == "sub/app")
    #expect(workspace.extractConfigName(from: "templates/page.html") == nil)
    #expect(workspace.extractConfigName(from: "/elsewhere/config/app.toml") == nil)
  }

  @Test(
    "Names that could leave the folder or mean two things are refused with the reason",
    arguments: [
      ("", "empty"), ("../x", ".."), ("a/../b", ".."), (".", "\".\""), ("/a", "begins"),
      ("a/", "ends"),
      ("a//b", "two in a row"), ("a.b", "dot"), ("a\0b", "control"), ("a\\b", "backslash"),
      ("a@b", "variants"), (String(repeating: "a", count: 201), "bytes long"),
    ])
  func refused(name: String, reason: String) throws {
    let error = #expect(throws: ConfigError.self) { try loader().load(name) }
    #expect(error?.code == .invalidName)
    #expect(error?.description.contains(reason) == true)
    #expect(try loader().candidates(for: name).isEmpty)
  }

  @Test("A name with an extension is refused, with the name that was meant")
  func withExtension() throws {
    let known = #expect(throws: ConfigError.self) { try loader().load("app.production.toml") }
    #expect(known?.description.contains("\"app\"") == true)
    let unknown = #expect(throws: ConfigError.self) { try loader().load("app.ini") }
    #expect(unknown?.description.contains("toml, yaml, yml, json") == true)
  }

  @Test("Every config is listed once, also one that has only an overlay")
  func names() throws {
    for path: FilePath in [
      "config/app.toml", "config/app.production.json", "config/app.local.yaml",
      "config/sub/db.yml", "config/only.production.toml", "config/other.staging.toml",
      "config/notes.txt", "config/.hidden.toml", "config/.git/x.toml", ".tool.toml",
    ] {
      try folder.write(path, "")
    }
    #expect(try loader().names() == ["app", "only", "sub/db"])
  }

  @Test("A workspace without config/ has no configs")
  func noFolder() throws {
    #expect(try loader().names() == [])
  }

  @Test("Configs that are laid out as Kubernetes does are listed once")
  func kubernetesNames() throws {
    try folder.publishConfigMap(["app.toml": "", "db.yaml": "{}"], in: "config", version: "v1")
    #expect(try loader().names() == ["app", "db"])
  }
}
