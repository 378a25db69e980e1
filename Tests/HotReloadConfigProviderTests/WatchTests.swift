import Configuration
import HotReload
import HotReloadConfigProvider
import Testing
import WorkspaceTools

@Suite("A watched value", .timeLimit(.minutes(5)))
struct WatchTests {
  /// A value of each type, then another, as they are written in every format.
  static let values: [(type: ConfigType, text: [String], content: [ConfigContent])] = [
    (.string, [#""a""#, #""b""#], [.string("a"), .string("b")]),
    (.int, ["1", "2"], [.int(1), .int(2)]),
    (.double, ["1.5", "2.5"], [.double(1.5), .double(2.5)]),
    (.bool, ["false", "true"], [.bool(false), .bool(true)]),
    (.bytes, [#""YQ==""#, #""Yg==""#], [.bytes([97]), .bytes([98])]),
    (.stringArray, [#"["a"]"#, #"["a", "b"]"#], [.stringArray(["a"]), .stringArray(["a", "b"])]),
    (.intArray, ["[1, 2]", "[2, 1]"], [.intArray([1, 2]), .intArray([2, 1])]),
    (.doubleArray, ["[1.5]", "[]"], [.doubleArray([1.5]), .doubleArray([])]),
    (.boolArray, ["[true]", "[false]"], [.boolArray([true]), .boolArray([false])]),
    (
      .byteChunkArray, [#"["YQ=="]"#, #"["Yg=="]"#],
      [.byteChunkArray([[97]]), .byteChunkArray([[98]])]
    ),
  ]

  @Test("delivers each change as the type that was asked for", arguments: Format.allCases)
  func everyType(_ format: Format) async throws {
    let fixture = try await ProviderFixture(format, format.document("0"))
    let provider = try await fixture.provider()
    for (type, text, content) in Self.values {
      try await fixture.save(value: text[0])
      try await provider.watchValue(forKey: "value", type: type) { updates in
        var updates = updates.makeAsyncIterator()
        #expect(await updates.following()?.content == content[0])
        try await fixture.save(value: text[1])
        #expect(await updates.following()?.content == content[1])
        try await fixture.save(value: text[0])
        #expect(await updates.following()?.content == content[0])
      }
      #expect(try provider.value(forKey: "value", type: type).value?.content == content[0])
      #expect(
        try await provider.fetchValue(forKey: "value", type: type).value?.content == content[0])
    }
    try await fixture.end()
  }

  @Test(
    "comes to a reader's watch too, with its default where it is missing",
    arguments: Format.allCases)
  func readersWatch(_ format: Format) async throws {
    let fixture = try await ProviderFixture(format, format.document("1"))
    let config = try await fixture.reader()
    try await config.watchInt(forKey: "value", default: 7) { updates in
      var updates = updates.makeAsyncIterator()
      #expect(await updates.following() == 1)
      try await fixture.save(value: "2")
      #expect(await updates.following() == 2)
      try await fixture.save(format.document([("other", "2")]))
      #expect(await updates.following() == 7)
      try await fixture.end()
      #expect(await updates.following() == nil)
    }
  }

  @Test(
    "stays when a file is refused, without a delivery, and changes again when it is mended",
    arguments: Format.allCases)
  func refusalAndRecovery(_ format: Format) async throws {
    let fixture = try await ProviderFixture(format, format.document("1"))
    let provider = try await fixture.provider()
    try await provider.watchValue(forKey: "value", type: .int) { updates in
      var updates = updates.makeAsyncIterator()
      #expect(await updates.following()?.content == .int(1))
      try await fixture.save(Format.broken)
      #expect(try provider.value(forKey: "value", type: .int).value?.content == .int(1))
      #expect(
        try await provider.fetchValue(forKey: "value", type: .int).value?.content == .int(1))
      try await fixture.save(value: "2")
      #expect(await updates.following()?.content == .int(2))
      try await fixture.save(Format.broken)
      try await fixture.save(value: "2")
      try await fixture.save(Format.broken)
      try await fixture.end()
      #expect(await updates.following() == nil)
    }
  }

  @Test(
    "is delivered as absent when its key goes, and again when it comes back",
    arguments: Format.allCases)
  func deletion(_ format: Format) async throws {
    let fixture = try await ProviderFixture(format, format.document("1"))
    try await fixture.provider().watchValue(forKey: "value", type: .int) { updates in
      var updates = updates.makeAsyncIterator()
      #expect(await updates.following()?.content == .int(1))
      try await fixture.save(format.document([("other", "1")]))
      let absent = try #require(await updates.following())
      #expect(try absent.get() == LookupResult(encodedKey: "value", value: nil))
      try await fixture.save(value: "1")
      #expect(await updates.following()?.content == .int(1))
    }
    try await fixture.end()
  }

  @Test(
    "is delivered as a failure with its place when its type changes", arguments: Format.allCases)
  func typeChange(_ format: Format) async throws {
    let fixture = try await ProviderFixture(format, format.document("1"))
    let place = "config/app.\(format.rawValue):\(format.firstLine):\(format.valueColumn) value:"
    try await fixture.provider().watchValue(forKey: "value", type: .int) { updates in
      var updates = updates.makeAsyncIterator()
      #expect(await updates.following()?.content == .int(1))
      try await fixture.save(value: #""one""#)
      let failure = try #require(await updates.following()?.error as? ConfigDiagnostic)
      #expect(failure.description == #"\#(place) expected Int, found String "one""#)
      try await fixture.save(value: "[1]")
      let other = try #require(await updates.following()?.error as? ConfigDiagnostic)
      #expect(other.description == "\(place) expected Int, found an array")
      try await fixture.save(value: "1")
      #expect(await updates.following()?.content == .int(1))
    }
    try await fixture.end()
  }

  /// Two documents that give `value` alike as the type.
  static let alike: [(type: ConfigType, before: String, after: String)] = [
    (.int, "value = 1\nother = 1\n", "other = 2\n\nvalue = 1\n"),
    (.double, "value = nan\n", "other = 1\nvalue = nan\n"),
    (.double, "value = 1.0\n", "value = 1\n"),
    (.doubleArray, "value = [1.0, nan]\n", "value = [\n1.0,\n+nan]\n"),
    (.string, "value = \"a\"\n", "value = 'a'\n"),
    (.string, "value = 2026-01-31\n", "value = '2026-01-31'\n"),
    (.int, "value = \"a\"\n", "other = 1\nvalue = \"a\"\n"),
    (.int, "other = 1\n", "other = 2\n"),
  ]

  @Test(
    "is not delivered when others change, when it moves or is written another way", arguments: alike
  )
  func realChangesOnly(_ type: ConfigType, _ before: String, _ after: String) async throws {
    let fixture = try await ProviderFixture(.toml, before)
    let provider = try await fixture.provider()
    try await provider.watchValue(forKey: "value", type: type) { updates in
      var updates = updates.makeAsyncIterator()
      #expect(await updates.following() != nil)
      try await fixture.save("new = 1\n" + after)
      #expect(try provider.value(forKey: "new", type: .int).value?.content == .int(1))
      try await fixture.end()
      #expect(await updates.following() == nil)
    }
  }

  /// A task that keeps what a watch of `value` delivers, and has its first delivery.
  private func watching(
    _ provider: HotReloadConfigProvider
  ) async -> Task<[ConfigContent?], any Error> {
    let (began, beginning) = AsyncStream<Void>.makeStream()
    let waiting = Task {
      try await provider.watchValue(forKey: "value", type: .int) { updates in
        var seen: [ConfigContent?] = []
        for await update in updates {
          seen.append(update.content)
          beginning.yield()
        }
        return seen
      }
    }
    for await _ in began { break }
    return waiting
  }

  @Test("ends for a task that is cancelled, while it waits and before it began")
  func cancellation() async throws {
    let fixture = try await ProviderFixture(.toml, "value = 1\n")
    let provider = try await fixture.provider()
    let waiting = await watching(provider)
    waiting.cancel()
    #expect(try await waiting.value == [.int(1)])
    let early = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await provider.watchSnapshot { updates in
        for await _ in updates { return true }
        return false
      }
    }
    #expect(try await early.value == false)
    try await fixture.save("value = 2\n")
    #expect(try provider.value(forKey: "value", type: .int).value?.content == .int(2))
    try await fixture.end()
  }

  @Test("ends when the manager shuts down, and can still be read then")
  func shutdown() async throws {
    let fixture = try await ProviderFixture(.toml, "value = 1\n")
    let provider = try await fixture.provider()
    let waiting = await watching(provider)
    try await fixture.end()
    #expect(try await waiting.value == [.int(1)])
    try fixture.folder.replace(fixture.format.path, "value = 2\n")
    #expect(try provider.value(forKey: "value", type: .int).value?.content == .int(1))
    #expect(try await provider.fetchValue(forKey: "value", type: .int).value?.content == .int(1))
  }

  @Test("is fetched from disk, and from within a handler it is the value in force")
  func fetching() async throws {
    let fixture = try await ProviderFixture(.toml, "value = 1\n")
    let config = try await fixture.reader()
    try fixture.folder.replace(fixture.format.path, "value = 2\n")
    #expect(try await config.fetchInt(forKey: "value") == 2)
    let (fetched, continuation) = AsyncStream<Int?>.makeStream()
    try fixture.manager.registerReloadHandler(matching: "app") { event in
      guard case .configChanged = event else { return }
      continuation.yield(try await config.fetchInt(forKey: "value"))
    }
    try await fixture.save("value = 3\n")
    for await value in fetched {
      #expect(value == 3)
      break
    }
    try await fixture.end()
  }

  @Test("never comes to a slow consumer older after newer, and ends with the last of 200")
  func slowConsumer() async throws {
    let fixture = try await ProviderFixture(.toml, "value = 0\n")
    let provider = try await fixture.provider()
    let consumer = Task {
      try await provider.watchValue(forKey: "value", type: .int) { updates in
        var seen: [Int] = []
        for await update in updates {
          if case .int(let value)? = update.content { seen.append(value) }
          for _ in 0..<20 { await Task.yield() }
        }
        return seen
      }
    }
    for number in 1...200 {
      try fixture.folder.replace(fixture.format.path, "value = \(number)\n")
      if number.isMultiple(of: 20) { try await fixture.manager.sync() }
    }
    try await fixture.manager.sync()
    let provided = try provider.value(forKey: "value", type: .int).value?.content
    try await fixture.end()
    let seen = try await consumer.value
    #expect(provided == .int(200))
    #expect(seen.last == 200)
    #expect(zip(seen, seen.dropFirst()).allSatisfy { $0 < $1 })
  }
}
