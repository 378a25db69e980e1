import Configuration
import HotReload
import HotReloadConfigProvider
import Synchronization
import Testing

@Suite("A provider's snapshot", .timeLimit(.minutes(5)))
struct SnapshotTests {
  @Test("does not change, whatever comes into force later", arguments: Format.allCases)
  func staysAsItIs(_ format: Format) async throws {
    let fixture = try await ProviderFixture(format, format.document("1"))
    let config = try await fixture.reader()
    let before = config.snapshot()
    try await fixture.save(value: "2")
    #expect(before.int(forKey: "value") == 1)
    #expect(config.snapshot().int(forKey: "value") == 2)
    try await fixture.save(format.document([("other", "3")]))
    #expect(before.int(forKey: "value") == 1)
    #expect(config.snapshot().int(forKey: "value") == nil)
    try await fixture.end()
  }

  @Test("is delivered for each version, not for one that was refused", arguments: Format.allCases)
  func watched(_ format: Format) async throws {
    let fixture = try await ProviderFixture(format, format.document("1"))
    try await fixture.reader().watchSnapshot { snapshots in
      var snapshots = snapshots.makeAsyncIterator()
      #expect(await snapshots.following()?.int(forKey: "value") == 1)
      try await fixture.save(Format.broken)
      try await fixture.save(value: "2")
      #expect(await snapshots.following()?.int(forKey: "value") == 2)
      try await fixture.save(format.document([("value", "2"), ("other", "3")]))
      #expect(await snapshots.following()?.int(forKey: "other") == 3)
      try await fixture.save(Format.broken)
      try await fixture.end()
      #expect(await snapshots.following() == nil)
    }
  }

  @Test("never mixes two versions, while 100 come into force")
  func consistent() async throws {
    let fixture = try await ProviderFixture(.toml, "a = 0\n[table]\nb = 0\n")
    let provider = try await fixture.provider()
    let config = ConfigReader(provider: provider)
    let isOver = Mutex(false)
    let reader = Task.detached {
      var (torn, backwards, last) = (0, 0, 0)
      var isLast = false
      while !isLast {
        // Asked before reading, so that the last version is read too.
        isLast = isOver.withLock { $0 }
        let snapshot = config.snapshot()
        let a = snapshot.int(forKey: "a", default: -1)
        if snapshot.int(forKey: "table.b", default: -2) != a { torn += 1 }
        if a < last { backwards += 1 }
        last = a
        await Task.yield()
      }
      return (torn, backwards, last)
    }
    let watcher = Task {
      try await provider.watchSnapshot { snapshots in
        var torn = 0
        for await snapshot in snapshots {
          let a = try snapshot.value(forKey: "a", type: .int).value
          if try snapshot.value(forKey: "table.b", type: .int).value != a { torn += 1 }
        }
        return torn
      }
    }
    for number in 1...100 {
      try await fixture.save("a = \(number)\n[table]\nb = \(number)\n")
    }
    isOver.withLock { $0 = true }
    let (torn, backwards, last) = await reader.value
    #expect(torn == 0)
    #expect(backwards == 0)
    #expect(last == 100)
    try await fixture.end()
    #expect(try await watcher.value == 0)
  }
}
