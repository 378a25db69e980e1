import HotReloadTesting
import SystemPackage
import Testing

@Suite("A temporary workspace")
struct TemporaryWorkspaceTests {
  @Test("Files are written, appended to, replaced, renamed and removed under the root")
  func files() throws {
    let workspace = try TemporaryWorkspace()
    try workspace.write("a/b/c.txt", "one")
    try workspace.append("a/b/c.txt", " two")
    #expect(try workspace.text("a/b/c.txt") == "one two")
    try workspace.write("a/b/c.txt", "3")
    #expect(try workspace.text("a/b/c.txt") == "3")
    try workspace.replace("a/b/c.txt", "four")
    #expect(try workspace.text("a/b/c.txt") == "four")
    try workspace.rename("a/b/c.txt", to: "d/e.txt")
    #expect(!workspace.exists("a/b/c.txt"))
    try workspace.symlink("d/link", to: "e.txt")
    #expect(try workspace.text("d/link") == "four")
    try workspace.hardLink("d/second", to: "d/e.txt")
    try workspace.remove("d/e.txt")
    #expect(workspace.exists("d/link"))
    #expect(try workspace.text("d/second") == "four")
    #expect(throws: TemporaryWorkspaceError.self) { try workspace.read("d/link") }
  }

  @Test("A published ConfigMap is read through links and its next version replaces it in one step")
  func configMap() throws {
    let workspace = try TemporaryWorkspace()
    try workspace.publishConfigMap(["a": "1", "b": "2"], in: "config", version: "v1")
    #expect(try workspace.text("config/a") == "1")
    try workspace.publishConfigMap(["a": "3", "c": "4"], in: "config", version: "v2")
    #expect(try workspace.text("config/a") == "3")
    #expect(try workspace.text("config/c") == "4")
    #expect(!workspace.exists("config/b"))
    #expect(!workspace.exists("config/..v1"))
  }

  @Test("The folder is removed with the last reference, folders without permissions included")
  func removal() throws {
    var workspace: TemporaryWorkspace? = try TemporaryWorkspace()
    let root = try #require(workspace?.root)
    try workspace?.write("locked/file", "x")
    try workspace?.setMode("locked", 0)
    let outside = try TemporaryWorkspace()
    try outside.write("kept", "x")
    try workspace?.symlink("out", to: outside.root)
    workspace = nil
    #expect(!outside.exists(root))
    #expect(outside.exists("kept"))
  }
}
