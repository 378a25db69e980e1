import Testing

@testable import WorkspaceTools

@Suite("YAML")
struct YAMLReaderTests {
  private func parse(_ text: String) throws(ConfigParseError) -> ConfigTree {
    try ConfigFormat.yaml.parse(Array(text.utf8), file: "a.yaml")
  }

  @Test("Plain scalars are read by the core schema of YAML 1.2")
  func coreSchema() throws {
    let tree = try parse(
      """
      nulls: [~, null, Null, NULL, ]
      empty:
      bools: [true, True, TRUE, false, False, FALSE]
      texts: [yes, no, on, Off, y, 'true', "1", 2024-01-01, 1_000, 0b1, 1e, ., -, +-1, 0x, 1.2.3, nULL, -.nan]
      ints: [0, -17, +5, 0o14, 0xFF, 0123, -0]
      floats: [1.5, -1., .5, 1e3, 1.5E-3, .inf, -.Inf, +.INF, .nan, 12e03]
      """.replacing(", ]", with: "]"))
    #expect(tree["nulls"] == [nil, nil, nil, nil])
    #expect(tree["empty"] == .some(nil as ConfigTree))
    #expect(tree["bools"] == [true, true, true, false, false, false])
    #expect(
      tree["texts"] == [
        "yes", "no", "on", "Off", "y", "true", "1", "2024-01-01", "1_000", "0b1", "1e", ".", "-",
        "+-1", "0x", "1.2.3", "nULL", "-.nan",
      ])
    #expect(tree["ints"] == [0, -17, 5, 12, 255, 123, 0])
    #expect(
      tree["floats"] == [
        1.5, -1.0, 0.5, 1000.0, 0.0015, ConfigTree(.float(.infinity)),
        ConfigTree(.float(-.infinity)), ConfigTree(.float(.infinity)), ConfigTree(.float(.nan)),
        12000.0,
      ])
  }

  @Test("Anchors, aliases and merge keys work, and what is written wins over what is merged")
  func aliases() throws {
    let tree = try parse(
      """
      base: &base {host: localhost, port: 80, tags: [a]}
      other: &other
        port: 81
        user: me
      copy: *base
      merged:
        <<: *base
        port: 8080
      both:
        <<: [*base, *other]
        x: 1
      scalar: &s "*text*"
      again: [*s, *base , {k: *s}]
      *s : key
      "<<": quoted
      star: a * b *c
      redefined: &s 2
      now: *s
      """)
    #expect(tree["copy"] == tree["base"])
    #expect(tree["copy"]?.location == tree["base"]?.location)
    #expect(tree["merged"] == ConfigTree(["host": "localhost", "port": 8080, "tags": ["a"]]))
    #expect(
      tree["both"]
        == ConfigTree(["host": "localhost", "port": 80, "tags": ["a"], "user": "me", "x": 1]))
    #expect(tree["again[0]"] == "*text*")
    #expect(tree["again[2].k"] == "*text*")
    #expect(tree.table?["*text*"] == "key")
    #expect(tree.table?["<<"] == "quoted")
    #expect(tree["star"] == "a * b *c")
    #expect(tree["now"] == 2)
  }

  @Test("Texts, tags, keys and documents without content")
  func others() throws {
    let tree = try parse(
      """
      %YAML 1.2
      ---
      literal: |
        a *b
        [c
      folded: >-
        one
        two
      tagged: [!!str 1, !!float 1, !!int "7", !!timestamp 2024-01-02T03:04:05Z, !!binary "YQ ==", !!null ""]
      1: int
      true: bool
      ~: tilde
      set: !!map {a: !!seq [1]}
      """)
    #expect(tree["literal"] == "a *b\n[c\n")
    #expect(tree["folded"] == "one two")
    let date = try #require(ConfigDate("2024-01-02T03:04:05Z"))
    #expect(tree["tagged"] == ["1", 1.0, 7, ConfigTree(.date(date)), "YQ==", nil])
    #expect(tree.table?["1"] == "int")
    #expect(tree.table?["true"] == "bool")
    #expect(tree.table?["~"] == "tilde")
    for empty in ["", "# nothing\n", "---\n", "~", "\u{FEFF}", "{}"] {
      #expect(try parse(empty) == ConfigTree(ConfigTable()))
    }
  }

  @Test("Every value knows its line and its column, in documents with aliases too")
  func positions() throws {
    let tree = try parse(
      "é: &a\n  - 1\n  - {b: *a , c: 'x'}\n".replacing("*a ", with: "*b ").replacing(
        "- 1", with: "- &b 1"))
    func place(_ path: String) -> String? { tree[path]?.location?.description }
    #expect(place("é[0]") == "a.yaml:2:5")
    #expect(place("é[1]") == "a.yaml:3:5")
    #expect(place("é[1].b") == "a.yaml:2:5")
    #expect(place("é[1].c") == "a.yaml:3:17")
  }

  @Test(
    "What cannot be a configuration is refused with its place",
    arguments: [
      ("- 1", "a.yaml:1:1: the top of a configuration must be a table, found array"),
      ("just text", "a.yaml:1:1: the top of a configuration must be a table, found String"),
      (
        "a: 1\n---\nb: 2\n",
        "a.yaml:2:1: a second document starts here; a configuration is one document"
      ),
      ("a: 1\nb: 2\na: 3\n", "a.yaml:3:1 a: the key \"a\" is already there, at line 1, column 1"),
      (
        "x:\n  a: 1\n  \"b\": 2\n  b: 3\ny: {b: 1}\n",
        "a.yaml:4:3 b: the key \"b\" is already there, at line 3, column 3"
      ),
      ("1: a\n\"1\": b\n", "a.yaml:2:1 1: the key \"1\" is already there, at line 1, column 1"),
      ("a: *b\n", "a.yaml:1:4 a: the alias *b has no anchor &b before it"),
      ("a: &a [*a]\n", "a.yaml:1:8 a[0]: the alias *a has no anchor &a before it"),
      ("a: *b c\n", "a.yaml:1:4 a: a '*' starts an alias; a text that starts with it needs quotes"),
      (
        "a: &x 1\nb: &y *x\n",
        "a.yaml:2:4 b: a '*' starts an alias; a text that starts with it needs quotes"
      ),
      ("? [a]\n: 1\n", "a.yaml:1:3: a key must be a text, not a table or an array"),
      ("? {a: b}\n: 1\n", "a.yaml:1:3: a key must be a text, not a table or an array"),
      (
        "a:\n  <<: 1\n",
        "a.yaml:2:3 a.<<: '<<' needs a table or an array of tables, usually an alias"
      ),
      (
        "a: !ruby/object 1\n",
        "a.yaml:1:4 a: this is no value of the tag !ruby/object, or the tag is not supported"
      ),
      (
        "a: !!int x\n",
        "a.yaml:1:4 a: this is no value of the tag !!int, or the tag is not supported"
      ),
      ("a: !!set {b}\n", "a.yaml:1:4 a: the tag !!set is not supported here"),
      ("a: 99999999999999999999\n", "a.yaml:1:4 a: the number is too large for 64 bits"),
      ("a: \u{1}\n", "a.yaml:1:4: control character U+0001, which YAML does not allow"),
      ("é: \u{0}\n", "a.yaml:1:4: control character U+0000, which YAML does not allow"),
    ])
  func refused(text: String, expected: String) {
    let error = #expect(throws: ConfigParseError.self) { try parse(text) }
    #expect(error?.description == expected)
  }

  @Test("A syntax error says what libyaml says, and where")
  func syntax() {
    let error = #expect(throws: ConfigParseError.self) { try parse("a: [1, 2\nb: 3\n") }
    #expect(error?.location?.line == 2)
    #expect(error?.message.contains("flow sequence") == true)
    let tab = #expect(throws: ConfigParseError.self) { try parse("a:\n\t- 1\n") }
    #expect(tab?.location?.description == "a.yaml:2:1")
  }
}
