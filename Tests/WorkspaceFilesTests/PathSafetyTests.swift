import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles

@Suite("Path safety") struct PathSafetyTests {
  let space: TemporaryWorkspace
  let safety: PathSafety

  init() throws {
    space = try TemporaryWorkspace()
    try space.write("root/a/b.txt", "inside")
    try space.write("secret/key", "outside")
    try space.write("root-secret/key", "outside")
    safety = PathSafety(root: space.path("root"))
  }

  private func reason(_ path: FilePath, _ safety: PathSafety? = nil) -> PathSafetyError.Reason? {
    do {
      _ = try (safety ?? self.safety).resolve(path)
      return nil
    } catch {
      #expect(error.path == path || path.isEmpty)
      #expect(error.description.contains(": "))
      return error.reason
    }
  }

  @Test("A path below the root leads to itself, there or not")
  func plain() throws {
    for name in ["a/b.txt", "a/new.txt", "new/folder/file", "a..b", "...", "a/b.txt/below"] {
      #expect(try safety.resolve(name) == space.path("root").appending(FilePath(name).components))
    }
    #expect(try safety.resolve("./a/./b.txt") == space.path("root/a/b.txt"))
    #expect(try safety.resolve(".") == space.path("root"))
  }

  @Test("Absolute paths, \"..\", NUL and nothing are refused")
  func form() throws {
    #expect(reason("") == .empty)
    #expect(reason("/etc/passwd") == .absolute)
    for path in ["..", "../secret/key", "a/../a/b.txt", "a/..", "../root/a/b.txt"] as [FilePath] {
      #expect(reason(path) == .hasParentComponent, "\(path)")
    }
    let error = #expect(throws: PathSafetyError.self) { try safety.resolve("a/b.txt\0.css") }
    #expect(error?.reason == .hasNUL)
  }

  @Test("Links that stay inside are followed, also by a way outside")
  func linksInside() throws {
    try space.symlink("root/file", to: "a/b.txt")
    try space.symlink("root/folder", to: space.path("root/a"))
    try space.symlink("root/a/up", to: "../a/b.txt")
    try space.symlink("root/around", to: "../secret/../root/a")
    let inside = space.path("root/a/b.txt")
    #expect(try safety.resolve("file") == inside)
    #expect(try safety.resolve("folder/b.txt") == inside)
    #expect(try safety.resolve("a/up") == inside)
    #expect(try safety.resolve("around/b.txt") == inside)
  }

  @Test("Links that lead outside are refused, also to nothing, unless they are allowed")
  func linksOutside() throws {
    let outside = space.path("secret/key")
    try space.symlink("root/absolute", to: outside)
    try space.symlink("root/relative", to: "../secret/key")
    try space.symlink("root/folder", to: "../secret")
    try space.symlink("root/prefix", to: "../root-secret/key")
    try space.symlink("root/chain", to: "a/chain")
    try space.symlink("root/a/chain", to: "../folder/key")
    try space.symlink("root/dangling", to: "../secret/new")
    try space.symlink("root/far", to: "../../../../../../../../../../../../etc/passwd")
    let open = PathSafety(root: space.path("root"), allowingLinksOutside: true)
    for name in ["absolute", "relative", "folder/key", "chain"] as [FilePath] {
      #expect(reason(name) == .leavesRoot(to: outside), "\(name)")
      #expect(try open.resolve(name) == outside)
    }
    #expect(reason("prefix") == .leavesRoot(to: space.path("root-secret/key")))
    #expect(reason("dangling") == .leavesRoot(to: space.path("secret/new")))
    #expect(reason("far") == .leavesRoot(to: "/etc/passwd"))
    #expect(reason("../secret/key", open) == .hasParentComponent)
    #expect(reason("/etc/passwd", open) == .absolute)
  }

  @Test("Links in a circle and chains of more than 40 links end with an error")
  func circle() throws {
    try space.symlink("root/x", to: "y")
    try space.symlink("root/y", to: "x")
    #expect(reason("x") == .unreadable(errno: .tooManySymbolicLinkLevels))
    for index in 0..<41 {
      let target = index == 0 ? "a/b.txt" : "link\(index - 1)"
      try space.symlink(FilePath("root/link\(index)"), to: FilePath(target))
    }
    #expect(try safety.resolve("link39") == space.path("root/a/b.txt"))
    #expect(reason("link40") == .unreadable(errno: .tooManySymbolicLinkLevels))
  }

  @Test("The root may be a link itself; a root that is missing is an error")
  func rootIsLink() throws {
    try space.symlink("current", to: "root")
    let linked = PathSafety(root: space.path("current"))
    #expect(try linked.resolve("a/b.txt") == space.path("root/a/b.txt"))
    let missing = PathSafety(root: space.path("none"))
    let error = #expect(throws: PathSafetyError.self) { try missing.resolve("a") }
    #expect(error?.reason == .unreadable(errno: .noSuchFileOrDirectory))
  }

  @Test("Reading below the root has the path as given and where it led")
  func reading() throws {
    try space.symlink("root/link", to: "a")
    try space.symlink("root/out", to: "../secret")
    let file = try safety.readStably("link/b.txt", limit: 100)
    #expect(file.path == "link/b.txt")
    #expect(file.resolvedPath == space.path("root/a/b.txt"))
    #expect(file.bytes == Array("inside".utf8))
    #expect(throws: PathSafetyError.self) { try safety.readStably("out/key", limit: 100) }
    #expect(throws: StableReadError.self) { try safety.readStably("none", limit: 100) }
  }

  @Test(
    "What cannot be read outside the root is refused for where it is",
    arguments: ["../secret", "../root-secret/key", "../nothing"])
  func unreadableOutside(_ target: FilePath) throws {
    try space.symlink("root/out", to: target)
    #expect(throws: PathSafetyError.self) { try safety.readStably("out", limit: 1) }
  }

  @Test("Names that are not UTF-8 are followed byte by byte")
  func invalidName() throws {
    let name = FilePath(platformString: [CChar(bitPattern: 0xC3), CChar(bitPattern: 0x28), 0])
    try space.write(space.path("root").pushing(name), "x")
    #expect(try safety.resolve(name) == space.path("root").pushing(name))
    try space.symlink("root/link", to: name)
    #expect(try safety.readStably("link", limit: 1).bytes == [0x78])
  }
}
