import HotReloadTesting
import Synchronization
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("A config stream", .timeLimit(.minutes(5)))
struct ConfigStreamTests {
  @Test("yields what changed between its creation and the first iteration")
  func nothingIsLost() async throws {
    let fixture = try await Fixture.scripted()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    try await fixture.save(Fixture.app, Fixture.text(2))
    try await fixture.save(Fixture.app, Fixture.text(3))
    var iterator = stream.makeAsyncIterator()
    #expect(await iterator.next()?.a == 3)
    let later = stream.subscribe()
    try await fixture.save(Fixture.app, Fixture.text(4))
    var other = later.makeAsyncIterator()
    #expect(await other.next()?.a == 4)
    #expect(await iterator.next()?.a == 4)
    try await fixture.end()
    #expect(await iterator.next() == nil)
    #expect(await other.next() == nil)
    #expect(stream.current.a == 4)
  }

  @Test("does not yield the value that it began with, nor one that was rejected")
  func onlyNews() async throws {
    let fixture = try await Fixture.scripted()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    try await fixture.save(Fixture.app, "a = 1")
    try await fixture.save(Fixture.app, Fixture.text(1))
    try await fixture.end()
    var iterator = stream.makeAsyncIterator()
    #expect(await iterator.next() == nil)
  }

  @Test(
    "never gives a slow consumer an older value after a newer one, and ends with the last of 1,000")
  func slowConsumer() async throws {
    let fixture = try await Fixture.scripted()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let consumer = Task {
      var seen: [Int] = []
      for await config in stream {
        seen.append(config.a)
        for _ in 0..<50 { await Task.yield() }
      }
      return seen
    }
    for number in 2...1_001 {
      try fixture.folder.write(Fixture.app, Fixture.text(number))
      fixture.source?.deliver(modified: Fixture.app)
      if number.isMultiple(of: 100) { try await fixture.manager.sync() }
    }
    try await fixture.manager.sync()
    try await fixture.end()
    let seen = await consumer.value
    #expect(seen.last == 1_001)
    #expect(zip(seen, seen.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test("never lets a reader see two keys of different versions, nor an older one")
  func consistentReads() async throws {
    let fixture = try await Fixture.scripted()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let isOver = Latch()
    let readers = (0..<2).map { _ in
      Task.detached {
        var (torn, backwards, reads, last) = (0, 0, 0, 0)
        var cursor = stream.cursor()
        while !isOver.isOpen {
          for config in [stream.current, cursor.current, stream.current] {
            if config.a != config.b { torn += 1 }
            if config.a < last { backwards += 1 }
            last = config.a
            reads += 1
          }
          await Task.yield()
        }
        return (torn, backwards, reads, last)
      }
    }
    for number in 2...100 {
      try await fixture.save(Fixture.app, Fixture.text(number))
    }
    isOver.open()
    for reader in readers {
      let (torn, backwards, reads, last) = await reader.value
      #expect(torn == 0 && backwards == 0)
      #expect(reads > 0 && last > 0)
    }
    #expect(stream.current.a == 100)
    try await fixture.end()
  }

  @Test("of the same config and type is decoded once for all, and not at all when none is left")
  func sharedDecoding() async throws {
    let fixture = try await Fixture.scripted()
    var streams = [try await fixture.manager.watchConfigChanges("app", as: CountedConfig.self)]
    streams.append(try await fixture.manager.watchConfigChanges("app", as: CountedConfig.self))
    let before = CountedConfig.decodings.load(ordering: .relaxed)
    try await fixture.save(Fixture.app, Fixture.text(2))
    #expect(CountedConfig.decodings.load(ordering: .relaxed) == before + 1)
    #expect(streams.map(\.current.a) == [2, 2])
    #expect(await fixture.manager.status().streams == 1)
    streams = []
    try await fixture.save(Fixture.app, Fixture.text(3))
    #expect(CountedConfig.decodings.load(ordering: .relaxed) == before + 1)
    #expect(await fixture.manager.status().streams == 0)
    // The place in the snapshot is given to the next one.
    let other = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    #expect(other.current.a == 3)
    #expect(fixture.manager.driver.cell.storage.values.count == 1)
    try await fixture.end()
  }

  @Test("ends its waiting when its task is cancelled")
  func cancellation() async throws {
    let fixture = try await Fixture.scripted()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let waiting = Task {
      var iterator = stream.makeAsyncIterator()
      return await iterator.next()
    }
    for _ in 0..<20 { await Task.yield() }
    waiting.cancel()
    #expect(await waiting.value == nil)
    try await fixture.end()
  }

  @Test("belongs with all others to one snapshot, which does not change any more")
  func snapshots() async throws {
    let fixture = try await Fixture.scripted([
      Fixture.app: Fixture.text(1), "config/other.toml": Fixture.text(1),
    ])
    let app = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let old = fixture.manager.snapshot()
    let other = try await fixture.manager.watchConfigChanges("other", as: AppConfig.self)
    try fixture.folder.write(Fixture.app, Fixture.text(2))
    try fixture.folder.write("config/other.toml", Fixture.text(2))
    fixture.source?.deliver(modified: Fixture.app, "config/other.toml")
    try await fixture.manager.sync()
    let new = fixture.manager.snapshot()
    #expect(new.generation == old.generation + 1)
    #expect([new.value(of: app)?.a, new.value(of: other)?.a] == [2, 2])
    #expect(old.value(of: app)?.a == 1)
    #expect(old.value(of: other) == nil)
    #expect(old.config("other")?["a"]?.value == .integer(1))
    #expect(new.generation(of: "app") == new.generation)
    #expect(new.configNames == ["app", "other"])
    try await fixture.end()
  }

  @Test("publishes to 10,000 streams")
  func manyStreams() async throws {
    let fixture = try await Fixture.scripted()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let sum = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<10_000 {
        let subscription = stream.subscribe()
        group.addTask {
          var iterator = subscription.makeAsyncIterator()
          return await iterator.next()?.a ?? 0
        }
      }
      try? await fixture.save(Fixture.app, Fixture.text(2))
      return await group.reduce(0, +)
    }
    #expect(sum == 20_000)
    try await fixture.end()
  }
}

/// Counts how often it is decoded.
private struct CountedConfig: Decodable, Sendable {
  static let decodings = Atomic(0)
  var a: Int

  enum CodingKeys: String, CodingKey { case a }

  init(from decoder: any Decoder) throws {
    a = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .a)
    Self.decodings.add(1, ordering: .relaxed)
  }
}
