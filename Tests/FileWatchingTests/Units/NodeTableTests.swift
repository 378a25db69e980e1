import HotReloadTesting
import Testing

@testable import FileWatching

@Suite("The tree of nodes")
struct NodeTableTests {
  private func path(_ nodes: borrowing NodeTable, _ id: NodeID) -> String {
    var bytes: [UInt8] = []
    nodes.appendPath(of: id, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("A node's path is made of the names above it")
  func paths() {
    var nodes = NodeTable()
    let a = Array("a".utf8).withUnsafeBytes { nodes.insert($0, below: .root) }
    let long = Array("a-longer-name.toml".utf8).withUnsafeBytes { nodes.insert($0, below: a) }
    let paths = [path(nodes, .root), path(nodes, a), path(nodes, long)]
    #expect(paths == ["", "a", "a/a-longer-name.toml"])
    let missing = Array("a".utf8).withUnsafeBytes { nodes.child(of: a, named: $0) }
    #expect(missing == .none)
  }

  @Test("Nodes and names that come and go are always those of a dictionary")
  func againstDictionary() {
    for seed in PropertySeeds(20) { againstDictionary(seed: seed) }
  }

  private func againstDictionary(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var nodes = NodeTable()
    var model: [String: NodeID] = [:]
    for _ in 0..<5_000 {
      let name = "n\(Int.random(in: 0..<400, using: &random))"
      let bytes = Array(name.utf8)
      let found = bytes.withUnsafeBytes { nodes.child(of: .root, named: $0) }
      #expect(found == model[name] ?? .none, "seed \(seed)")
      if let id = model[name] {
        if Bool.random(using: &random) {
          nodes.remove(id)
          let isUsed = nodes.isUsed(id)
          #expect(!isUsed)
          model[name] = nil
        }
      } else {
        model[name] = bytes.withUnsafeBytes { nodes.insert($0, below: .root) }
      }
    }
    let count = nodes.count
    #expect(count == model.count + 1)
    var children: Set<NodeID> = []
    nodes.forEachChild(of: .root) { _, child in children.insert(child) }
    #expect(children == Set(model.values), "seed \(seed)")
    for (name, id) in model {
      let path = path(nodes, id)
      #expect(path == name, "seed \(seed)")
    }
  }
}
