import FileWatching
import HotReloadTesting
import Metrics
import MetricsTestKit
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("The metrics", .timeLimit(.minutes(5)))
struct ReloadMetricsTests {
  @Test("count units by what became of them, and say when and how the last reload went")
  func outcomes() async throws {
    let before = Double(nanosecondsSince1970()) / 1e9
    let observed = try await Observed.scripted()
    #expect(observed.reloads(.applied) == 1)
    try await observed.save(Fixture.app, Fixture.text(2))
    #expect(observed.reloads(.applied) == 2)
    #expect(try observed.gauge(.generation) == 2)
    #expect(try observed.gauge(.lastSuccessful) == 1)
    let success = try #require(try observed.gauge(.lastSuccess))
    #expect((before...Double(nanosecondsSince1970()) / 1e9).contains(success))
    try await observed.save(Fixture.app, "a = [")
    #expect(observed.reloads(.rejected) == 1)
    #expect(try observed.gauge(.lastSuccessful) == 0)
    #expect(try observed.gauge(.lastSuccess) == success)
    try await observed.save(Fixture.app, Fixture.text(2))
    #expect(observed.reloads(.recovered) == 1)
    #expect(try observed.gauge(.lastSuccessful) == 1)
    let report = try await observed.manager.reload()
    #expect(observed.reloads(.unchanged) == 1)
    let seconds = Double(report.duration.nanosecondsClamped) / 1e9
    #expect(try observed.gauge(.lastDuration) == seconds)
    try await observed.fixture.end()
  }

  @Test("time each phase, and leave out what somebody only waited with")
  func phases() async throws {
    let observed = try await Observed.scripted()
    let report = try await observed.manager.reload()
    func times(_ phase: ReloadPhase) -> [Int64] {
      observed.metrics.timers(
        label: ReloadMetric.phaseDuration.rawValue, dimensions: [("phase", phase.rawValue)]
      ).flatMap(\.values)
    }
    for phase in report.phases {
      #expect(times(phase.phase).last == phase.duration.nanosecondsClamped)
    }
    #expect(times(.load).count == 2 && times(.swap).count == 1)
    try await observed.manager.sync()
    #expect(times(.publish).count == 2)
    try await observed.fixture.end()
  }

  @Test("count refusals, and roll-backs with what they leave in quarantine")
  func refusedAndRolledBack() async throws {
    let observed = try await Observed.scripted(
      [Fixture.app: Fixture.text(1)], .rollingBack(66))
    _ = try await observed.manager.register(NumberMaker(), for: [.config("app")])
    await observed.manager.waitForBake()
    try await observed.save(Fixture.app, Fixture.text(200))
    #expect(observed.reloads(.refused) == 1)
    #expect(observed.count(.rollBacks) == 0)
    try await observed.save(Fixture.app, Fixture.text(66))
    let manager = observed.manager
    await eventually { manager.snapshot().generation == 3 }
    try await manager.sync()
    #expect(observed.reloads(.rolledBack) == 1)
    #expect(observed.count(.rollBacks) == 1)
    try await manager.reload()
    #expect(observed.reloads(.quarantined) == 1)
    _ = await manager.status()
    #expect(try observed.gauge(.quarantinedContents) == 1)
    #expect(try observed.gauge(.rejectedUnits) == 1)
    #expect(try observed.gauge(.degraded) == 1)
    try await observed.fixture.end()
  }

  @Test("show what is watched, and whether the manager is paused or gone")
  func gauges() async throws {
    let observed = try await Observed.real()
    let watch = try #require(await observed.manager.status().watch)
    #expect(try observed.gauge(.watchedFolders) == Double(watch.directories))
    #expect(try observed.gauge(.watchedFiles) == Double(watch.files))
    #expect(try observed.gauge(.degraded) == 0)
    #expect(try observed.gauge(.paused) == 0)
    observed.manager.pause()
    _ = await observed.manager.status()
    #expect(try observed.gauge(.paused) == 1)
    #expect(try observed.gauge(.degraded) == 1)
    observed.manager.resume()
    _ = await observed.manager.status()
    #expect(try observed.gauge(.degraded) == 0)
    #expect(try observed.gauge(.running) == 1)
    try await observed.fixture.end()
    #expect(try observed.gauge(.running) == 0)
  }

  @Test("are refreshed when something happened, at most once a second, and now and then")
  func refreshing() async throws {
    let clock = ManualClock()
    let observed = try await Observed.scripted(clock: clock)
    let queue = [("queue", "sequences")]
    await eventually { (try? observed.gauge(.queueDepth, queue)) == 0 }
    // The clock stands still, so that the time for the next refresh does not come.
    try await observed.save(Fixture.app, "a = [")
    #expect(try observed.gauge(.rejectedUnits) == 0)
    await eventually {
      clock.advance(by: HotReloadManager.shortestMetricsInterval)
      return (try? observed.gauge(.rejectedUnits)) == 1
    }
    // What a handler or a consumer takes out is told to nobody; it is found when time has passed.
    var events = try observed.manager.events().makeAsyncIterator()
    observed.fixture.source?.deliver([FileChange(path: "static/a", kind: .created)], to: 1)
    try await observed.manager.sync()
    await eventually {
      clock.advance(by: HotReloadManager.shortestMetricsInterval)
      return (try? observed.gauge(.queueDepth, queue)) == 1
    }
    _ = await events.next()
    await eventually {
      clock.advance(by: HotReloadManager.metricsInterval)
      return (try? observed.gauge(.queueDepth, queue)) == 0
    }
    try await observed.fixture.end()
  }

  @Test("count the events that were dropped, also by receivers that are gone")
  func droppedEvents() async throws {
    let observed = try await Observed.scripted()
    let (isBusy, gate) = (Latch(), Latch())
    try observed.manager.registerReloadHandler(matching: "static/**") { _ in
      isBusy.open()
      await gate.wait()
    }
    func deliver(_ paths: [String]) async throws {
      observed.fixture.source?.deliver(
        paths.map { FileChange(path: FilePath($0), kind: .created) }, to: 1)
      try await observed.manager.sync()
    }
    func dropped(_ receiver: String) -> Int64 {
      observed.count(.droppedEvents, [("receiver", receiver)])
    }
    try await deliver(["static/first"])
    await isBusy.wait()
    try await deliver((0..<HandlerRegistration.capacity + 7).map { "static/\($0)" })
    #expect(dropped("handlers") == 7)
    do {
      let events = try observed.manager.events(bufferLimit: 2)
      try await deliver(["static/a", "static/b", "static/c"])
      #expect(events.dropped == 1)
    }
    #expect(dropped("sequences") == 1)
    #expect(dropped("handlers") == 10)
    try await deliver(["static/d"])
    #expect(dropped("sequences") == 1)
    let status = await observed.manager.status()
    #expect(status.droppedEvents == 12)
    #expect(
      try observed.gauge(.queueDepth, [("queue", "handlers")])
        == Double(HandlerRegistration.capacity))
    gate.open()
    try await observed.fixture.end()
  }

  @Test("count how often everything was compared anew, and show folders that are not watched")
  func watchNotices() async throws {
    let observed = try await Observed.scripted()
    let failure = WatchFailure(errorNumber: 28, description: "no watch is left")
    observed.fixture.source?.deliver(
      [], notices: [.rescanned(.overflow), .degraded(path: "config", reason: failure)])
    try await observed.manager.sync()
    #expect(observed.count(.watchRescans, [("reason", "overflow")]) == 1)
    #expect(observed.count(.watchRescans, [("reason", "rootChanged")]) == 0)
    _ = await observed.manager.status()
    #expect(try observed.gauge(.degradedFolders) == 1)
    try await observed.fixture.end()
  }

  @Test("are all made, under the names that are documented and no others")
  func names() throws {
    let backend = TestMetrics()
    let metrics = try #require(ReloadMetrics(backend))
    let labels = Set(
      backend.counters.map(\.label) + backend.timers.map(\.label) + backend.meters.map(\.label))
    #expect(labels == Set(ReloadMetric.allCases.map(\.rawValue)))
    metrics.tellNews()
  }

  @Test("go to what the program has set up, if the configuration names nothing")
  func bootstrapped() async throws {
    let backend = TestMetrics()
    let fixture = try await withMetricsFactory(backend) { try await Fixture.scripted() }
    #expect(backend.counterTotal(label: ReloadMetric.reloads.rawValue) == 1)
    try await fixture.end()
  }

  @Test("cost nothing where nobody takes them")
  func nobody() {
    #expect(ReloadMetrics(NOOPMetricsHandler.instance) == nil)
  }
}
