import HotReloadTesting
import Testing

@testable import WorkspaceTools

@Suite("Writing")
struct SerializationTests {
  /// Makes trees that a format can hold.
  private struct TreeMaker {
    var random: SeededGenerator
    let format: ConfigFormat

    private static let texts = [
      "", "a", "plain text", "true", "no", "null", "1", "-1.5", "1e3", "0x1F", "~", "é😀", "a: b",
      "# x", "- x",
      "*a", "&a", "!t", "{", "[", "'", "\"", "\\", "a\nb", "a\r\nb", "\t", " lead", "trail ",
      "\u{0}", "\u{7F}",
      "\u{85}", "\u{2028}", "\u{FEFF}", "\u{E000}x", "'''", "\"\"\"", "<<", "=", "key.with.dots",
      "2024-01-01",
      "a/b.c", "%", "@", "`", "|", ">", "?", "\u{1F}", "\u{FFFF}", "\u{9F}", "----", "...",
    ]

    mutating func text() -> String {
      let text = anyText()
      // Yams drops a byte order mark at a text's start, so our writer refuses it.
      return format == .yaml && text.unicodeScalars.first == "\u{FEFF}" ? "x" + text : text
    }

    private mutating func anyText() -> String {
      let text = Self.texts.randomElement(using: &random) ?? ""
      if Int.random(in: 0..<40, using: &random) == 0 {
        return String(repeating: text + "x", count: 600)
      }
      return Bool.random(using: &random)
        ? text : text + (Self.texts.randomElement(using: &random) ?? "")
    }

    mutating func table(depth: Int) -> ConfigTree {
      var table = ConfigTable()
      for _ in 0..<Int.random(in: 0...5, using: &random) { table[text()] = tree(depth: depth - 1) }
      return ConfigTree(table)
    }

    mutating func tree(depth: Int) -> ConfigTree {
      switch Int.random(in: 0..<(depth > 0 ? 10 : 7), using: &random) {
      case 0: return ConfigTree(.bool(Bool.random(using: &random)))
      case 1: return ConfigTree(.integer(Int64.random(in: .min ... .max, using: &random)))
      case 2: return ConfigTree(.integer(Int64.random(in: -9...9, using: &random)))
      case 3:
        let value = Double(bitPattern: random.next())
        if format == .json && !value.isFinite { return 0.5 }
        return ConfigTree(.float(value))
      case 4 where format != .toml: return nil
      case 5 where format != .json: return date()
      case 4, 5, 6: return ConfigTree(.string(text()))
      case 7: return table(depth: depth)
      case 8:
        return ConfigTree(
          .array((0..<Int.random(in: 0...3, using: &random)).map { _ in table(depth: depth - 1) }))
      default:
        return ConfigTree(
          .array((0..<Int.random(in: 0...4, using: &random)).map { _ in tree(depth: depth - 1) }))
      }
    }

    private mutating func date() -> ConfigTree {
      let kinds: [ConfigDate.Kind] = [.offsetDateTime, .localDateTime, .localDate, .localTime]
      func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
      let text = ConfigDate(
        kind: kinds[number(0...3)], year: number(1...9999), month: number(1...12),
        day: number(1...28),
        hour: number(0...23), minute: number(0...59), second: number(0...59),
        nanosecond: number(0...1) * number(0...999_999_999), offsetMinutes: number(-1439...1439)
      ).description
      return ConfigDate(text).map { ConfigTree(.date($0)) } ?? nil
    }
  }

  @Test("Any tree that is written is read again as it was", arguments: ConfigFormat.allCases)
  func roundTrip(format: ConfigFormat) throws {
    for seed in PropertySeeds(400) {
      var maker = TreeMaker(random: SeededGenerator(seed: seed), format: format)
      let tree = maker.table(depth: 5)
      let bytes = try format.serialize(tree)
      do throws(ConfigParseError) {
        let again = try format.parse(bytes, file: "a")
        #expect(again == tree, "HOTRELOAD_SEED=\(seed): \(String(decoding: bytes, as: UTF8.self))")
      } catch {
        Issue.record(
          "HOTRELOAD_SEED=\(seed): \(error) in \(String(decoding: bytes, as: UTF8.self))")
      }
    }
  }

  @Test("Documents are written for people")
  func layout() throws {
    let tree = ConfigTree([
      "title": "a b", "server": ConfigTree(["port": 80, "tls": ConfigTree(["on": true])]),
      "hosts": [ConfigTree(["name": "x"]), ConfigTree(ConfigTable())],
      "list": [1, [2], ConfigTree(["a": "yes"])],
    ])
    func written(_ format: ConfigFormat) throws -> String {
      String(decoding: try format.serialize(tree), as: UTF8.self)
    }
    #expect(
      try written(.toml) == """
        title = "a b"
        list = [1, [2], { a = "yes" }]

        [server]
        port = 80

        [server.tls]
        on = true

        [[hosts]]
        name = "x"

        [[hosts]]

        """)
    #expect(
      try written(.yaml) == """
        title: "a b"
        server:
          port: 80
          tls:
            "on": true
        hosts:
          - name: x
          - {}
        list:
          - 1
          - - 2
          - a: "yes"

        """)
    #expect(
      try written(.json).hasPrefix("{\n  \"title\": \"a b\",\n  \"server\": {\n    \"port\": 80,\n")
    )
  }

  @Test("What a format does not have is refused with its key path")
  func refusals() {
    func refusal(_ format: ConfigFormat, _ tree: ConfigTree) -> String? {
      (#expect(throws: ConfigDiagnostic.self) { try format.serialize(tree) })?.description
    }
    let null = ConfigTree(["a": ConfigTree(["b": [1, nil]])])
    #expect(refusal(.toml, null) == "a.b[1]: TOML has no null; leave the key out")
    let infinite = ConfigTree(["a": [ConfigTree(["b": ConfigTree(.float(.infinity))])]])
    #expect(refusal(.json, infinite) == "a[0].b: JSON has no infinity")
    let mark = ConfigTree(["a": ["\u{FEFF}x"]])
    #expect(
      refusal(.yaml, mark) == "a[0]: a text in YAML cannot start with a byte order mark, U+FEFF")
    for format in ConfigFormat.allCases {
      #expect(refusal(format, [1]) == "the top of a configuration must be a table, found array")
    }
  }

  @Test("Formats are known by their files' extensions")
  func extensions() {
    #expect(ConfigFormat(fileExtension: "YML") == .yaml)
    #expect(ConfigFormat(fileExtension: "yaml") == .yaml)
    #expect(ConfigFormat(fileExtension: "toml") == .toml)
    #expect(ConfigFormat(fileExtension: "json") == .json)
    #expect(ConfigFormat(fileExtension: "txt") == nil)
  }
}
