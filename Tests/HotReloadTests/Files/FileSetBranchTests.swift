import SystemPackage
import Testing

@testable import HotReload

@Suite("Versions of a set of files")
struct FileSetBranchTests {
  private static func file(_ path: FilePath, _ text: String) -> FileSet.File {
    FileSet.File(path: path, bytes: Array(text.utf8))
  }

  @Test("tells its differences from a version before, after, beside it, and from a stranger")
  func differences() {
    let base = FileSet([Self.file("a", "1"), Self.file("b", "1")])
    let left = base.replacing(["a": Self.file("a", "2")])
    let right = base.replacing(["b": Self.file("b", "2"), "c": Self.file("c", "1")])
    let further = left.replacing(["a": nil])
    #expect(left.differences(from: base) == ["a"] && base.differences(from: left) == ["a"])
    #expect(left.differences(from: right) == ["a", "b", "c"])
    #expect(right.differences(from: further) == ["a", "b", "c"])
    #expect(further.differences(from: base) == ["a"] && base.differences(from: further) == ["a"])
    #expect(left.differences(from: FileSet([Self.file("a", "2")])) == ["b"])
    #expect(left != right && base == FileSet([Self.file("b", "1"), Self.file("a", "1")]))
    var many = base
    for number in 0..<200 { many = many.replacing(["a": Self.file("a", "\(number)")]) }
    #expect(many.differences(from: base) == ["a"])
  }

  @Test("leaves out the manifest that a build wrote, and not another file of that name")
  func builtManifest() {
    #expect(
      BuiltManifest.isOne("static/manifest.json", Array(" {\n \"hotreload-assets\": 1}".utf8)))
    for text in ["", "{", "{}", "[]", "{\"name\": \"hotreload-assets\"}", "\"hotreload-assets\""] {
      #expect(!BuiltManifest.isOne("static/manifest.json", Array(text.utf8)), "\(text)")
    }
    #expect(!BuiltManifest.isOne("static/manifest.txt", Array("{\"hotreload-assets\": 1}".utf8)))
  }
}
