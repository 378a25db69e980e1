import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@Suite("Finding resources")
struct FindResourcesTests {
  let folder: TemporaryWorkspace
  let workspace: Workspace

  init() throws {
    folder = try TemporaryWorkspace()
    workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "test", variables: [:]))
  }

  @Test("Files that match are found, sorted by their bytes, folders are not")
  func sorted() async throws {
    for name: FilePath in [
      "t/b.html", "t/a.html", "t/B.html", "t/sub/c.html", "t/x.css", "o/d.html",
    ] {
      try folder.write(name, "")
    }
    try folder.makeDirectory("t/folder.html")
    #expect(
      try await workspace.findResources("t/**/*.html")
        == ["t/B.html", "t/a.html", "t/b.html", "t/sub/c.html"])
    #expect(try await workspace.findResources("t/*.css") == ["t/x.css"])
    #expect(try await workspace.findResources("nothing/**") == [])
  }

  @Test("An excluded folder excludes all below it")
  func excluded() async throws {
    try folder.write("t/keep/a", "")
    try folder.write("t/drop/deep/a", "")
    #expect(try await workspace.findResources("t/**", excluding: ["t/drop"]) == ["t/keep/a"])
  }

  @Test("Names of any bytes are found")
  func anyBytes() async throws {
    let name = FilePath(
      platformString: [0x74, 0x2F, -1, 0x0A, 0x20, 0x78, 0].map {
        CInterop.PlatformChar(truncatingIfNeeded: $0)
      })
    try folder.write(name, "")
    #expect(try await workspace.findResources("t/**") == [name])
  }

  @Test("Links inside the root are followed under their names, links out of it are not")
  func links() async throws {
    let outside = try TemporaryWorkspace()
    try outside.write("secret.txt", "")
    try folder.write("real/a.txt", "")
    try folder.symlink("t/file.txt", to: "../real/a.txt")
    try folder.symlink("t/folder", to: "../real")
    try folder.symlink("t/out", to: outside.root)
    try folder.symlink("t/out.txt", to: outside.path("secret.txt"))
    try folder.symlink("t/nowhere.txt", to: "nothing")
    #expect(
      try await workspace.findResources("t/**/*.txt") == ["t/file.txt", "t/folder/a.txt"])
  }

  @Test("A cycle of links ends")
  func cycle() async throws {
    try folder.write("t/a/x", "")
    try folder.symlink("t/a/up", to: "..")
    try folder.symlink("t/a/self", to: ".")
    try folder.symlink("t/b/other", to: "../c")
    try folder.symlink("t/c/other", to: "../b")
    #expect(try await workspace.findResources("t/**/x") == ["t/a/x"])
  }

  @Test("More files than the limit are an error that says what to do")
  func limit() async throws {
    for index in 0..<5 { try folder.write(FilePath("t/\(index)"), "") }
    #expect(try await workspace.findResources("t/*", limit: 5).count == 5)
    let error = await #expect(throws: WorkspaceError.self) {
      try await workspace.findResources("t/*", limit: 4)
    }
    #expect(error?.code == .tooManyFiles)
    #expect(error?.description.contains("more than 4") == true)
    #expect(error?.description.contains("narrower") == true)
  }

  @Test("A folder below which nothing can match is not even listed")
  func pruning() async throws {
    try folder.write("t/a.html", "")
    try folder.write("locked/x", "")
    try folder.setMode("locked", 0)
    defer { try? folder.setMode("locked", 0o755) }
    // Nobody but root may list it; for root, a folder deeper than any search goes tells the same.
    try folder.makeDirectory(deep(130, below: "trap"))
    #expect(try await workspace.findResources("t/*.html") == ["t/a.html"])
    await #expect(throws: WorkspaceError.self) { try await workspace.findResources("trap/**/x") }
  }

  private func deep(_ count: Int, below start: FilePath) -> FilePath {
    (0..<count).reduce(start) { path, _ in path.appending("d") }
  }

  @Test("A malformed glob is an error with its column")
  func malformed() async throws {
    let error = await #expect(throws: WorkspaceError.self) {
      try await workspace.findResources("t/[a")
    }
    #expect(error?.code == .invalidPattern)
    #expect(error?.description.contains("[a") == true)
  }

  @Test("A missing root is an error")
  func missingRoot() async throws {
    let missing = try Workspace(
      root: folder.path("nowhere"), environment: WorkspaceEnvironment(name: "test", variables: [:]))
    let error = await #expect(throws: WorkspaceError.self) { try await missing.findResources("**") }
    #expect(error?.code == .rootMissing)
  }
}
