import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles

@testable import HotReload

@Suite("A set of files")
struct FileSetTests {
  private static func file(_ path: FilePath, _ text: String) -> FileSet.File {
    FileSet.File(path: path, bytes: Array(text.utf8))
  }

  @Test("is equal to one of the same paths and contents, however it came about")
  func equality() {
    let made = FileSet([Self.file("a", "1"), Self.file("b", "2")])
    let grown = FileSet([Self.file("a", "0")])
      .replacing(["a": Self.file("a", "1"), "b": Self.file("b", "2"), "c": Self.file("c", "3")])
      .replacing(["c": nil])
    #expect(made == grown)
    #expect(made.fingerprint == grown.fingerprint)
    #expect(made != made.replacing(["a": Self.file("a", "2")]))
    #expect(made != FileSet([Self.file("a", "1"), Self.file("c", "2")]))
  }

  @Test("names the paths that were added, removed or changed, in both directions")
  func differences() {
    let old = FileSet([Self.file("a", "1"), Self.file("b", "2")])
    let new = old.replacing(["a": Self.file("a", "9"), "c": Self.file("c", "3")])
      .replacing(["b": nil])
    #expect(new.differences(from: old) == ["a", "b", "c"])
    #expect(old.differences(from: new) == ["a", "b", "c"])
    #expect(new.replacing(["a": Self.file("a", "1")]).differences(from: old) == ["b", "c"])
    #expect(new.differences(from: FileSet()) == ["a", "c"])
  }

  @Test("agrees with a plain dictionary on random edits")
  func model() {
    for seed in PropertySeeds(50) { model(seed) }
  }

  private func model(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var model: [FilePath: String] = [:]
    var set = FileSet()
    var versions: [(FileSet, [FilePath: String])] = [(set, model)]
    // Some more steps than are remembered, so that both ways to compare are gone.
    for _ in 0..<(FileSet.maximumSteps + 20) {
      var update: [FilePath: FileSet.File?] = [:]
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let path = FilePath("f\(Int.random(in: 0..<12, using: &random))")
        if Int.random(in: 0..<4, using: &random) == 0 {
          update[path] = .some(nil)
          model[path] = nil
        } else {
          let text = "\(Int.random(in: 0..<3, using: &random))"
          update[path] = Self.file(path, text)
          model[path] = text
        }
      }
      set = set.replacing(update)
      versions.append((set, model))
      #expect(set.count == model.count, "seed \(seed)")
      guard let (old, oldModel) = versions.randomElement(using: &random) else { return }
      let paths = Set(model.keys).union(oldModel.keys)
      #expect(
        set.differences(from: old) == paths.filter { model[$0] != oldModel[$0] }, "seed \(seed)")
      #expect((set == old) == (model == oldModel), "seed \(seed)")
    }
  }
}
