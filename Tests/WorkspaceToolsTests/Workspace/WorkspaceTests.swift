import HotReloadTesting
import Synchronization
import SystemPackage
import Testing
import WorkspaceTools

@Suite("A workspace")
struct WorkspaceTests {
  let folder: TemporaryWorkspace
  let workspace: Workspace

  init() throws {
    folder = try TemporaryWorkspace()
    workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "test", variables: [:]))
  }

  @Test("The standard folders are below the root, and made where they are missing")
  func standardDirectories() async throws {
    try folder.makeDirectory("logs")
    let made = try await workspace.createStandardDirectories()
    #expect(Set(made) == [.config, .templates, .static, .data, .docs, .tests, .secret])
    #expect(workspace.configDirectory == folder.path("config"))
    #expect(workspace.secretDirectory == folder.path("secret"))
    for directory in made { #expect(folder.exists(FilePath(directory.rawValue))) }
    #expect(try await workspace.createStandardDirectories() == [])
  }

  @Test("static/ is not made beside assets/")
  func assets() async throws {
    try folder.makeDirectory("assets")
    #expect(!(try await workspace.createStandardDirectories()).contains(.static))
    #expect(!folder.exists("static"))
  }

  @Test("A standard folder whose name is taken by a file is an error that names it")
  func takenDirectory() async throws {
    try folder.write("config", "a file")
    let error = await #expect(throws: WorkspaceError.self) {
      try await workspace.createStandardDirectories()
    }
    #expect(error?.description.contains("config") == true)
  }

  private enum Counter: WorkspaceSharedKey { typealias Value = Box }
  private enum Other: WorkspaceSharedKey { typealias Value = Box }
  private final class Box: Sendable { let value = Atomic(0) }

  @Test("What is shared is made once for all copies, whichever thread asks first")
  func shared() async throws {
    let made = Box()
    let workspace = workspace
    #expect(workspace.shared(Counter.self) == nil)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<50 {
        group.addTask {
          let copy = workspace
          let box = copy.shared(Counter.self) {
            made.value.add(1, ordering: .relaxed)
            return Box()
          }
          box.value.add(1, ordering: .relaxed)
        }
      }
    }
    #expect(made.value.load(ordering: .relaxed) == 1)
    #expect(workspace.shared(Counter.self)?.value.load(ordering: .relaxed) == 50)
    #expect(workspace.shared(Other.self) == nil)
    #expect(workspace.removeShared(Counter.self) != nil)
    #expect(workspace.shared(Counter.self) == nil)
    #expect(workspace.with(environment: workspace.environment).shared(Counter.self) == nil)
  }

  @Test("A value whose creation throws is not kept")
  func sharedThrows() throws {
    struct Refused: Error {}
    #expect(throws: Refused.self) {
      try workspace.shared(Counter.self) { throw Refused() }
    }
    #expect(workspace.shared(Counter.self) == nil)
  }

  @Test("A path inside the root is joined to it, whether it exists or not")
  func insidePath() throws {
    try folder.write("a/b", "")
    try folder.symlink("link", to: "a")
    #expect(try workspace.path("a/b") == folder.path("a/b"))
    #expect(try workspace.path("new/file") == folder.path("new/file"))
    #expect(try workspace.path("link/b") == folder.path("link/b"))
  }

  @Test("A path that leaves the root by .., a link or a leading slash is refused, unless asked for")
  func outsidePath() throws {
    let outside = try TemporaryWorkspace()
    try outside.write("x", "")
    try folder.symlink("link", to: outside.root)
    try folder.symlink("file", to: outside.path("x"))
    for path: FilePath in ["../x", "a/../../x", "/etc/passwd", "link/x", "link/new", "file"] {
      let error = #expect(throws: WorkspaceError.self) { try workspace.path(path) }
      #expect(error?.code == .outsideRoot, "\(path)")
    }
    #expect(try workspace.path("link/x", allowingOutside: true) == folder.path("link/x"))
    #expect(try workspace.path("/etc/passwd", allowingOutside: true) == "/etc/passwd")
  }
}
