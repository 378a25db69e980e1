import Foundation
import Testing

@testable import WorkspaceTools

@Suite("Decoding and encoding")
struct DecodingTests {
  private func toml(_ text: String) throws -> ConfigTree {
    try ConfigFormat.toml.parse(Array(text.utf8), file: "config/app.toml")
  }

  private func failure<T: Decodable>(_ type: T.Type, _ text: String) throws -> String {
    let tree = try toml(text)
    do throws(ConfigDiagnostic) {
      return "decoded \(try tree.decode(type))"
    } catch {
      return "\(error)"
    }
  }

  enum Level: String, Codable { case debug, info }

  struct Everything: Codable, Equatable {
    var int: Int
    var byte: UInt8
    var double: Double
    var float: Float
    var flag: Bool
    var text: String
    var missing: String?
    var level: Level
    var date: Date
    var url: URL
    var data: Data
    var decimal: Decimal
    var day: ConfigDate
    var list: [Double]
    var table: [String: Int]
    var pairs: [[Level]]
  }

  @Test("Every type is decoded from its natural form, and encodes into what it was decoded from")
  func everything() throws {
    let tree = try toml(
      """
      int = -1
      byte = 255
      double = 3
      float = 0.1
      flag = true
      text = "x"
      level = "info"
      date = 1970-01-02T01:00:00.25+01:00
      url = "https://example.com/a?b"
      data = "aGVsbG8="
      decimal = "0.1"
      day = 1979-05-27
      list = [1, 2.5, inf]
      table = {a = 1, b = 2}
      pairs = [["debug"], []]
      """)
    let value = try tree.decode(Everything.self)
    #expect(value.double == 3)
    #expect(value.float == 0.1)
    #expect(value.date == Date(timeIntervalSince1970: 86_400.25))
    #expect(value.data == Data("hello".utf8))
    #expect(value.decimal == Decimal(string: "0.1"))
    #expect(value.list == [1, 2.5, .infinity])
    let encoded = try ConfigTree.encode(value)
    #expect(try encoded.decode(Everything.self) == value)
    #expect(encoded["float"] == 0.1)
    for format in [ConfigFormat.toml, .yaml] {
      let again = try format.parse(try format.serialize(encoded), file: "a")
      #expect(try again.decode(Everything.self) == value)
    }
  }

  struct Server: Codable {
    struct Limits: Codable { var ratio: Float }
    var port: UInt16
    var maxConnections: Int?
    var limits: Limits?
    var hosts: [String]?
  }
  struct App: Codable { var server: Server }

  @Test("An error names file, line, column and key path, what was expected and what was found")
  func errors() throws {
    func app(_ text: String) throws -> String { try failure(App.self, text) }
    #expect(
      try app("[server]\nport = \"80a\"")
        == "config/app.toml:2:8 server.port: expected UInt16, found String \"80a\"")
    #expect(
      try app("[server]\nport = 70000")
        == "config/app.toml:2:8 server.port: 70000 does not fit into UInt16 (0...65535)")
    #expect(try app("server.port = -1").contains("-1 does not fit into UInt16"))
    #expect(
      try app("server.port = 1.0")
        == "config/app.toml:1:15 server.port: expected UInt16, found Float 1.0")
    #expect(try app("server = 1") == "config/app.toml:1:10 server: expected a table, found Int 1")
    #expect(
      try app("server = {port = 1, hosts = [\"a\", 2]}")
        == "config/app.toml:1:35 server.hosts[1]: expected String, found Int 2")
    #expect(
      try app("server = {port = 1, hosts = {}}")
        == "config/app.toml:1:29 server.hosts: expected an array, found a table")
    #expect(
      try app("server = {port = 1, limits.ratio = 1e300}")
        == "config/app.toml:1:36 server.limits.ratio: 1e+300 does not fit into Float")
    #expect(try failure([String: Level].self, "a = \"loud\"").hasPrefix("config/app.toml:1:5 a: "))
    #expect(
      try failure([String: Date].self, "a = 1979-05-27")
        == "config/app.toml:1:5 a: expected a date with time and offset, found 1979-05-27; "
        + "write it like 2026-01-31T12:00:00Z")
    #expect(try failure([String: Data].self, "a = \"€\"").contains("expected base64"))
    #expect(try failure([String: Decimal].self, "a = \"1x\"").contains("expected a decimal number"))
  }

  @Test("A missing key names its table, and a key that may be a misspelling of it")
  func missing() throws {
    #expect(
      try failure(App.self, "[server]\nprot = 1")
        == "config/app.toml:1:2 server.port: missing key \"port\"; did you mean \"prot\", at config/app.toml:2:1?"
    )
    #expect(
      try failure(App.self, "[server]\nname = 1")
        == "config/app.toml:1:2 server.port: missing key \"port\" in this table")
    #expect(try failure(App.self, "[sever]\n").contains("did you mean \"sever\""))
    #expect(
      Spelling.nearest(to: "maxConnections", among: ["max_connections", "min"]) == "max_connections"
    )
    #expect(Spelling.nearest(to: "a", among: ["b"]) == nil)
  }

  @Test("An error never shows what a secret's key holds")
  func secrets() throws {
    struct Secret: Codable { var password: Int }
    let message = try failure([String: Secret].self, "db.password = \"hunter2\"")
    #expect(message == "config/app.toml:1:15 db.password: expected Int, found String (redacted)")
    let range = try failure([String: UInt8].self, "token = 123456")
    #expect(!range.contains("123456") && range.contains("(redacted)"))
    let below = try failure([String: [String: Int]].self, "secrets = {x = \"hunter2\"}")
    #expect(!below.contains("hunter2"))
    let bad = try failure([String: Date].self, "secret = \"hunter2\"")
    #expect(!bad.contains("hunter2"))
    let tree = try toml("password = \"hunter2\"")
    let shown = #expect(throws: ConfigDiagnostic.self) {
      try tree.decode([String: Int].self, redaction: .none)
    }
    #expect(shown?.message.contains("hunter2") == true)
  }

  struct Checked: Decodable {
    struct Refusal: Error, CustomStringConvertible { var description: String }
    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer().decode(Int.self)
      if value == 1 { throw Refusal(description: "must not be 1") }
      if value == 2 {
        throw DecodingError.dataCorrupted(
          DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "must not be 2"))
      }
    }
  }

  @Test("An error of a type's own making gets the place of the value that it refuses")
  func foreignErrors() throws {
    #expect(
      try failure([String: [Checked]].self, "a = [0, 3, 1]")
        == "config/app.toml:1:12 a[2]: must not be 1")
    #expect(
      try failure([String: [Checked]].self, "a = [0, 2]")
        == "config/app.toml:1:9 a[1]: must not be 2")
    #expect(
      try failure([String: Checked].self, "a = true").contains("expected Int, found Bool true"))
  }

  class Animal: Codable {
    var name: String
    init(name: String) { self.name = name }
  }
  final class Dog: Animal {
    var age: Int
    init(name: String, age: Int) {
      self.age = age
      super.init(name: name)
    }
    enum Keys: String, CodingKey { case age, list, nested }
    required init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Keys.self)
      age = try container.decode(Int.self, forKey: .age)
      var list = try container.nestedUnkeyedContainer(forKey: .list)
      #expect(try list.decodeNil() && list.count == 3)
      #expect(throws: DecodingError.self) { try list.decode(String.self) }
      #expect(try list.decode(Int.self) == 1)
      let inner = try list.nestedContainer(keyedBy: Keys.self)
      #expect(inner.allKeys == [.age] && list.isAtEnd)
      #expect(throws: DecodingError.self) { try list.decode(Int.self) }
      let nested = try container.nestedContainer(keyedBy: Keys.self, forKey: .nested)
      #expect(try nested.decodeNil(forKey: .age) && nested.contains(.age))
      try super.init(from: container.superDecoder())
    }
    override func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Keys.self)
      try container.encode(age, forKey: .age)
      var list = container.nestedUnkeyedContainer(forKey: .list)
      try list.encodeNil()
      try list.encode(1)
      var inner = list.nestedContainer(keyedBy: Keys.self)
      try inner.encode(2, forKey: .age)
      var nested = container.nestedContainer(keyedBy: Keys.self, forKey: .nested)
      try nested.encodeNil(forKey: .age)
      try super.encode(to: container.superEncoder())
    }
  }

  @Test("Nested containers and super decoders work both ways")
  func containers() throws {
    let tree = try ConfigTree.encode(["pet": Dog(name: "Rex", age: 3)])
    #expect(
      tree.jsonText()
        == #"{"pet":{"age":3,"list":[null,1,{"age":2}],"nested":{"age":null},"super":{"name":"Rex"}}}"#
    )
    let dog = try #require(try tree.decode([String: Dog].self)["pet"])
    #expect(dog.age == 3 && dog.name == "Rex")
  }

  @Test("What cannot be encoded is refused with its key path")
  func unencodable() {
    let large = #expect(throws: ConfigDiagnostic.self) {
      try ConfigTree.encode(["a": [UInt64.max]])
    }
    #expect(large?.keyPath == "a[0]")
    let late = #expect(throws: ConfigDiagnostic.self) {
      try ConfigTree.encode(["a": Date(timeIntervalSince1970: 1e14)])
    }
    #expect(late?.keyPath == "a")
  }

  @Test(
    "Dates encode into the same moment",
    arguments: [0, -0.5, 1_700_000_000.25, -62_135_596_800, 253_402_300_799])
  func dates(seconds: Double) throws {
    let date = Date(timeIntervalSince1970: seconds)
    let tree = try ConfigTree.encode(["a": date])
    #expect(try tree.decode([String: Date].self)["a"] == date)
    let iso = Date.ISO8601FormatStyle(includingFractionalSeconds: false)
    // Foundation's calendar changes to the Julian one in 1582; ours does not.
    if seconds == seconds.rounded(), seconds > -1e10 {
      #expect(tree["a"]?.jsonText() == "\"\(date.formatted(iso))\"")
    }
  }
}
