import Testing

@testable import WorkspaceTools

@Suite("JSON")
struct JSONParserTests {
  private func parse(_ text: String) throws(ConfigParseError) -> ConfigTree {
    try ConfigFormat.json.parse(Array(text.utf8), file: "a.json")
  }

  private func error(_ text: String) -> String {
    do throws(ConfigParseError) {
      return "accepted \(try parse(text))"
    } catch {
      return "\(error)"
    }
  }

  @Test("Every kind of value is read")
  func values() throws {
    let tree = try parse(
      #"""
      {"null": null, "yes": true, "no": false, "int": -42, "zero": -0, "float": 1.5e3,
       "max": 9223372036854775807, "min": -9223372036854775808, "tiny": 5e-324, "one": 1.0,
       "text": "a\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00", "list": [1, [], {}], "": {"k": "v"}}
      """#)
    let expected: ConfigTable = [
      "null": nil, "yes": true, "no": false, "int": -42, "zero": 0, "float": 1500.0,
      "max": ConfigTree(.integer(.max)), "min": ConfigTree(.integer(.min)),
      "tiny": ConfigTree(.float(.leastNonzeroMagnitude)),
      "one": 1.0, "text": "a\"\\/\u{8}\u{C}\n\r\téé😀",
      "list": [1, [], ConfigTree(ConfigTable())], "": ConfigTree(["k": "v"]),
    ]
    #expect(tree == ConfigTree(expected))
  }

  @Test("Floats are rounded correctly, by the short way and by the long one")
  func floats() throws {
    for text in [
      "0.1", "1e22", "1e23", "123456789012345678", "9007199254740993.0", "1.7976931348623157e308",
      "2.2250738585072011e-308", "0.3", "5e-1", "3.0000000000000000000001", "8.41e21",
    ] {
      let written = text.contains(where: { ".e".contains($0) }) ? text : text + ".0"
      let value = try parse("{\"a\": \(written), \"b\": -\(written)}")
      #expect(value["a"]?.value == .float(try #require(Double(written))))
      #expect(value["b"]?.value == .float(try #require(Double("-" + written))))
    }
  }

  @Test("Every value knows its line and its column, counted in scalars")
  func positions() throws {
    let tree = try parse(
      "{\"é😀\": 1,\n  \"b\": [true,\r\n   {\"c\": \"x\"}], \"d\": \"é\", \"e\": 2}")
    func place(_ path: String) -> String? { tree[path]?.location?.description }
    #expect(place("") == "a.json:1:1")
    #expect(place("é😀") == "a.json:1:8")
    #expect(place("b") == "a.json:2:8")
    #expect(place("b[0]") == "a.json:2:9")
    #expect(place("b[1].c") == "a.json:3:10")
    #expect(place("d") == "a.json:3:22")
    #expect(place("e") == "a.json:3:32")
  }

  @Test(
    "What is not JSON is refused where it stops being JSON",
    arguments: [
      ("", "a.json:1:1: the document is empty; an empty JSON configuration is {}"),
      ("[1]", "a.json:1:1: the top of a configuration must be a table, found array"),
      ("{} x", "a.json:1:4: expected the end of the document, found 'x'"),
      ("{\"a\": 01}", "a.json:1:7 a: a number must not start with 0 and another digit"),
      ("{\"a\": +1}", "a.json:1:7 a: expected a value, found '+'"),
      ("{\"a\": 1.}", "a.json:1:9 a: expected a digit, found '}'"),
      ("{\"a\": .5}", "a.json:1:7 a: expected a value, found '.'"),
      ("{\"a\": 1e}", "a.json:1:9 a: expected a digit, found '}'"),
      ("{\"a\": 9223372036854775808}", "a.json:1:7 a: the integer does not fit into 64 bits"),
      ("{\"a\": 1e999}", "a.json:1:7 a: the number is too large"),
      ("{\"a\": nul}", "a.json:1:7 a: expected null"),
      ("{\"a\": NaN}", "a.json:1:7 a: expected a value, found 'N'"),
      ("{\"a\": 1,}", "a.json:1:9: expected a key in quotes, found '}'"),
      ("{\"a\": [1,]}", "a.json:1:10 a[1]: expected a value, found ']'"),
      ("{\"a\" 1}", "a.json:1:6: expected ':' after the key, found '1'"),
      ("{\"a\": [1 2]}", "a.json:1:10 a: expected ',' or ']', found '2'"),
      ("{a: 1}", "a.json:1:2: expected a key in quotes, found 'a'"),
      ("{\"a\": \"x", "a.json:1:7 a: the text is not closed; expected '\"'"),
      ("{\"é\": \"x\ny\"}", "a.json:1:9 é: end of line inside a text; write it as an escape"),
      ("{\"a\": \"\\x\"}", "a.json:1:8 a: an escape that JSON does not have"),
      ("{\"a\": \"\\ud800\"}", "a.json:1:8 a: half of a surrogate pair"),
      ("{\"a\": \"\\ud800\\u0041\"}", "a.json:1:8 a: half of a surrogate pair"),
      ("{\"a\": \"\\udc00\\ud800\"}", "a.json:1:8 a: half of a surrogate pair"),
      ("{\"a\": \"\\u12\"}", "a.json:1:8 a: \\u needs four hexadecimal digits"),
      (
        "{\"a\": 1,\n \"a\": 2}",
        "a.json:2:2 a: the key \"a\" is already there, at line 1, column 2"
      ),
      (
        "{\"s\": {\"p\": 1, \"\\u0070\": 2}}",
        "a.json:1:16 s.p: the key \"p\" is already there, at line 1, column 8"
      ),
      ("{\"a\": \u{0}}", "a.json:1:7 a: expected a value, found control character U+0000"),
      ("{\"a\": // no\n1}", "a.json:1:7 a: expected a value, found '/'"),
    ])
  func refused(text: String, expected: String) {
    #expect(error(text) == expected)
  }

  @Test("A byte order mark is skipped, and bytes that are not UTF-8 are refused")
  func encoding() throws {
    #expect(try parse("\u{FEFF}{\"a\": 1}")["a"]?.location?.column == 7)
    let bad: [[UInt8]] = [
      [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82],
    ]
    for bytes in bad {
      let document = Array("{\"a\": \"é".utf8) + bytes + Array("\"}".utf8)
      let error = #expect(throws: ConfigParseError.self) {
        try ConfigFormat.json.parse(document, file: "a.json")
      }
      #expect(error?.description == "a.json:1:9 a: a byte that is not UTF-8")
    }
  }

  @Test("Keys of large tables are found, and a duplicate among many is refused")
  func largeTables() throws {
    let entries = (0..<1000).map { "\"key\($0)\": \($0)" }.joined(separator: ",")
    let tree = try parse("{\(entries)}")
    #expect(tree["key777"] == 777)
    #expect(tree.table?.keys.map { $0 }.suffix(1) == ["key999"])
    #expect(error("{\(entries), \"key5\": 0}").contains("key5: the key \"key5\" is already there"))
  }
}
