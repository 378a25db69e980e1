import Configuration
import HotReloadConfigProvider
import Testing
import WorkspaceTools

@Suite("What the provider reads", .timeLimit(.minutes(5)))
struct ConversionTests {
  /// What an error says of `value` in a document with that key only.
  private func problem(_ format: Format, _ value: String, as type: ConfigType) async throws
    -> String
  {
    let fixture = try await ProviderFixture(format, format.document(value))
    let provider = try await fixture.provider()
    let error = #expect(throws: ConfigDiagnostic.self) {
      try provider.value(forKey: "value", type: type)
    }
    try await fixture.end()
    return try #require(error).description
  }

  @Test("is refused with its place if it is of another type", arguments: Format.allCases)
  func wrongTypes(_ format: Format) async throws {
    let start = "config/app.\(format.rawValue):\(format.firstLine):"
    let place = "\(start)\(format.valueColumn) value:"
    #expect(
      try await problem(format, #""80a""#, as: .int)
        == #"\#(place) expected Int, found String "80a""#)
    #expect(
      try await problem(format, "80", as: .string) == "\(place) expected String, found Int 80")
    #expect(try await problem(format, "1.0", as: .int) == "\(place) expected Int, found Float 1.0")
    #expect(try await problem(format, "1", as: .bool) == "\(place) expected Bool, found Int 1")
    #expect(
      try await problem(format, #""1.5""#, as: .double)
        == #"\#(place) expected Double, found String "1.5""#)
    #expect(
      try await problem(format, #""?""#, as: .bytes)
        == #"\#(place) expected bytes as text (base64), found String "?""#)
    #expect(
      try await problem(format, "1", as: .intArray) == "\(place) expected an array, found Int 1")
    let element = "\(start)\(format.valueColumn + 4) value[1]:"
    #expect(
      try await problem(format, #"[1, "a"]"#, as: .intArray)
        == #"\#(element) expected Int, found String "a""#)
    #expect(
      try await problem(format, "[1, [2]]", as: .doubleArray)
        == "\(element) expected Double, found an array")
  }

  @Test("is refused as one value if it is a table")
  func tables() async throws {
    let fixture = try await ProviderFixture(.toml, "[server]\nport = 80\n")
    let config = try await fixture.reader()
    #expect(throws: ConfigDiagnostic.self) { try config.requiredInt(forKey: "server") }
    #expect(config.int(forKey: "server.port") == 80)
    #expect(config.int(forKey: "server.port.more") == nil)
    #expect(config.int(forKey: "server.Port") == nil)
    try await fixture.end()
  }

  @Test("has whole numbers as doubles too, and dates as texts")
  func conversions() async throws {
    let document = """
      whole = 3
      mixed = [1, 2.5]
      empty = []
      largest = 9223372036854775807
      moment = 2026-01-31T12:00:00.5Z
      days = [2026-01-31, 2026-02-01]
      infinite = inf
      """
    let fixture = try await ProviderFixture(.toml, document)
    let config = try await fixture.reader()
    #expect(config.double(forKey: "whole") == 3)
    #expect(config.doubleArray(forKey: "mixed") == [1, 2.5])
    #expect(config.intArray(forKey: "empty") == [])
    #expect(config.byteChunkArray(forKey: "empty") == [])
    #expect(config.int(forKey: "largest") == .max)
    #expect(config.string(forKey: "moment") == "2026-01-31T12:00:00.5Z")
    #expect(config.stringArray(forKey: "days") == ["2026-01-31", "2026-02-01"])
    #expect(config.double(forKey: "infinite") == .infinity)
    #expect(config.int(forKey: "moment", default: 7) == 7)
    try await fixture.end()
  }

  @Test("has no value where a document says null", arguments: [Format.json, .yaml])
  func null(_ format: Format) async throws {
    let fixture = try await ProviderFixture(format, format.document([("value", "null")]))
    let provider = try await fixture.provider()
    #expect(
      try provider.value(forKey: "value", type: .int)
        == LookupResult(encodedKey: "value", value: nil))
    try await fixture.save(value: "[1, null]")
    #expect(throws: ConfigDiagnostic.self) { try provider.value(forKey: "value", type: .intArray) }
    try await fixture.end()
  }

  @Test("is found by components, so a key may have dots in it")
  func keysWithDots() async throws {
    let fixture = try await ProviderFixture(.toml, "\"a.b\" = 1\n[a]\nb = 2\n[a.\"c.d\"]\ne = 3\n")
    let config = try await fixture.reader()
    #expect(config.int(forKey: "a.b") == 2)
    #expect(config.int(forKey: ConfigKey(["a.b"])) == 1)
    #expect(config.int(forKey: ConfigKey(["a", "c.d", "e"])) == 3)
    let provider = try await fixture.provider()
    let error = #expect(throws: ConfigDiagnostic.self) {
      try provider.value(forKey: ["a", "c.d", "e"], type: .string)
    }
    #expect(error?.keyPath == #"a."c.d".e"#)
    try await fixture.end()
  }

  @Test(
    "may be nested as deeply as the parsers allow", arguments: [(Format.json, 510), (.yaml, 990)])
  func deepNesting(_ format: Format, _ depth: Int) async throws {
    let opening = String(repeating: "{\"a\": ", count: depth)
    let document = "\(opening)1\(String(repeating: "}", count: depth))\n"
    let fixture = try await ProviderFixture(format, document)
    let config = try await fixture.reader()
    #expect(config.int(forKey: ConfigKey(Array(repeating: "a", count: depth))) == 1)
    try await fixture.end()
  }

  @Test("is the layers merged, and an environment variable's text is taken for a number")
  func layers() async throws {
    let fixture = try await ProviderFixture(
      .toml, "port = 1\nhost = \"a\"\n", others: ["config/app.production.toml": "host = \"b\"\n"],
      variables: ["APP__PORT": "81", "APP__NEW": "82", "APP__ON": "true", "APP__WRONG": "8x"])
    let provider = try await fixture.provider()
    let config = ConfigReader(provider: provider)
    #expect(config.int(forKey: "port") == 81)
    #expect(config.int(forKey: "new") == 82)
    #expect(config.double(forKey: "new") == 82)
    #expect(config.string(forKey: "new") == "82")
    #expect(config.bool(forKey: "on") == true)
    #expect(config.string(forKey: "host") == "b")
    let error = #expect(throws: ConfigDiagnostic.self) {
      try provider.value(forKey: "wrong", type: .int)
    }
    #expect(
      error?.description == #"environment APP__WRONG wrong: expected Int, found String "8x""#)
    try await fixture.end()
  }
}

@Suite("The provider's secrets", .timeLimit(.minutes(5)))
struct SecretsTests {
  private static let document = """
    port = 1
    apiKey = "x"
    [database]
    host = "h"
    [credentials]
    user = "u"
    """

  private func secrets(_ secrets: HotReloadConfigProvider.Secrets) async throws -> [String] {
    let fixture = try await ProviderFixture(.toml, Self.document)
    let provider = try await fixture.provider(secrets: secrets)
    let keys: [(AbsoluteConfigKey, ConfigType)] = [
      ("port", .int), ("apiKey", .string), ("database.host", .string),
      ("credentials.user", .string),
    ]
    let secret = try keys.filter {
      try provider.value(forKey: $0, type: $1).value?.isSecret == true
    }
    try await fixture.end()
    return secret.map(\.0.description)
  }

  @Test("are what the rules call secret, and all below it")
  func rules() async throws {
    #expect(try await secrets(.rules(.default)) == ["apiKey", "credentials.user"])
    #expect(try await secrets(.rules(.none)) == [])
    #expect(try await secrets(.rules(RedactionRules(words: ["host"]))) == ["database.host"])
  }

  @Test("are what upstream's specifier says, if there is one")
  func specifiers() async throws {
    #expect(try await secrets(.specifier(.none)) == [])
    #expect(try await secrets(.specifier(.all)).count == 4)
    #expect(try await secrets(.specifier(.specific(["database.host"]))) == ["database.host"])
    let isText = HotReloadConfigProvider.Secrets.specifier(.dynamic { $1.string == "u" })
    #expect(try await secrets(isText) == ["credentials.user"])
  }

  @Test("are not shown in errors")
  func errors() async throws {
    let fixture = try await ProviderFixture(.toml, "apiKey = \"hunter2\"\n")
    let provider = try await fixture.provider()
    let error = #expect(throws: ConfigDiagnostic.self) {
      try provider.value(forKey: "apiKey", type: .int)
    }
    #expect(
      error?.description
        == "config/app.toml:1:10 apiKey: expected Int, found String (redacted)")
    try await fixture.end()
  }
}
