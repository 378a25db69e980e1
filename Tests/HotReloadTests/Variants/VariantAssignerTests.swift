import Foundation
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("The assignment of variants")
struct VariantAssignerTests {
  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Support/Variants")
  /// So many that a wrong share shows.
  private static let subjects = (0..<100_000).map { "user-\($0)" }

  private func assigner(
    _ weights: [String: Int], name: String = "checkout", salt: String? = nil,
    testSubjects: [String: String] = [:]
  ) -> VariantAssigner {
    VariantAssigner(
      ConfigExperiment(name: name, salt: salt, weights: weights, testSubjects: testSubjects),
      variants: weights.keys.filter { $0 != "control" })
  }

  private func counts(_ assigner: VariantAssigner) -> [String: Int] {
    Self.subjects.reduce(into: [:]) { $0[assigner.variant(for: $1), default: 0] += 1 }
  }

  // MARK: The same everywhere

  @Test("is that of the test vectors")
  func vectors() throws {
    let bytes = try Data(contentsOf: Self.folder.appending(path: "vectors.json"))
    let cases = try #require(
      try ConfigFormat.json.parse(Array(bytes), file: "vectors.json")["vectors"]?.array)
    #expect(cases.count == 192)
    for element in cases {
      let table = try #require(element.table)
      let weights = try #require(table["weights"]).decode([String: Int].self)
      let subject = try #require(table["subject"]?.string)
      let assigner = assigner(
        weights, name: try #require(table["experiment"]?.string), salt: table["salt"]?.string)
      let choice = assigner.choice(for: subject)
      #expect(UInt64(try #require(table["hash"]?.string), radix: 16) == choice.digest[0])
      #expect(assigner.variant(for: subject) == table["variant"]?.string, "\(element)")
    }
  }

  @Test("is what a program in another language finds too")
  func python() throws {
    let python = URL(filePath: "/usr/bin/python3")
    guard FileManager.default.isExecutableFile(atPath: python.path) else { return }
    let process = Process()
    process.executableURL = python
    process.arguments = ["assignment.py", "vectors.json"].map {
      Self.folder.appending(path: $0).path
    }
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(text == "192 vectors, 0 wrong\n")
  }

  @Test("tells a subject from one that looks alike and has other bytes")
  func bytes() {
    let assigner = assigner(["control": 1, "treatment": 1])
    let digests = ["\u{e9}", "e\u{301}", "E", "e", " e"].map { assigner.choice(for: $0).digest }
    #expect(Set(digests).count == digests.count)
  }

  @Test("goes by the logarithm of the number that is drawn")
  func rarity() {
    var number: UInt64 = 1
    for _ in 0..<10_000 {
      number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      // What the finalizer makes of it, as the definition says it.
      var mixed = (number ^ (number >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      mixed ^= mixed >> 31
      let expected = 64 - log2(Double(mixed | 1))
      let found = Double(VariantAssigner.rarity(number)) / 0x1p32
      #expect(abs(found - expected) < 1e-8)
      #expect(VariantAssigner.rarity(number) > 0)
    }
  }

  // MARK: Shares

  @Test(
    "gives each variant its share of the subjects",
    arguments: [
      ["control": 50, "treatment": 50], ["control": 99, "treatment": 1],
      ["control": 1, "a": 2, "b": 3, "c": 4], ["control": 999_999, "rare": 1_000],
      ["control": 0, "a": 1, "b": 1],
    ])
  func distribution(weights: [String: Int]) {
    let counts = counts(assigner(weights))
    let sum = Double(weights.values.reduce(0, +))
    for (name, weight) in weights {
      let share = Double(weight) / sum
      let expected = share * Double(Self.subjects.count)
      let sigma = (expected * (1 - share)).squareRoot()
      #expect(abs(Double(counts[name] ?? 0) - expected) <= 4 * sigma, "\(name)")
    }
  }

  @Test("of one experiment says nothing about that of another, or with another salt")
  func independence() {
    let weights = ["control": 50, "treatment": 50]
    let first = assigner(weights)
    for second in [assigner(weights, name: "other"), assigner(weights, salt: "again")] {
      let same = Self.subjects.count { first.variant(for: $0) == second.variant(for: $0) }
      let expected = Double(Self.subjects.count) / 2
      #expect(abs(Double(same) - expected) <= 4 * (expected / 2).squareRoot())
    }
  }

  @Test("does not change if all weights grow alike")
  func proportion() {
    let (small, large) = (
      assigner(["control": 3, "a": 1, "b": 1]), assigner(["control": 300, "a": 100, "b": 100])
    )
    #expect(
      Self.subjects.prefix(10_000).allSatisfy { small.variant(for: $0) == large.variant(for: $0) })
  }

  // MARK: Movement

  /// Who moved, by the two variants' names.
  private func moves(
    _ before: VariantAssigner, _ after: VariantAssigner
  ) -> [[String]: Int] {
    Self.subjects.reduce(into: [:]) { moves, subject in
      let (old, new) = (before.variant(for: subject), after.variant(for: subject))
      if old != new { moves[[old, new], default: 0] += 1 }
    }
  }

  @Test("moves subjects only to a variant whose weight alone grows, as many as its share grows")
  func growth() {
    let before = assigner(["control": 60, "a": 30, "b": 10])
    let after = assigner(["control": 60, "a": 60, "b": 10])
    let moves = moves(before, after)
    #expect(moves.keys.allSatisfy { $0[1] == "a" })
    // Whoever moved is who the share grew by: nobody left it.
    #expect(
      moves.values.reduce(0, +) == (counts(after)["a"] ?? 0) - (counts(before)["a"] ?? 0))
    let needed = (60.0 / 130 - 30.0 / 100) * Double(Self.subjects.count)
    #expect(abs(Double(moves.values.reduce(0, +)) - needed) <= 4 * needed.squareRoot())
  }

  @Test("moves subjects only away from a variant whose weight alone shrinks, all of them at 0")
  func shrinking() {
    let before = assigner(["control": 60, "a": 30, "b": 10])
    for weight in [29, 5, 0] {
      let moves = moves(before, assigner(["control": 60, "a": weight, "b": 10]))
      #expect(!moves.isEmpty && moves.keys.allSatisfy { $0[0] == "a" })
      if weight == 0 { #expect(moves.values.reduce(0, +) == counts(before)["a"]) }
    }
  }

  @Test("of two variants moves exactly the needed share, one way, however both weights change")
  func two() {
    let before = assigner(["control": 50, "treatment": 50])
    let after = assigner(["control": 20, "treatment": 80])
    let moves = moves(before, after)
    #expect(Array(moves.keys) == [["control", "treatment"]])
    let grown = (counts(after)["treatment"] ?? 0) - (counts(before)["treatment"] ?? 0)
    #expect(moves.values.reduce(0, +) == grown)
  }

  @Test("moves nobody to a variant whose weight shrank against the one left, if several change")
  func several() {
    let (old, new) = (
      ["control": 50, "a": 30, "b": 20], ["control": 40, "a": 40, "b": 20]
    )
    let moves = moves(assigner(old), assigner(new))
    for pair in moves.keys {
      #expect((new[pair[1]] ?? 0) * (old[pair[0]] ?? 0) > (new[pair[0]] ?? 0) * (old[pair[1]] ?? 0))
    }
    // The needed share is a tenth; no method without memory can promise less than 2δ / (1 + δ) for all changes.
    let bound = 2 * 0.1 / 1.1 * Double(Self.subjects.count)
    #expect(Double(moves.values.reduce(0, +)) <= bound)
  }

  @Test("of a variant that is added moves subjects to it only")
  func added() {
    let moves = moves(
      assigner(["control": 50, "a": 50]), assigner(["control": 50, "a": 50, "new": 25]))
    #expect(!moves.isEmpty && moves.keys.allSatisfy { $0[1] == "new" })
  }

  // MARK: Test subjects

  @Test("gives test subjects what they are to get, and tells them from the others")
  func testSubjects() {
    let assigner = assigner(
      ["control": 1, "treatment": 0], testSubjects: ["qa-1": "treatment", "qa-2": "control"])
    #expect(assigner.variant(for: "qa-1") == "treatment")
    #expect(
      assigner.choice(for: "qa-1").isTestSubject && assigner.choice(for: "qa-2").isTestSubject)
    #expect(assigner.variant(for: "qa-3") == "control")
    #expect(!assigner.choice(for: "qa-3").isTestSubject)
  }
}
