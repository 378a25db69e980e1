import HotReload
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadBrowser

@Suite("The lines around an error")
struct ExcerptTests {
  static func place(
    _ file: String, _ line: Int, _ unit: UnitID = .templates, keyPath: String = ""
  ) -> ExcerptReader.Place {
    .init(
      unit: unit,
      diagnostic: ConfigDiagnostic(
        location: SourceLocation(file: file, line: line, column: 1), keyPath: keyPath,
        message: "wrong"))
  }

  static func excerpt(_ text: String, _ place: ExcerptReader.Place) -> LiveError.Excerpt? {
    ExcerptReader(root: "/nowhere", rules: .default).excerpt(of: text, at: place)
  }

  @Test("are three before and three after, and fewer at the ends")
  func context() {
    let text = (1...10).map(String.init).joined(separator: "\n")
    #expect(
      Self.excerpt(text, Self.place("t", 5)) == .init(first: 2, lines: (2...8).map(String.init)))
    #expect(
      Self.excerpt(text, Self.place("t", 1)) == .init(first: 1, lines: ["1", "2", "3", "4"]))
    #expect(Self.excerpt(text, Self.place("t", 10))?.lines == ["7", "8", "9", "10"])
    #expect(Self.excerpt(text, Self.place("t", 11)) == nil)
    #expect(Self.excerpt("", Self.place("t", 1)) == .init(first: 1, lines: [""]))
  }

  @Test("are right for CRLF, and cut where they are long")
  func lineEnds() {
    #expect(Self.excerpt("a\r\nb\r\n", Self.place("t", 2))?.lines == ["a", "b", ""])
    let line = Self.excerpt(String(repeating: "x", count: 9_999), Self.place("t", 1))?.lines[0]
    #expect(line?.count == ExcerptReader.maximumLineLength + 1)
  }

  @Test("come from files below the root, and from no other")
  func files() async throws {
    let folder = try TemporaryWorkspace()
    try folder.write("templates/a.mustache", "one\ntwo")
    try folder.write("secret/key.toml", "x")
    try folder.symlink("templates/out", to: "/etc/passwd")
    let reader = ExcerptReader(root: folder.root, rules: .default)
    let good = Self.place("templates/a.mustache", 2)
    let bad = [
      Self.place("../../etc/passwd", 1), Self.place("/etc/passwd", 1),
      Self.place("secret/key.toml", 1), Self.place("templates/missing", 1),
      Self.place("templates/out", 1), Self.place("environment APP__PORT", 1),
    ]
    let found = await reader.excerpts(around: bad + [good])
    #expect(found == [good: .init(first: 1, lines: ["one", "two"])])
  }

  static let documents: [(String, String)] = [
    (
      "port = 1\npassword = \"hunter2\"\nname = \"x\"",
      "port = 1\npassword = (redacted)\nname = \"x\""
    ),
    (
      "db = { host = \"h\", password = \"hunter2\" }\nport = 1",
      "db = { host = \"h\", password = (redacted)\nport = 1"
    ),
    (
      "[auth.tokens]\na = \"hunter2\"\n[server]\nport = 1",
      "[auth.tokens]\na = (redacted)\n[server]\nport = 1"
    ),
    (
      "secret = \"\"\"\nhunter2\n\"\"\"\nport = 1",
      "secret = (redacted)\n(redacted)\n(redacted)\nport = 1"
    ),
    (
      "tokens = [\n\"hunter2\",\n]\nport = 1",
      "tokens = (redacted)\n(redacted)\n(redacted)\nport = 1"
    ),
    ("db.password = 'hunter2'", "db.password = (redacted)"),
    ("db:\n  password: hunter2\n  port: 1", "db:\n  password: (redacted)\n  port: 1"),
    (
      "password: |\n  hunter2\n  more\nport: 1",
      "password: (redacted)\n  (redacted)\n  (redacted)\nport: 1"
    ),
    ("tokens:\n- hunter2\nport: 1", "tokens:\n(redacted)\nport: 1"),
    ("{\"apiKey\": \"hunter2\",\n\"port\": 1}", "{\"apiKey\": (redacted)\n\"port\": 1}"),
    (
      "{\"secrets\": {\n\"a\": \"hunter2\"\n},\n\"port\": 1}",
      "{\"secrets\": (redacted)\n(redacted)\n(redacted)\n\"port\": 1}"
    ),
    // Half-edited: no separator yet, a string that does not end, a value that is still to come.
    ("password \"hunter2\"\nport = 1", "password (redacted)\nport = 1"),
    ("password = \"hunter2\nport = 1", "password = (redacted)\nport = 1"),
    ("\"password\":\n\"hunter2\",\n\"port\": 1", "\"password\":\n(redacted)\n\"port\": 1"),
    ("\"password\":\n\"hunter2: = more\",\n\"port\": 1", "\"password\":\n(redacted)\n\"port\": 1"),
    ("\"password\":\n\"hunter2\\\": more", "\"password\":\n(redacted)"),
    ("\"password\":\n\"port\" : 1", "\"password\":\n\"port\" : 1"),
    ("password =\nport = 1", "password =\nport = 1"),
    ("keyboard = \"us\"", "keyboard = \"us\""),
  ]

  @Test("of a config have no value of a secret key", arguments: documents)
  func secrets(text: String, shown: String) {
    let lines = SecretLines(rules: .default).redacted(text.split(separator: "\n").map(String.init))
    #expect(lines.joined(separator: "\n") == shown)
  }

  @Test("have no password of a URL, in a config and in a template")
  func urlPasswords() {
    for unit in [UnitID.config("app"), .templates] {
      let place = Self.place("file", 1, unit)
      #expect(
        Self.excerpt("url = \"postgres://user:hunter2@host/db\" x", place)?.lines
          == ["url = \"postgres://user:(redacted)@host/db\" x"])
    }
  }

  @Test("are hidden where the error itself is about a secret key")
  func secretPlace() {
    let place = Self.place("config/app.toml", 2, .config("app"), keyPath: "db.password")
    #expect(Self.excerpt("a = 1\n  hunter2\nb = 2", place)?.lines[1] == "(redacted)")
  }
}
