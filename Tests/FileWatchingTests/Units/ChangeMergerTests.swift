import HotReloadTesting
import SystemPackage
import Testing

@testable import FileWatching

@Suite("Merging sets for a slow consumer")
struct ChangeMergerTests {
  private func merge(_ sets: [[FileChange]], maxChanges: Int = 100) -> ChangeSet {
    var merger = ChangeMerger(maxChanges: maxChanges)
    for (index, changes) in sets.enumerated() {
      merger.add(ChangeSet(number: UInt64(index + 1), changes: changes))
    }
    return merger.merged()
  }

  private func change(_ path: FilePath, _ kind: FileChange.Kind) -> FileChange {
    FileChange(path: path, kind: kind)
  }

  @Test("A file that came and went is not mentioned")
  func cameAndWent() {
    let set = merge([[change("a", .created)], [change("a", .modified)], [change("a", .deleted)]])
    #expect(set.changes.isEmpty)
    #expect(set.number == 3)
  }

  @Test("A file deleted and created again is modified")
  func replaced() {
    let set = merge([[change("a", .deleted)], [change("a", .created)]])
    #expect(set.changes == [change("a", .modified)])
  }

  @Test("A chain of renames is one rename from the first name to the last")
  func chain() {
    let set = merge([
      [change("b", .renamed(from: "a"))], [change("c", .renamed(from: "b"))],
      [change("c", .modified)],
    ])
    #expect(set.changes == [change("c", .renamed(from: "a"))])
  }

  @Test("A rename whose old name was taken again is two changes")
  func oldNameTaken() {
    let set = merge([[change("b", .renamed(from: "a"))], [change("a", .created)]])
    #expect(Set(set.changes) == [change("b", .created), change("a", .modified)])
  }

  @Test("A file renamed and then deleted is a deletion of its old name")
  func renamedThenDeleted() {
    let set = merge([[change("b", .renamed(from: "a"))], [change("b", .deleted)]])
    #expect(set.changes == [change("a", .deleted)])
  }

  @Test("More changes than the bound become a changed subtree")
  func collapse() {
    let many = (0..<11).map { change(FilePath("f\($0)"), .created) }
    let set = merge([many, [change("f1", .deleted)]], maxChanges: 10)
    #expect(set.changes == [change("", .subtreeChanged)])
  }

  @Test("A changed subtree swallows what lies in it, and keeps the other end of a rename out of it")
  func subtree() {
    let set = merge([
      [change("d/a", .created)], [change("d", .subtreeChanged)],
      [change("d/b", .renamed(from: "x")), change("y", .renamed(from: "d/c"))],
    ])
    #expect(
      Set(set.changes)
        == [change("d", .subtreeChanged), change("x", .deleted), change("y", .created)])
  }

  @Test("The merged set leads to the same view as the sets one by one")
  func sameView() {
    for seed in PropertySeeds(200) { sameView(seed: seed) }
  }

  private func sameView(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let names: [FilePath] = ["a", "b", "c", "d", "e"]
    let before = Set(names.filter { _ in Bool.random(using: &random) })
    var view = before
    var sets: [[FileChange]] = []
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      let name = names.randomElement(using: &random)!
      let other = names.randomElement(using: &random)!
      if view.contains(name) {
        if other != name, !view.contains(other), Bool.random(using: &random) {
          sets.append([change(other, .renamed(from: name))])
          view.remove(name)
          view.insert(other)
        } else if Bool.random(using: &random) {
          sets.append([change(name, .deleted)])
          view.remove(name)
        } else {
          sets.append([change(name, .modified)])
        }
      } else {
        sets.append([change(name, .created)])
        view.insert(name)
      }
    }
    var replayed = before
    for change in merge(sets).changes {
      switch change.kind {
      case .created: #expect(replayed.insert(change.path).inserted, "seed \(seed)")
      case .deleted: #expect(replayed.remove(change.path) != nil, "seed \(seed)")
      case .modified: #expect(replayed.contains(change.path), "seed \(seed)")
      case .renamed(let from):
        #expect(replayed.remove(from) != nil, "seed \(seed)")
        #expect(replayed.insert(change.path).inserted, "seed \(seed)")
      case .subtreeChanged: Issue.record("seed \(seed)")
      }
    }
    #expect(replayed == view, "seed \(seed)")
  }
}
