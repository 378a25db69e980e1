import Foundation
import HotReloadTesting
import Testing

@testable import WorkspaceTools

@Suite("TOML, against Python's tomllib")
struct TOMLDifferentialTests {
  /// Compares our parser with the oracle; returns the documents on which they differ.
  private func disagreements(_ documents: [[UInt8]]) throws -> [String] {
    let answers = try TOMLOracle.answers(for: documents)
    var differing: [String] = []
    for (document, answer) in zip(documents, answers) where answer != "deep" {
      let ours: String
      do throws(ConfigParseError) {
        ours = TOMLOracle.canonical(try ConfigFormat.toml.parse(document, file: "a.toml"))
      } catch {
        ours = "error \(error)"
      }
      if ours.hasPrefix("error") && answer.hasPrefix("error") { continue }
      if ours != answer {
        let text = String(decoding: document, as: UTF8.self).debugDescription
        differing.append("\(text)\n  ours:    \(ours)\n  tomllib: \(answer)")
      }
    }
    return differing
  }

  @Test("Every hand-written document is read, or refused, as tomllib does it")
  func handWritten() throws {
    let documents = (TOMLDocuments.valid + TOMLDocuments.invalid).map { Array($0.utf8) }
    #expect(try disagreements(documents) == [])
    for document in TOMLDocuments.valid {
      #expect(throws: Never.self) {
        try ConfigFormat.toml.parse(Array(document.utf8), file: "a.toml")
      }
    }
    for document in TOMLDocuments.invalid {
      #expect(throws: ConfigParseError.self, "\(document)") {
        try ConfigFormat.toml.parse(Array(document.utf8), file: "a.toml")
      }
    }
  }

  @Test("Thousands of half-edited documents are read, or refused, as tomllib does it")
  func mutations() throws {
    let good = TOMLDocuments.valid.map { Array($0.utf8) }
    let corpus = good + TOMLDocuments.invalid.map { Array($0.utf8) }
    let count =
      ProcessInfo.processInfo.environment["HOTRELOAD_MUTATIONS"].flatMap { Int($0) } ?? 4000
    for seed in PropertySeeds(1) {
      var random = SeededGenerator(seed: seed)
      var documents: [[UInt8]] = []
      for _ in 0..<count {
        documents.append(
          DocumentMutations.mutate(
            good.randomElement(using: &random) ?? [], corpus: corpus,
            tokens: TOMLDocuments.tokens, random: &random))
      }
      let accepted = documents.filter { (try? ConfigFormat.toml.parse($0, file: "a")) != nil }
      // A batch that is all good or all bad would compare little.
      #expect(accepted.count > count / 10 && accepted.count < count * 9 / 10)
      let differing = try disagreements(documents)
      #expect(
        differing.isEmpty, "HOTRELOAD_SEED=\(seed): \(differing.prefix(5).joined(separator: "\n"))")
    }
  }
}
