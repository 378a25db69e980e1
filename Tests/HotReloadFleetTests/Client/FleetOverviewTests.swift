import Testing

@testable import HotReloadFleet

/// What a store has of a fleet, put together by hand.
struct OverviewFixture {
  static let keys = FleetKeys(prefix: "shop")
  static let base = Release(number: 1, content: BundleDigest(rawValue: "aaaa"))
  static let change = Release(number: 2, content: BundleDigest(rawValue: "bbbb"))

  let store = InMemoryStore()

  static func record(
    _ state: RolloutState, upTo threshold: InstanceHash = .last, proposal: String = "p"
  ) -> RolloutRecord {
    RolloutRecord(
      release: change, base: base, stages: RolloutStage.standard,
      step: RolloutStep(
        stage: 1, threshold: threshold, targets: 1, population: 3, bakeMilliseconds: 300_000),
      state: state, proposal: proposal, proposedBy: "ann", startedAt: 1_000, movedAt: 2_000,
      controller: "web-1", fence: 1)
  }

  static func report(
    _ name: String, running: Release? = base, _ change: (inout InstanceReport) -> Void = { _ in }
  ) -> InstanceReport {
    var report = InstanceReport(instance: name, incarnation: "\(name)#1", running: running)
    change(&report)
    return report
  }

  func put(_ key: StoreKey, _ value: some Encodable) async throws {
    let put = StoreTransaction(then: [.put(key, try FleetKeys.encode(value))])
    _ = try await store.commit(put)
  }

  /// The overview of a fleet with these instances, a controller, what is committed, and a rollout.
  func overview(
    _ reports: [InstanceReport], _ record: RolloutRecord? = nil, isLed: Bool = true
  ) async throws -> FleetOverview {
    let keys = Self.keys
    for report in reports { try await put(keys.instance(report.instance), report) }
    try await put(keys.committed, CommittedRelease(release: Self.base))
    if let record { try await put(keys.rollout, record) }
    if isLed { try await put(keys.controller, ControllerSeat(instance: "web-1", incarnation: "1")) }
    return try await FleetClient(store, fleet: "shop").overview()
  }
}

@Suite struct FleetOverviewTests {
  private typealias Fixture = OverviewFixture

  private static let failure = RolloutFailure(kind: .reported, instance: "web-1", reason: "bad")

  @Test func `a fleet in which a rollout goes on is healthy`() async throws {
    let reports = [Fixture.report("web-1"), Fixture.report("web-2", running: Fixture.change)]
    let overview = try await Fixture().overview(reports, Fixture.record(.running))
    #expect(overview.problems.isEmpty)
    let document = overview.document(of: "shop")
    #expect(document.health == "healthy")
    #expect(document.behind == ["web-1"])
    #expect(document.instances.there == 1)
    #expect(document.rollout?.state == "running")
    #expect(document.rollout?.phase == "applying")
    #expect(document.rollout?.stage == 2)
    #expect(document.rollout?.stages.last?.percent == 100)
    #expect(document.rollout?.bake == 300_000_000_000)
    #expect(document.rollout?.startedAt == 1_000_000_000)
    #expect(document.rollout?.running == 1)
  }

  @Test(arguments: [
    (RolloutState.paused(.byHand(by: "ann")), "is paused: paused by ann"),
    (.rollingBack(failure), "is being rolled back: web-1: bad"),
    (
      .ended(.rolledBack(failure, unreverted: 1)),
      "1 instances still run release 2 (bbbb), which was rolled back"
    ),
  ])
  func `what waits for people, goes back or did not go back is a problem`(
    state: RolloutState, problem: String
  ) async throws {
    let reports = [Fixture.report("web-1"), Fixture.report("web-2", running: Fixture.change)]
    let overview = try await Fixture().overview(reports, Fixture.record(state))
    #expect(overview.problems.count == 1)
    #expect(overview.problems.first?.contains(problem) == true)
    #expect(overview.document(of: "shop").health == "degraded")
  }

  @Test func `a failure counts while it is about what the instance is to run`() async throws {
    let failed = Fixture.report("web-1") {
      $0.phase = .failed
      $0.release = Fixture.change
      $0.error = "app.toml:1:1: bad"
      $0.healthFailure = "5 of 10 requests failed"
    }
    let during = try await Fixture().overview([failed], Fixture.record(.running))
    #expect(during.problems == ["web-1 refuses release 2 (bbbb): app.toml:1:1: bad"])
    #expect(during.document(of: "shop").failed.map(\.instance) == ["web-1"])
    let after = try await Fixture().overview(
      [failed], Fixture.record(.ended(.rolledBack(Self.failure, unreverted: 0))))
    #expect(after.problems.isEmpty)
    #expect(after.isThere(failed))
    let back = try await Fixture().overview(
      [failed], Fixture.record(.rollingBack(Self.failure)))
    #expect(back.problems.contains { $0.contains("web-1 refuses") })
  }

  @Test func `health, drift, nobody who leads and nobody at all are problems`() async throws {
    let sick = Fixture.report("web-1") { $0.healthFailure = "5 of 10 requests failed" }
    let drifted = Fixture.report("web-2") { $0.drift = BundleDigest(rawValue: "cccc") }
    let overview = try await Fixture().overview([sick, drifted])
    #expect(overview.problems.count == 2)
    #expect(overview.problems.contains("web-1 is not healthy: 5 of 10 requests failed"))
    #expect(overview.problems.contains { $0.contains("files of web-2") })
    let empty = try await Fixture().overview([], isLed: false)
    #expect(empty.problems == ["no instance lives"])
    let led = try await Fixture().overview([Fixture.report("web-1")], isLed: false)
    #expect(led.problems.isEmpty)
    let stuck = try await Fixture().overview(
      [Fixture.report("web-1")], Fixture.record(.running), isLed: false)
    #expect(stuck.problems.count == 1)
  }

  @Test func `an instance that is about to stop is not waited for`() async throws {
    let stopping = Fixture.report("web-1") { $0.phase = .departed }
    let overview = try await Fixture().overview(
      [stopping, Fixture.report("web-2", running: Fixture.change)], Fixture.record(.running))
    #expect(overview.document(of: "shop").instances.total == 1)
    let table = FleetTable(overview, of: "shop")
    #expect(table.rows.contains(["web-1", "stops", "release 1", "leads"]))
  }

  @Test func `a table has the facts, and those with something to see first`() async throws {
    let reports = (0..<250).map { Fixture.report("web-\($0)") }
    var sick = reports.max { $0.hash < $1.hash } ?? reports[0]
    sick.healthFailure = "slow"
    let overview = try await Fixture().overview(reports + [sick], isLed: false)
    let table = FleetTable(overview, of: "shop")
    #expect(table.rows.count == FleetTable.maximumRows)
    #expect(table.rows.first == [sick.instance, "there", "release 1", "not healthy: slow"])
    #expect(table.rows.allSatisfy { $0.count == table.columns.count })
    let facts = Dictionary(table.fields.map { ($0.name, $0.value) }) { $1 }
    #expect(facts["health"] == "degraded")
    #expect(facts["instances"] == "250, 1 not healthy")
    #expect(facts["committed"] == "release 1 (aaaa)")
  }

  @Test func `a share is written as people write it`() {
    let shares = [1, 12.5, 0.01, 33.33, 100].map { RolloutStage(percent: $0, bake: .zero).share }
    #expect(shares == ["1 %", "12.5 %", "0.01 %", "33.33 %", "100 %"])
  }
}
