import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles

@testable import HotReload

@Suite("Reading a set of files")
struct FileSetReaderTests {
  @Test("looks at everything when nobody knows what changed, however young the files are")
  func everything() throws {
    let space = try TemporaryWorkspace()
    try space.write("static/kept.txt", "kept")
    try space.write("static/gone.txt", "gone")
    let reader = FileSetReader(
      root: space.root, filter: try PathFilter(include: ["static/**"], exclude: []),
      belongs: { _ in true })
    for round in 0..<20 {
      // As long as before, and often within one tick of the file system's clock.
      try space.write("static/same-size.txt", "\(round % 10)")
      let set = try Self.set(reader.read(nil))
      #expect(set["static/same-size.txt"]?.bytes == Array("\(round % 10)".utf8))
      #expect(set["static/kept.txt"]?.bytes == Array("kept".utf8))
    }
    try space.remove("static/gone.txt")
    try space.write("static/new.txt", "new")
    let set = try Self.set(reader.read(nil))
    #expect(
      set.files.map(\.path.string).sorted() == [
        "static/kept.txt", "static/new.txt", "static/same-size.txt",
      ])
  }

  @Test("knows where a link leads, and leaves out what leads out of the root")
  func links() throws {
    let space = try TemporaryWorkspace()
    try space.write("root/real/a.txt", "a")
    try space.write("outside.txt", "outside")
    try space.symlink("root/static", to: "real")
    try space.symlink("root/real/out.txt", to: "../../outside.txt")
    let reader = FileSetReader(
      root: space.path("root"), filter: try PathFilter(include: ["static/**"], exclude: []),
      belongs: { _ in true })
    let set = try Self.set(reader.read(nil))
    #expect(set.files.map(\.path) == ["static/a.txt"])
    #expect(set["static/a.txt"]?.linkTarget == "real/a.txt")
  }

  private static func set(_ result: UnitLoadResult) throws -> FileSet {
    guard case .content(.set(let set)) = result else {
      Issue.record("\(result)")
      return FileSet()
    }
    return set
  }
}
