#if UPSTREAM_COMPARISON
  import Configuration
  import HotReloadConfigProvider
  import HotReloadTesting
  import Logging
  import SystemPackage
  import Testing

  /// What `ReloadingFileProvider` of swift-configuration 1.4.0 does with typed watches, beside ours. If one of its tests
  /// fails, upstream has mended it: say so in the documentation.
  ///
  /// It compares and delivers every watched value as a string, whatever type was asked for. `fetchValue` makes it
  /// look at the file, so nothing has to be waited for.
  @Suite("Typed watches of upstream's reloading provider", .timeLimit(.minutes(5)))
  struct UpstreamReloadingTests {
    /// A file that upstream reads.
    private struct File<Snapshot: FileConfigSnapshot>: Sendable {
      let folder: TemporaryWorkspace
      let provider: ReloadingFileProvider<Snapshot>
      private let format: Format

      init(_ format: Format) async throws {
        self.format = format
        folder = try TemporaryWorkspace()
        try Self.write(folder, format, number: 1, text: "a")
        provider = try await ReloadingFileProvider(
          filePath: folder.path(format.path), pollInterval: .milliseconds(20),
          logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
      }

      /// With a time that grows with the number, for upstream looks only at that.
      private static func write(
        _ folder: TemporaryWorkspace, _ format: Format, number: Int, text: String
      ) throws {
        let entries = [("number", "\(number)"), ("text", "\"\(text)\"")]
        try folder.replace(format.path, format.document(entries))
        let seconds = Int64(1_000_000_000 + number)
        try folder.setModificationTime(format.path, nanoseconds: seconds * 1_000_000_000)
      }

      /// Writes both values anew, and has upstream look at the file.
      func save(number: Int, text: String) async throws {
        try Self.write(folder, format, number: number, text: text)
        let read = try await provider.fetchValue(forKey: "number", type: .int)
        #expect(read.value?.content == .int(number))
      }
    }

    /// What upstream has delivered and nobody has taken yet; nil if there is nothing.
    private func waiting(
      in updates: ConfigUpdatesAsyncSequence<Result<LookupResult, any Error>, Never>
    ) async -> Result<LookupResult, any Error>? {
      // A stream that is cancelled still hands out what is in its buffer.
      let task = Task { () -> Result<LookupResult, any Error>? in
        withUnsafeCurrentTask { $0?.cancel() }
        for await update in updates { return update }
        return nil
      }
      return await task.value
    }

    @Test("in JSON: an int that changes is never delivered, a string is")
    func json() async throws {
      let file = try await File<JSONSnapshot>(.json)
      try await file.provider.watchValue(forKey: "number", type: .int) { numbers in
        try await file.provider.watchValue(forKey: "text", type: .string) { texts in
          var firstNumber = numbers.makeAsyncIterator()
          #expect(await firstNumber.following()?.content == .int(1))
          var firstText = texts.makeAsyncIterator()
          #expect(await firstText.following()?.content == .string("a"))
          try await file.save(number: 2, text: "b")
          #expect(await waiting(in: texts)?.content == .string("b"))
          #expect(await waiting(in: numbers) == nil)
        }
      }
    }

    @Test(
      "in YAML: an int that changes is delivered as a string, which a reader's watch takes for nothing"
    )
    func yaml() async throws {
      let file = try await File<YAMLSnapshot>(.yaml)
      try await file.provider.watchValue(forKey: "number", type: .int) { numbers in
        var first = numbers.makeAsyncIterator()
        #expect(await first.following()?.content == .int(1))
        try await file.save(number: 2, text: "a")
        #expect(await waiting(in: numbers)?.content == .string("2"))
      }
      let config = ConfigReader(provider: file.provider)
      try await config.watchInt(forKey: "number") { numbers in
        var numbers = numbers.makeAsyncIterator()
        #expect(await numbers.following() == 2)
        try await file.save(number: 3, text: "a")
        #expect(await numbers.following() == .some(nil))
        #expect(config.int(forKey: "number") == 3)
      }
    }

    @Test("and ours: an int that changes is delivered as an int", arguments: [Format.json, .yaml])
    func ours(_ format: Format) async throws {
      let fixture = try await ProviderFixture(format, format.document("1"))
      let config = try await fixture.reader()
      try await config.watchInt(forKey: "value") { numbers in
        var numbers = numbers.makeAsyncIterator()
        #expect(await numbers.following() == 1)
        try await fixture.save(value: "2")
        #expect(await numbers.following() == 2)
        #expect(config.int(forKey: "value") == 2)
      }
      try await fixture.end()
    }
  }
#endif
