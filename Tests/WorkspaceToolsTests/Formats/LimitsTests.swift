import Foundation
import HotReloadTesting
import Testing

@testable import WorkspaceTools

@Suite("Hostile documents", .serialized)
struct LimitsTests {
  /// The error of a document, which must come within the time that the package promises. Debug
  /// builds on a busy machine get more.
  private func refusal(
    _ format: ConfigFormat, _ bytes: [UInt8],
    sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) -> String {
    let clock = ContinuousClock()
    var message = ""
    let duration = clock.measure {
      do throws(ConfigParseError) {
        _ = try format.parse(bytes, file: "a")
        message = "accepted"
      } catch {
        message = error.description
      }
    }
    #expect(duration < .seconds(5), sourceLocation: sourceLocation)
    return message
  }

  private func repeated(_ text: String, _ count: Int) -> String {
    String(repeating: text, count: count)
  }

  @Test("10,000-deep nesting is refused in every format and shape")
  func nesting() {
    let depth = 10_000
    let documents: [(ConfigFormat, String)] = [
      (.json, repeated("{\"a\":", depth)), (.json, "{\"a\":" + repeated("[", depth)),
      (.toml, "a = " + repeated("[", depth)), (.toml, "a = " + repeated("{a = ", depth)),
      (.toml, "a = " + repeated("[{a=", depth)), (.toml, "[a" + repeated(".a", depth) + "]"),
      (.yaml, "a: " + repeated("[", depth)), (.yaml, repeated("{a: ", depth)),
      (.yaml, "a:\n" + repeated("- ", depth) + "x"), (.yaml, repeated("? ", depth) + "x"),
      (.yaml, (0..<depth / 5).map { repeated(" ", $0) + "a:\n" }.joined()),
    ]
    for (format, text) in documents {
      let message = refusal(format, Array(text.utf8))
      #expect(message.count < 400)
      #expect(message.contains("nested more than"), "\(format) \(text.prefix(20)): \(message)")
    }
  }

  @Test("The deepest nesting that is allowed is read")
  func deepest() throws {
    let limit = ByteScanner.maximumNesting
    let json = repeated("{\"a\":", limit - 1) + "{}" + repeated("}", limit - 1)
    #expect(refusal(.json, Array(json.utf8)) == "accepted")
    let toml = "a = " + repeated("[", limit - 1) + repeated("]", limit - 1)
    #expect(refusal(.toml, Array(toml.utf8)) == "accepted")
    let yaml = "a: " + repeated("[", 990) + repeated("]", 990)
    #expect(refusal(.yaml, Array(yaml.utf8)) == "accepted")
  }

  @Test("100,000 dotted keys: in one key they are refused, each on its line they are read")
  func dottedKeys() throws {
    let one = "a" + repeated(".a", 100_000) + " = 1"
    #expect(refusal(.toml, Array(one.utf8)).contains("nested more than"))
    let many = (0..<100_000).map { "a.b.c\($0) = \($0)\n" }.joined()
    let tree = try ConfigFormat.toml.parse(Array(many.utf8), file: "a")
    #expect(tree["a.b"]?.table?.count == 100_000)
    #expect(tree["a.b.c99999"] == 99_999)
  }

  @Test("An alias bomb is refused, as values, as keys, by depth and by merging")
  func aliasBombs() {
    func level(_ i: Int) -> String { "&a\(i) [" + repeated("*a\(i - 1) , ", 9) + "*a\(i - 1) ]" }
    let laughs = "a0: &a0 [x]\n" + (1..<12).map { "a\($0): \(level($0))\n" }.joined()
    #expect(
      refusal(.yaml, Array(laughs.utf8)).contains("more than \(YAMLConversion.maximumNodes) values")
    )
    let keys = "a0: &a0 [x]\n" + (1..<12).map { "? \(level($0))\n: 1\n" }.joined()
    #expect(refusal(.yaml, Array(keys.utf8)).contains("a key must be a text"))
    let deep = "a0: &a0 [x]\n" + (1..<3000).map { "a\($0): &a\($0) [[[*a\($0 - 1) ]]]\n" }.joined()
    #expect(refusal(.yaml, Array(deep.utf8)).contains("nested more than"))
    let merges =
      "a0: &a0 {x: 1}\n"
      + (1..<40).map {
        "a\($0): &a\($0) {<<: [*a\($0 - 1) , *a\($0 - 1) ], k\($0): *a\($0 - 1) }\n"
      }.joined()
    #expect(refusal(.yaml, Array(merges.utf8)).contains("values"))
  }

  @Test("100 MB of anything are refused at once, and garbage below the limit soon")
  func garbage() {
    let huge = [UInt8](repeating: UInt8(ascii: "#"), count: 100_000_000)
    for format in ConfigFormat.allCases {
      #expect(refusal(format, huge).contains("100000000 bytes"))
    }
    var random = SeededGenerator(seed: 1)
    for _ in 0..<20 {
      let noise = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &random) }
      for format in ConfigFormat.allCases { #expect(refusal(format, noise) != "accepted") }
    }
  }

  @Test("NUL bytes and bytes that are not UTF-8 are refused, wherever they are")
  func bytes() {
    let documents: [(ConfigFormat, [String])] = [
      (.json, ["\u{1}{}", "{\"a\u{1}\": 1}", "{\"a\": \"\u{1}\"}", "{\"a\": 1}\u{1}"]),
      (
        .toml,
        [
          "\u{1}", "a = '\u{1}'", "a = \"\u{1}\"", "# \u{1}", "'\u{1}' = 1", "a = '''\u{1}'''",
          "a = 1\u{1}",
        ]
      ),
      (.yaml, ["\u{1}", "a: \u{1}", "a: 'b'\u{1}", "# \u{1}", "\"\u{1}\": 1", "a: |\n  \u{1}"]),
    ]
    for (format, texts) in documents {
      for text in texts {
        for replacement in [[0x00], [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]]
          as [[UInt8]]
        {
          let bytes = text.utf8.flatMap { $0 == 1 ? replacement : [$0] }
          #expect(refusal(format, bytes) != "accepted", "\(format) \(text.debugDescription)")
        }
      }
    }
  }

  @Test("No half-edited document makes a parser trap, or report a place outside the document")
  func mutations() {
    let corpora: [(ConfigFormat, [String], [String])] = [
      (.toml, TOMLDocuments.valid, TOMLDocuments.tokens),
      (.json, OtherDocuments.json, OtherDocuments.jsonTokens),
      (.yaml, OtherDocuments.yaml, OtherDocuments.yamlTokens),
    ]
    let count =
      ProcessInfo.processInfo.environment["HOTRELOAD_MUTATIONS"].flatMap { Int($0) } ?? 3000
    for seed in PropertySeeds(1) {
      for (format, texts, tokens) in corpora {
        var random = SeededGenerator(seed: seed)
        let corpus = texts.map { Array($0.utf8) }
        var refused = 0
        for _ in 0..<count {
          let document = DocumentMutations.mutate(
            corpus.randomElement(using: &random) ?? [], corpus: corpus, tokens: tokens,
            random: &random)
          do throws(ConfigParseError) {
            let tree = try format.parse(document, file: "a")
            // What was read can be compared, hashed, shown and written.
            #expect(tree.hashValue == tree.hashValue && !tree.jsonBytes().isEmpty)
          } catch {
            refused += 1
            let text = document.map { String($0, radix: 16) }.joined(separator: " ")
            #expect(
              Self.isInside(error.location, document),
              "HOTRELOAD_SEED=\(seed) \(format): \(error) in \(text)")
          }
        }
        #expect(refused > count / 10 && refused < count)
      }
    }
  }

  private static func isInside(_ location: WorkspaceTools.SourceLocation?, _ document: [UInt8])
    -> Bool
  {
    guard let location, location.file == "a", location.line >= 1, location.column >= 1 else {
      return false
    }
    // libyaml also ends lines at carriage returns, and at U+0085, U+2028 and U+2029.
    let lines = String(decoding: document, as: UTF8.self).unicodeScalars.split(
      omittingEmptySubsequences: false
    ) { $0 == "\n" }
    guard location.line <= lines.count else { return false }
    return location.column <= lines.map(\.count).max().map { $0 + 2 } ?? 0
  }
}

/// Documents in JSON and YAML to break.
enum OtherDocuments {
  static let json = [
    "{}", "{\"a\": [1, -2.5e3, true, false, null, \"text\"], \"b\": {\"c\": {\"d\": []}}}",
    "{\n  \"title\": \"Ex\\u00e4mple\",\n  \"server\": {\"host\": \"::1\", \"port\": 8080},\n  \"é\": \"\\ud83d\\ude00\"\n}\n",
    "{\"numbers\": [0, -0, 1e5, 1E-5, 0.5, 9223372036854775807, 123456789.123456789]}",
  ]
  static let jsonTokens = [
    "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "\\ud800", "\\u0041", "true", "nul", "0", "-",
    ".",
    "e", "1e999", "\u{0}", "é", "😀", "\"a\":", "\n", "\t",
  ]
  static let yaml = [
    "a: 1\nb:\n  - x\n  - y: z\n    w: [1, 2, {k: v}]\n",
    "base: &b {x: 1}\nuse:\n  <<: *b \n  y: *b \n",
    "text: |\n  one\n  two\nfold: >-\n  a\n  b\nq: 'it''s'\nd: \"\\u00e9\\n\"\n",
    "---\n# comment\n? complex\n: value\n...\n",
    "!!map {a: !!str 1, ? b : c}\n", "é: [~, null, .inf, 0x1F, 1e3, yes]\n",
  ]
  static let yamlTokens = [
    ":", ": ", "- ", "? ", "&a ", "*a ", "*a", "*", "<<: ", "!!", "!!int ", "!x ", "|\n", ">\n",
    "'", "\"",
    "[", "]", "{", "}", ",", "#", " #", "%", "%YAML 1.2\n", "---\n", "...\n", "\n", "\n  ", "\t",
    "@", "`",
    "\u{0}", "\u{85}", "\u{2028}", "\u{FEFF}", "\r", "é", "😀", "~", "a: 1\n", "\u{E000}", "0x",
    "\\",
  ]
}
