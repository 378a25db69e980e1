import Testing

@testable import WorkspaceTools

@Suite("TOML")
struct TOMLParserTests {
  private func parse(_ text: String) throws(ConfigParseError) -> ConfigTree {
    try ConfigFormat.toml.parse(Array(text.utf8), file: "a.toml")
  }

  @Test("Every value knows its line and its column, also behind texts over lines")
  func positions() throws {
    let tree = try parse(
      """
      top = 'é'  # ünïcode
      [server]
      "pört" = 80
      text = \"\"\"
      é

      \"\"\" # end
      list = [1,
        { a.b = 2 }]
      [[hosts]]
      [[hosts]]
      name.first = "x"
      """)
    func place(_ path: String) -> String? { tree[path]?.location?.description }
    #expect(place("") == "a.toml:1:1")
    #expect(place("top") == "a.toml:1:7")
    #expect(place("server") == "a.toml:2:2")
    #expect(place("server.pört") == "a.toml:3:10")
    #expect(place("server.text") == "a.toml:4:8")
    #expect(place("server.list") == "a.toml:8:8")
    #expect(place("server.list[1]") == "a.toml:9:3")
    #expect(place("server.list[1].a") == "a.toml:9:5")
    #expect(place("server.list[1].a.b") == "a.toml:9:11")
    #expect(place("hosts") == "a.toml:10:3")
    #expect(place("hosts[1]") == "a.toml:11:3")
    #expect(place("hosts[1].name.first") == "a.toml:12:14")
    let server = try #require(tree["server"]?.table)
    #expect(server.first?.keyLocation?.description == "a.toml:3:1")
  }

  @Test("Keys keep the order of the document")
  func order() throws {
    let tree = try parse("z = 1\nb.y = 2\na = 3\nb.x = 4\n[c]\n[b.w]\n")
    #expect(tree.table.map { Array($0.keys) } == ["z", "b", "a", "c"])
    #expect(tree["b"]?.table.map { Array($0.keys) } == ["y", "x", "w"])
  }

  @Test(
    "An error names the place, the key path and what to do",
    arguments: [
      ("a = 1\na = 2", "a.toml:2:1 a: the key \"a\" is already there, at line 1, column 1"),
      (
        "[s]\nport = 1\n[s]\n", "a.toml:3:2 s: the key \"s\" is already there, at line 1, column 2"
      ),
      (
        "[s.t]\nx.y = 1\nx.y = 2",
        "a.toml:3:3 s.t.x.y: the key \"y\" is already there, at line 2, column 3"
      ),
      (
        "a = {b = 1, b = 2}", "a.toml:1:13 a.b: the key \"b\" is already there, at line 1, column 6"
      ),
      ("[server]\nport = 80a", "a.toml:2:10 server.port: unexpected 'a' in a number"),
      (
        "[server]\nname = web",
        "a.toml:2:8 server.name: expected a value, found 'w'; a text needs quotes"
      ),
      (
        "a = no", "a.toml:1:5 a: expected a value, found 'n'; a text needs quotes"
      ),
      ("a = [1,\n2", "a.toml:1:5 a: the array is not closed; expected ']'"),
      ("a = \"x", "a.toml:1:5 a: the text is not closed; expected '\"'"),
      ("a = \"x\nb = 1", "a.toml:1:7 a: the text is not closed on its line"),
      ("a = 'é\u{1}'", "a.toml:1:7 a: control character U+0001 inside a text"),
      (
        "a = 'x'\nb = \"C:\\dir\"",
        "a.toml:2:8 b: an escape that TOML does not have; write \\\\ for a backslash, or use '…'"
      ),
      ("a = 1 2", "a.toml:1:7: expected the end of the line, found '2'"),
      ("a 1", "a.toml:1:3: expected '=' after the key, found '1'"),
      ("a =", "a.toml:1:4 a: expected a value, found end of document"),
      ("[a\nb = 1", "a.toml:1:3: expected ']' after the header, found end of line"),
      ("[[a]\n", "a.toml:1:5: expected ']]' after the header, found end of line"),
      (
        "a = 2023-02-29", "a.toml:1:5 a: this is neither a date nor a time that exists"
      ),
      ("a = 99999999999999999999", "a.toml:1:5 a: the integer does not fit into 64 bits"),
      ("a = 1e400", "a.toml:1:5 a: the number is too large"),
      ("a = 1\rb", "a.toml:1:6: a carriage return without a line feed"),
      ("a = 1\n\u{0}", "a.toml:2:1: expected a key, found control character U+0000"),
    ])
  func refused(text: String, expected: String) {
    let error = #expect(throws: ConfigParseError.self) { try parse(text) }
    #expect(error?.description == expected)
  }

  @Test("Times keep their nanoseconds, and further digits are dropped")
  func nanoseconds() throws {
    let tree = try parse("a = 07:32:00.1234567899\nb = 1979-05-27T00:32:00.5-07:00")
    #expect(tree["a"]?.value == .date(try #require(ConfigDate("07:32:00.123456789"))))
    guard case .date(let date) = tree["b"]?.value else {
      Issue.record("no date")
      return
    }
    #expect(date.secondsSince1970 == 296_638_320)
    #expect(date.description == "1979-05-27T00:32:00.5-07:00")
  }
}
