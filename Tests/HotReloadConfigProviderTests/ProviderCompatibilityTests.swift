import Configuration
import ConfigurationTesting
import HotReload
import HotReloadConfigProvider
import Testing

@Suite("The provider for swift-configuration", .timeLimit(.minutes(5)))
struct ProviderCompatibilityTests {
  @Test("passes upstream's tests of providers on a real file", arguments: Format.allCases)
  func passesUpstreamsTests(_ format: Format) async throws {
    let fixture = try await ProviderFixture(format, Self.document(format))
    try await ProviderCompatTest(provider: fixture.provider()).runTest()
    try await fixture.end()
  }

  @Test("passes them after the file was changed while it was watched", arguments: Format.allCases)
  func passesThemAfterAReload(_ format: Format) async throws {
    let fixture = try await ProviderFixture(format, format.document("1"))
    let provider = try await fixture.provider()
    try await fixture.save(Self.document(format))
    try await ProviderCompatTest(provider: provider).runTest()
    try await fixture.end()
  }

  @Test("gives a reader every type, also as a default and scoped", arguments: Format.allCases)
  func servesAReader(_ format: Format) async throws {
    let fixture = try await ProviderFixture(format, Self.document(format))
    let config = try await fixture.reader()
    #expect(config.int(forKey: "other.int", default: 0) == 24)
    #expect(config.int(forKey: "absent.int", default: 8080) == 8080)
    #expect(config.string(forKey: "string") == "Hello")
    #expect(try config.requiredDouble(forKey: "double") == 3.14)
    let other = config.scoped(to: "other")
    #expect(other.boolArray(forKey: "booly.array") == [false, true, true])
    #expect(other.bytes(forKey: "bytes") == Array("magic2".utf8))
    #expect(
      try await other.fetchRequiredStringArray(forKey: "stringy.array") == ["Hello", "Swift"])
    #expect(other.snapshot().intArray(forKey: "inty.array") == [16, 32])
    try await fixture.end()
  }

  @Test("says the config's name in its own, and shows no values")
  func description() async throws {
    let fixture = try await ProviderFixture(.toml, "password = \"open\"\n[a]\nb = 1\n")
    let provider = try await fixture.provider()
    #expect(provider.providerName == "HotReloadConfigProvider[app]")
    #expect(provider.description == "HotReloadConfigProvider[app][2 values]")
    #expect("\(provider.snapshot())" == "HotReloadConfigProvider[app][2 values]")
    #expect(provider.snapshot().providerName == provider.providerName)
    try await fixture.end()
  }

  @Test("cannot be made of a config that is not there or has no good value, and says why")
  func needsAGoodValue() async throws {
    let fixture = try await ProviderFixture(.toml, "a = 1\na = 2\n")
    let error = await #expect(throws: HotReloadError.self) { try await fixture.provider() }
    #expect(error?.code == .configRejected)
    #expect("\(try #require(error))".contains("config/app.toml:2:1"))
    let missing = await #expect(throws: HotReloadError.self) {
      try await HotReloadConfigProvider(manager: fixture.manager, config: "none")
    }
    #expect(missing?.code == .configRejected)
    try await fixture.save("a = 1\n")
    #expect(try await fixture.reader().int(forKey: "a") == 1)
    try await fixture.end()
  }

  /// What upstream's tests ask for.
  static func document(_ format: Format) -> String {
    switch format {
    case .json:
      """
      {
        "string": "Hello", "int": 42, "double": 3.14, "bool": true, "bytes": "bWFnaWM=",
        "stringy": {"array": ["Hello", "World"]}, "inty": {"array": [42, 24]},
        "doubly": {"array": [3.14, 2.72]}, "booly": {"array": [true, false]},
        "byteChunky": {"array": ["bWFnaWM=", "bWFnaWMy"]},
        "other": {
          "string": "Other Hello", "int": 24, "double": 2.72, "bool": false, "bytes": "bWFnaWMy",
          "stringy": {"array": ["Hello", "Swift"]}, "inty": {"array": [16, 32]},
          "doubly": {"array": [0.9, 1.8]}, "booly": {"array": [false, true, true]},
          "byteChunky": {"array": ["bWFnaWM=", "bWFnaWMy", "bWFnaWM="]}
        }
      }
      """
    case .toml:
      """
      string = "Hello"
      int = 42
      double = 3.14
      bool = true
      bytes = "bWFnaWM="
      stringy.array = ["Hello", "World"]
      inty.array = [42, 24]
      doubly.array = [3.14, 2.72]
      booly.array = [true, false]
      byteChunky.array = ["bWFnaWM=", "bWFnaWMy"]

      [other]
      string = "Other Hello"
      int = 24
      double = 2.72
      bool = false
      bytes = "bWFnaWMy"
      stringy.array = ["Hello", "Swift"]
      inty.array = [16, 32]
      doubly.array = [0.9, 1.8]
      booly.array = [false, true, true]
      byteChunky.array = ["bWFnaWM=", "bWFnaWMy", "bWFnaWM="]
      """
    case .yaml:
      """
      string: Hello
      int: 42
      double: 3.14
      bool: true
      bytes: bWFnaWM=
      stringy: {array: [Hello, World]}
      inty: {array: [42, 24]}
      doubly: {array: [3.14, 2.72]}
      booly: {array: [true, false]}
      byteChunky: {array: [bWFnaWM=, bWFnaWMy]}
      other:
        string: Other Hello
        int: 24
        double: 2.72
        bool: false
        bytes: bWFnaWMy
        stringy: {array: [Hello, Swift]}
        inty: {array: [16, 32]}
        doubly: {array: [0.9, 1.8]}
        booly: {array: [false, true, true]}
        byteChunky:
          array:
            - bWFnaWM=
            - bWFnaWMy
            - bWFnaWM=
      """
    }
  }
}
