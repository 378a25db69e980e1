import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles
import WorkspaceTools

@Suite("Fingerprints of trees")
struct FingerprintTests {
  private func tree(_ text: String, _ format: ConfigFormat = .json) throws -> ConfigTree {
    try format.parse(Array(text.utf8), file: "x")
  }

  @Test("Positions, the order of keys and the format make no difference")
  func equal() throws {
    let json = try tree(#"{"b": [1, 2.5, "x"], "a": {"c": true, "d": null}}"#)
    let moved = try tree("{\n\n \"a\": {\"d\": null, \"c\": true},\n \"b\": [1, 2.5, \"x\"]}")
    let yaml = try tree("a:\n  c: true\n  d: null\nb: [1, 2.5, x]\n", .yaml)
    #expect(json.fingerprint == moved.fingerprint)
    #expect(json.fingerprint == yaml.fingerprint)
  }

  @Test("Texts that Swift takes for equal have one fingerprint, as keys too")
  func canonicalEquivalence() {
    let composed = ConfigTree(["caf\u{E9}": "\u{E9}"])
    let decomposed = ConfigTree(["cafe\u{301}": "e\u{301}"])
    #expect(composed == decomposed)
    #expect(composed.fingerprint == decomposed.fingerprint)
  }

  @Test("It is the same in every version of this package, as journals outlive them")
  func pinned() throws {
    // Worked out by a program of another language.
    #expect(try tree("{}").fingerprint.description == "095bd62f74635f190e5413f1c50cb617")
    #expect(
      try tree(#"{"a": [1, -0.0, "x", true, null]}"#).fingerprint.description
        == "2dcff2c01c8934b82f14731829d1e909")
  }

  @Test("Values of other types or shapes differ")
  func different() throws {
    let date = ConfigDate("1979-05-27")
    let trees: [ConfigTree] = [
      nil, true, false, 0, 1, -1, 1.0, 1.5, "", "1", "true", [], [nil], [[]], [1, 2], [2, 1],
      [[1], 2],
      ["12"], ["1", "2"], ConfigTree([:]), ConfigTree(["a": 1]), ConfigTree(["a": 2]),
      ConfigTree(["b": 1]), ConfigTree(["a": 1, "b": 1]), ConfigTree(["a": ["b": 1]].tree),
      ConfigTree(.float(.infinity)), ConfigTree(.float(.nan)), "1979-05-27",
      ConfigTree(.date(try #require(date))),
      ConfigTree(.date(try #require(ConfigDate("1979-05-27T00:00:00")))),
      ConfigTree(.date(try #require(ConfigDate("1979-05-27T00:00:00Z")))),
    ]
    #expect(Set(trees.map(\.fingerprint)).count == Set(trees).count)
    #expect(Set(trees).count == trees.count)
  }

  @Test("Equal trees have equal fingerprints, and no others", arguments: 0..<40)
  func random(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let trees = (0..<60).map { _ in Self.tree(depth: 2, &generator) }
    for left in trees {
      for right in trees { #expect((left == right) == (left.fingerprint == right.fingerprint)) }
    }
  }

  /// From so few values that equal ones come up.
  private static func tree(depth: Int, _ generator: inout SeededGenerator) -> ConfigTree {
    switch Int.random(in: 0..<(depth == 0 ? 7 : 10), using: &generator) {
    case 0: return nil
    case 1: return ConfigTree(.bool(Bool.random(using: &generator)))
    case 2: return ConfigTree(.integer(Int64.random(in: 0...1, using: &generator)))
    case 3:
      return ConfigTree(.float([0, -0.0, 1, .nan, -.nan].randomElement(using: &generator) ?? 0))
    case 4: return ConfigTree(.string(["", "0", "1"].randomElement(using: &generator) ?? ""))
    case 5:
      return ConfigTree(.string(["e\u{301}", "\u{E9}"].randomElement(using: &generator) ?? ""))
    case 6: return ConfigTree(.string("nil"), origin: .substituted)
    case 7: return ConfigTree(.array((0..<2).map { _ in tree(depth: depth - 1, &generator) }))
    default:
      var table = ConfigTable()
      for key in ["a", "b"].shuffled(using: &generator) {
        table[key] = tree(depth: depth - 1, &generator)
      }
      return ConfigTree(table)
    }
  }
}

extension [String: ConfigTable] {
  fileprivate var tree: ConfigTable {
    var table = ConfigTable()
    for (key, value) in self { table[key] = ConfigTree(value) }
    return table
  }
}
