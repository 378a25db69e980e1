import Testing

@testable import WorkspaceTools

@Suite("ConfigTree")
struct ConfigTreeTests {
  private func toml(_ text: String, file: String = "a.toml") throws -> ConfigTree {
    try ConfigFormat.toml.parse(Array(text.utf8), file: file)
  }

  @Test("Trees are equal if their values are, whatever their order and their places")
  func equality() throws {
    let one = try toml("a = 1\nb = [nan, -0.0]\n")
    let other = try toml("b = [nan, 0.0]\n\na = 1\n", file: "b.toml")
    #expect(one == other)
    #expect(one.hashValue == other.hashValue)
    #expect(one != (try toml("a = 1.0\nb = [nan, 0.0]")))
    #expect(one != (try toml("a = 1\nb = [0.0, nan]")))
    #expect(one != (try toml("a = 1\nc = [nan, 0.0]")))
  }

  @Test("A value and its place take 40 bytes, so that large documents stay small in memory")
  func size() {
    #expect(MemoryLayout<ConfigTree>.stride <= 40)
  }

  @Test("Merging goes into tables and replaces everything else, and values keep their files")
  func merging() throws {
    let base = try toml("a = 1\nlist = [1, 2]\n[s]\nx = 1\ny = {z = 1}\n", file: "base.toml")
    let overlay = try toml("list = [3]\nnew = 1\n[s]\ny.w = 2\nx = {}\n", file: "over.toml")
    let merged = base.merging(overlay)
    #expect(merged == (try toml("a = 1\nlist = [3]\nnew = 1\n[s]\nx = {}\ny = {z = 1, w = 2}")))
    #expect(merged.table.map { Array($0.keys) } == ["a", "list", "s", "new"])
    #expect(merged["s.y.z"]?.location?.description == "base.toml:5:10")
    #expect(merged["s.y.w"]?.location?.description == "over.toml:4:7")
    let list = try #require(merged.table?.first { $0.key == "list" })
    #expect(list.keyLocation?.description == "over.toml:1:1")
    #expect(base.merging(base) == base)
    #expect(base.merging(ConfigTree(ConfigTable())) == base)
    #expect(ConfigTree(["a": 1]).merging(ConfigTree(["a": nil])) == ConfigTree(["a": nil]))
  }

  @Test("A difference names each value that was changed, added or removed")
  func difference() throws {
    let old = try toml(
      "a = 1\nlist = [1, {b = 2}]\ngone = 1\nlonger = [1]\n[s]\nsame = 1\nport = 1\n")
    let new = try toml(
      "a = 1.0\nlist = [1, {b = 3}]\nlonger = [1, 2]\nnew = {}\n[s]\nport = 2\nsame = 1\n")
    let lines = new.difference(from: old).map {
      "\($0.keyPath) \($0.old?.jsonText() ?? "-") \($0.new?.jsonText() ?? "-")"
    }
    #expect(
      lines == [
        "a 1 1.0", "list[1].b 2 3", "longer [1] [1,2]", "new - {}", "s.port 1 2", "gone 1 -",
      ])
    #expect(old.difference(from: old).isEmpty)
  }

  @Test("A changed secret is a difference that shows neither value")
  func secretDifference() {
    let old = ConfigTree(["db": ConfigTree(["password": "old", "url": "u"])])
    let new = ConfigTree(["db": ConfigTree(["password": "new", "url": "v"])])
    let shown = new.difference(from: old).map { $0.redacted() }
    #expect(shown.map(\.old) == ["(redacted)", "u"])
    #expect(shown.map(\.new) == ["(redacted)", "v"])
  }

  @Test(
    "Key paths are written as they are read",
    arguments: [
      ("", []), ("a", [.key("a")]), ("a.b[2].c", [.key("a"), .key("b"), .index(2), .key("c")]),
      ("[0][1]", [.index(0), .index(1)]), ("a.\"b.c\".\"\"", [.key("a"), .key("b.c"), .key("")]),
      ("é.\"x y\".\"q\\\"\"", [.key("é"), .key("x y"), .key("q\"")]),
    ] as [(String, [ConfigKeyPath.Component])])
  func keyPaths(text: String, components: [ConfigKeyPath.Component]) {
    #expect(ConfigKeyPath(components).description == text)
    #expect(ConfigKeyPath(text)?.components == components)
  }

  @Test(
    "What is no key path is refused",
    arguments: ["a.", ".a", "a..b", "a[", "a[x]", "a[-1]", "a b", "\"a", "a[1]b"])
  func noKeyPaths(text: String) {
    #expect(ConfigKeyPath(text) == nil)
    #expect(ConfigTree(["a": 1])[text] == nil)
  }

  @Test("Tables find, replace and remove keys, when they are small and when they have an index")
  func tables() {
    var table = ConfigTable()
    for number in 0..<40 { table["key\(number)"] = ConfigTree(.integer(Int64(number))) }
    table["key7"] = "new"
    table["key9"] = nil
    table["none"] = nil
    #expect(table.count == 39)
    #expect(table["key7"] == "new")
    #expect(table["key9"] == nil)
    #expect(table["key39"] == 39)
    #expect(table[9].key == "key10")
    for number in 0..<39 { table["key\(number)"] = nil }
    #expect(Array(table.keys) == ["key39"])
  }

  @Test(
    "Secret keys are found by whole words",
    arguments: [
      "password", "dbPassword", "DB_PASSWORD", "db-password", "apiKey", "API_KEY", "api-key",
      "APIKey",
      "myApiKeys", "privateKey", "token", "accessToken2", "auth.token", "clientSecret",
      "credentials",
      "Authorization", "passwd", "http_authorization_header",
    ])
  func secretKeys(key: String) {
    #expect(RedactionRules.default.isSecret(key))
  }

  @Test(
    "Words that only look secret are shown",
    arguments: [
      "keyboard", "tokenizer", "api", "key", "apikeyboard", "passwordless", "secretary", "keys", "",
      "_",
    ])
  func shownKeys(key: String) {
    #expect(!RedactionRules.default.isSecret(key))
  }

  @Test("Redaction hides everything below a secret key, in arrays too, and can be configured")
  func redaction() {
    let tree = ConfigTree([
      "users": [ConfigTree(["name": "a", "password": "p"])], "secrets": ConfigTree(["x": [1]]),
      "token": nil, "pet": "cat",
    ])
    #expect(
      tree.jsonText()
        == #"{"users":[{"name":"a","password":"(redacted)"}],"secrets":"(redacted)","token":null,"pet":"cat"}"#
    )
    #expect(tree.redacted(by: .none) == tree)
    #expect(tree.redacted(by: RedactionRules(words: ["PET"]))["pet"] == "(redacted)")
    #expect("\(tree)" == tree.jsonText())
  }

  @Test(
    "The password of a URL is hidden whatever its key, and nothing else of it",
    arguments: [
      ("postgres://user:hunter2@host/db", "postgres://user:(redacted)@host/db"),
      ("redis://:hunter2@host:6379/0", "redis://:(redacted)@host:6379/0"),
      (
        "x https://a:b@c and https://d:e@f.", "x https://a:(redacted)@c and https://d:(redacted)@f."
      ),
      ("amqp://u:p%40ss/w#o?r@d@host", "amqp://u:(redacted)@host"),
      ("amqp://u:1234@host", "amqp://u:(redacted)@host"),
      ("db://a:p@h1,b:q@h2/db", "db://a:(redacted)@h2/db"),
      ("\"jdbc:postgresql://u:p@host\"", "\"jdbc:postgresql://u:(redacted)@host\""),
      ("http://host:8080/a@b", "http://host:8080/a@b"), ("http://host:8080", "http://host:8080"),
      ("http://[::1]:80/a@b", "http://[::1]:80/a@b"), ("ssh://git@host/x:y", "ssh://git@host/x:y"),
      ("https://host/npm@1.2:3@x", "https://host/npm@1.2:3@x"), ("mail a:b@c", "mail a:b@c"),
      ("://", "://"), ("a://:@", "a://:(redacted)@"),
      ("\u{1F600}://\u{E9}:p@h", "\u{1F600}://\u{E9}:(redacted)@h"),
    ])
  func urlPasswords(text: String, shown: String) {
    #expect(RedactionRules.default.withoutPasswords(text) == shown)
    #expect(RedactionRules.none.withoutPasswords(text) == text)
    let tree = ConfigTree(["url": ConfigTree(.string(text)), "list": [ConfigTree(.string(text))]])
    #expect(tree.redacted()["url"]?.string == shown)
    #expect(tree.redacted()["list[0]"]?.string == shown)
    let change = tree.difference(from: ConfigTree(["list": []])).map { $0.redacted() }
    #expect(change.first?.new?.string == shown)
  }

  @Test("JSON for programs has one line, the document's order, and texts for what JSON lacks")
  func json() throws {
    let tree = try toml(
      "z = 1\na = [inf, -inf, nan, 1e21, 0.1, -0.0]\nd = 1979-05-27T07:32:00.5+01:00\nt = \"é\\n\\u0001\\u007f\\\"\"\n"
    )
    #expect(
      tree.jsonText()
        == #"{"z":1,"a":["inf","-inf","nan",1e+21,0.1,-0.0],"d":"1979-05-27T07:32:00.5+01:00","t":"é\n\u0001\u007f\""}"#
    )
  }

  @Test("A diagnostic reads file:line:column, key path, message")
  func diagnostics() {
    let location = SourceLocation(file: "config/app.toml", line: 12, column: 8)
    let full = ConfigDiagnostic(location: location, keyPath: "server.port", message: "bad")
    #expect(full.description == "config/app.toml:12:8 server.port: bad")
    #expect(ConfigDiagnostic(location: nil, message: "bad").description == "bad")
    #expect(ConfigDiagnostic(location: nil, keyPath: "a", message: "bad").description == "a: bad")
    #expect(SourceLocation(source: "environment A").description == "environment A")
    #expect(SourceLocation(file: "a", line: -5, column: .max).line == 1)
  }

  @Test(
    "Dates are read and written",
    arguments: [
      "1979-05-27T07:32:00Z", "2024-02-29T23:59:59.000000001-23:59", "0001-01-01",
      "9999-12-31T00:00:00",
      "23:59:59.5",
    ])
  func dates(text: String) {
    #expect(ConfigDate(text)?.description == text)
  }

  @Test(
    "What is no date is refused",
    arguments: [
      "", "1", "2024-02-30", "24:00:00", "2024-01-01T", "2024-01-01T00:00", "2024-01-01x",
      "12:00:00Z", "２０２４-01-01",
    ])
  func noDates(text: String) {
    #expect(ConfigDate(text) == nil)
  }
}
