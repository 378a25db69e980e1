import HotReloadTesting
import Synchronization
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("Exposures", .timeLimit(.minutes(5)))
struct ExposureTests {
  private static let files: [FilePath: String] = [
    Fixture.app: """
    a = 1
    b = 1
    [experiment]
    name = "checkout"
    weights = { control = 50, treatment = 50 }
    test_subjects = { treatment = ["qa-1"] }
    """, "config/app@treatment.toml": "a = 2\n",
  ]

  private func start() async throws -> (Fixture, ConfigStream<AppConfig>) {
    let fixture = try await Fixture.scripted(Self.files)
    return (fixture, try await fixture.manager.watchConfigChanges("app", as: AppConfig.self))
  }

  @Test("tell each subject once, with what it got")
  func once() async throws {
    let (fixture, stream) = try await start()
    var exposures = try fixture.manager.exposures().makeAsyncIterator()
    for _ in 0..<3 {
      for subject in ["user-1", "user-2", "qa-1"] { _ = stream.current(for: subject) }
    }
    _ = stream.assignment(for: "user-1")
    _ = stream.assignment(for: "user-9", exposes: false)
    _ = stream.current(in: "treatment")
    var found: [Exposure] = []
    for _ in 0..<3 { found.append(try #require(await exposures.next())) }
    #expect(Set(found.map(\.subject)) == ["user-1", "user-2", "qa-1"])
    for exposure in found {
      let assignment = try #require(stream.assignment(for: exposure.subject))
      #expect(exposure.variant == assignment.variant && exposure.experiment == "checkout")
      #expect(exposure.config == "app" && exposure.generation == stream.generation)
      #expect(exposure.isTestSubject == (exposure.subject == "qa-1"))
      #expect(exposure.droppedBefore == 0)
    }
    try await fixture.end()
    #expect(await exposures.next() == nil)
  }

  @Test("tell a subject again when it gets another variant")
  func again() async throws {
    let (fixture, stream) = try await start()
    var exposures = try fixture.manager.exposures().makeAsyncIterator()
    let subject = try #require(
      (0..<100).map { "user-\($0)" }.first {
        stream.assignment(for: $0, exposes: false)?.variant == "control"
      })
    _ = stream.current(for: subject)
    #expect(await exposures.next()?.variant == "control")
    try await fixture.save(
      Fixture.app,
      "a = 1\nb = 1\n[experiment]\nname = \"checkout\"\n"
        + "weights = { control = 0, treatment = 1 }\n")
    _ = stream.current(for: subject)
    #expect(await exposures.next()?.variant == "treatment")
    try await fixture.end()
  }

  @Test("never show the subject in a description, however it is made")
  func redacted() async throws {
    let (fixture, stream) = try await start()
    var exposures = try fixture.manager.exposures().makeAsyncIterator()
    _ = stream.current(for: "someone@example.org")
    let exposure = try #require(await exposures.next())
    #expect(exposure.subject == "someone@example.org")
    var dumped = ""
    dump(exposure, to: &dumped)
    for text in [
      "\(exposure)", String(reflecting: exposure), "\([exposure])", "\(Optional(exposure) as Any)",
      dumped,
    ] {
      #expect(!text.contains("someone") && text.contains(exposure.subjectDigest), "\(text)")
    }
    #expect(exposure.subjectDigest.wholeMatch(of: /[0-9a-f]{16}/) != nil)
    try await fixture.end()
  }

  @Test("that a slow consumer has no room for are dropped and counted")
  func slow() async throws {
    let (fixture, stream) = try await start()
    let manager = fixture.manager
    var slow = try manager.exposures(bufferLimit: 2).makeAsyncIterator()
    var quick = try manager.exposures().makeAsyncIterator()
    for number in 0..<10 { _ = stream.current(for: "user-\(number)") }
    // When the quick one has all of them, the slow one has been offered them.
    for _ in 0..<10 { #expect(await quick.next()?.droppedBefore == 0) }
    for _ in 0..<2 { #expect(await slow.next()?.droppedBefore == 0) }
    _ = stream.current(for: "user-10")
    _ = await quick.next()
    #expect(await slow.next()?.droppedBefore == 8)
    try await fixture.end()
  }

  @Test("that come faster than they can be handed on are dropped, counted, and told the next time")
  func many() async throws {
    // The task that hands on begins when the test lets it.
    let task = Mutex<(@Sendable () async -> Void)?>(nil)
    let hub = ExposureHub { body in task.withLock { $0 = body } }
    let assigner = VariantAssigner(
      ConfigExperiment(name: "x", weights: ["control": 1]), variants: [])
    let (_, stream) = try hub.stream(limit: 1)
    let room = ExposureHub.maximumGathered * ExposureHub.shardCount
    let sent = 3 * room
    for number in 0..<sent {
      let subject = "user-\(number)"
      hub.note(assigner.choice(for: subject), of: subject, by: assigner, config: "app", 1)
    }
    // So many that every shard is full.
    let counts = hub.counts
    #expect(counts.gathered == room && counts.remembered == room)
    #expect(counts.dropped == sent - room)
    let handOn = try #require(task.withLock { $0 })
    let running = Task { await handOn() }
    var exposures = stream.makeAsyncIterator()
    #expect(await exposures.next()?.droppedBefore == sent - room)
    hub.finish()
    await running.value
  }

  @Test("cost nothing and remember nothing while nobody listens")
  func unwanted() async throws {
    let (fixture, stream) = try await start()
    _ = stream.current(for: "user-1")
    var exposures = try fixture.manager.exposures().makeAsyncIterator()
    #expect(fixture.manager.driver.exposures.counts.remembered == 0)
    _ = stream.current(for: "user-1")
    #expect(await exposures.next()?.subject == "user-1")
    try await fixture.end()
  }

  @Test("are given to a handler until it is unregistered")
  func handler() async throws {
    let (fixture, stream) = try await start()
    let (calls, continuation) = AsyncStream.makeStream(of: String.self)
    let registration = try fixture.manager.registerExposureHandler { exposure in
      continuation.yield(exposure.subject)
    }
    var called = calls.makeAsyncIterator()
    _ = stream.current(for: "user-1")
    #expect(await called.next() == "user-1")
    registration.unregister()
    var others = try fixture.manager.exposures().makeAsyncIterator()
    _ = stream.current(for: "user-2")
    #expect(await others.next()?.subject == "user-2")
    try await fixture.end()
    continuation.finish()
    #expect(await called.next() == nil)
    #expect(throws: HotReloadError.self) {
      try fixture.manager.registerExposureHandler { _ in }
    }
  }

  @Test("from many threads at once are each told once or counted as dropped")
  func concurrent() async throws {
    let (fixture, stream) = try await start()
    let exposures = try fixture.manager.exposures(bufferLimit: 10_000)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for number in 0..<1_000 { _ = stream.current(for: "user-\(number)") }
        }
      }
    }
    try await fixture.end()
    var seen: [String: Int] = [:]
    for await exposure in exposures { seen[exposure.subject, default: 0] += 1 }
    #expect(seen.values.allSatisfy { $0 == 1 })
    // A subject whose notes were all dropped would need eight failures of its own.
    #expect(seen.count == 1_000)
  }

  @Test("can have no more listeners than the limit")
  func listeners() async throws {
    let (fixture, _) = try await start()
    var streams: [AsyncStream<Exposure>] = []
    for _ in 0..<ExposureHub.maximumConsumers { streams.append(try fixture.manager.exposures()) }
    #expect(throws: HotReloadError.self) { try fixture.manager.exposures() }
    streams.removeLast()
    _ = try fixture.manager.exposures()
    try await fixture.end()
  }
}

@Suite("A set of what is recent")
struct RecentSetTests {
  @Test("never has more than its capacity, and remembers at least the latest half of it")
  func bound() {
    var set = RecentSet<Int>(capacity: 100)
    for number in 0..<10_000 {
      if !set.contains(number) { set.insert(number) }
      #expect(set.count <= 100)
      var copy = set
      let forgotten = (max(0, number - 49)...number).filter { !copy.contains($0) }
      #expect(forgotten.isEmpty)
    }
  }

  @Test("keeps what is asked for again, however much else comes")
  func kept() {
    var set = RecentSet<Int>(capacity: 100)
    set.insert(-1)
    for number in 0..<10_000 {
      let isKept = set.contains(-1)
      #expect(isKept)
      set.insert(number)
    }
    let isOld = set.contains(0)
    #expect(!isOld)
  }
}
