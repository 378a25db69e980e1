import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@Suite("The workspace's root")
struct WorkspaceRootTests {
  let folder: TemporaryWorkspace

  init() throws {
    folder = try TemporaryWorkspace()
  }

  private func root(
    from start: FilePath, _ variables: [String: String] = [:]
  ) throws -> FilePath {
    try Workspace.resolve(variables: variables, from: folder.path(start)).root
  }

  @Test("WORKSPACE_PATH wins over every search")
  func variable() throws {
    try folder.write("project/Package.swift", "")
    try folder.makeDirectory("elsewhere")
    let named = folder.path("elsewhere")
    #expect(try root(from: "project", ["WORKSPACE_PATH": named.string]) == named)
    #expect(try root(from: "project", ["WORKSPACE_PATH": "../elsewhere"]) == named)
    #expect(try root(from: "project", ["WORKSPACE_PATH": ""]) == folder.path("project"))
  }

  @Test("A WORKSPACE_PATH that leads to no folder is an error that says so and what to do")
  func badVariable() throws {
    try folder.write("file", "")
    let missing = #expect(throws: WorkspaceError.self) {
      try root(from: "", ["WORKSPACE_PATH": folder.path("nowhere").string])
    }
    #expect(missing?.code == .rootMissing)
    #expect(missing?.description.contains("does not exist") == true)
    #expect(missing?.description.contains("WORKSPACE_PATH") == true)
    let file = #expect(throws: WorkspaceError.self) {
      try root(from: "", ["WORKSPACE_PATH": folder.path("file").string])
    }
    #expect(file?.description.contains("is not a folder") == true)
  }

  @Test(
    "The nearest folder upward with Package.swift or .workspace is the root",
    arguments: [
      "Package.swift", ".workspace",
    ])
  func marker(name: String) throws {
    try folder.write("outer/Package.swift", "")
    try folder.write("outer/.git/HEAD", "")
    try folder.write(FilePath("outer/inner/\(name)"), "")
    try folder.makeDirectory("outer/inner/a/b")
    #expect(try root(from: "outer/inner/a/b") == folder.path("outer/inner"))
    #expect(try root(from: "outer/inner") == folder.path("outer/inner"))
    #expect(try root(from: "outer") == folder.path("outer"))
  }

  @Test("A marker further up wins over a nearer git root")
  func markerBeforeGit() throws {
    try folder.write("project/.workspace", "")
    try folder.write("project/vendored/.git/HEAD", "")
    #expect(try root(from: "project/vendored") == folder.path("project"))
  }

  @Test("Without a marker the git root is the root, also where .git is a file")
  func git() throws {
    try folder.write("clone/.git/HEAD", "")
    try folder.makeDirectory("clone/a/b")
    #expect(try root(from: "clone/a/b") == folder.path("clone"))
    try folder.write("tree/.git", "gitdir: elsewhere")
    try folder.makeDirectory("tree/a")
    #expect(try root(from: "tree/a") == folder.path("tree"))
  }

  @Test("Without anything the current folder is the root")
  func nothing() throws {
    try folder.makeDirectory("a/b")
    #expect(try root(from: "a/b") == folder.path("a/b"))
  }

  @Test("A root that is a link keeps its name, so that a turned link turns the workspace")
  func link() throws {
    try folder.makeDirectory("releases/1")
    try folder.symlink("current", to: "releases/1")
    let workspace = try Workspace(
      root: folder.path("current"), environment: WorkspaceEnvironment(variables: [:]))
    #expect(workspace.root == folder.path("current"))
  }

  @Test("A root with .. in it is what the file system says, not what the text says")
  func parentOfLink() throws {
    try folder.makeDirectory("deep/down")
    try folder.symlink("link", to: "deep/down")
    let workspace = try Workspace(
      root: folder.path("link").appending(".."), environment: WorkspaceEnvironment(variables: [:]))
    #expect(workspace.root == folder.path("deep"))
  }
}

@Suite("The environment")
struct WorkspaceEnvironmentTests {
  @Test("Its name is that of the first variable that is set and not empty")
  func order() throws {
    var variables = ["ENV": "d"]
    #expect(try WorkspaceEnvironment(variables: variables).name == "d")
    variables["ENVIRONMENT"] = "c"
    #expect(try WorkspaceEnvironment(variables: variables).name == "c")
    variables["APP_ENV"] = "b"
    #expect(try WorkspaceEnvironment(variables: variables).name == "b")
    variables["WORKSPACE_ENV"] = ""
    #expect(try WorkspaceEnvironment(variables: variables).name == "b")
    variables["WORKSPACE_ENV"] = "a"
    #expect(try WorkspaceEnvironment(variables: variables).name == "a")
  }

  @Test("Without a variable it is development")
  func standard() throws {
    #expect(try WorkspaceEnvironment(variables: [:]).name == "development")
  }

  @Test("ENV is not a name where it is the path of a shell's startup file")
  func shellStartupFile() throws {
    #expect(try WorkspaceEnvironment(variables: ["ENV": "/root/.shrc"]).name == "development")
  }

  @Test(
    "A name that cannot be part of a file's name is refused, naming the variable",
    arguments: [
      "../prod", "a/b", "a.b", "a b", "-x", "ä", "a\nb", "a\0", String(repeating: "x", count: 65),
    ])
  func badName(name: String) throws {
    let error = #expect(throws: WorkspaceError.self) {
      try WorkspaceEnvironment(variables: ["APP_ENV": name])
    }
    #expect(error?.code == .invalidEnvironmentName)
    #expect(error?.description.contains("APP_ENV") == true)
    #expect(throws: WorkspaceError.self) { try WorkspaceEnvironment(name: name, variables: [:]) }
  }

  @Test("All required variables that are missing or empty are told at once, in the order asked for")
  func required() throws {
    let environment = try WorkspaceEnvironment(
      name: "test", variables: ["A": "1", "B": "", "D": "4"])
    #expect(try environment.require("A", "D") == ["A": "1", "D": "4"])
    let error = #expect(throws: WorkspaceError.self) {
      try environment.require("C", "A", "B", "C")
    }
    #expect(error?.code == .missingVariables(["C", "B"]))
    #expect(error?.description.contains("C, B") == true)
  }

  @Test("Its description does not show variables, which may be secrets")
  func description() throws {
    let environment = try WorkspaceEnvironment(name: "test", variables: ["TOKEN": "hunter2"])
    var dumped = ""
    dump(environment, to: &dumped)
    #expect(!"\(environment) \(String(reflecting: environment)) \(dumped)".contains("hunter2"))
    #expect(environment["TOKEN"] == "hunter2")
  }
}
