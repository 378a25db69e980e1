import HotReloadTesting
import Synchronization
import Testing

@testable import HotReloadFleet

@Suite(.timeLimit(.minutes(1)))
struct FleetFollowingTests {
  private final class ReadCount: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
      count.withLock { count in
        count += 1
        return count
      }
    }
  }

  /// A store whose first read of everything misses one key, as one does that reads pages between which a transaction was made.
  private static func torn(_ store: InMemoryStore, missing key: StoreKey) -> ObservedStore {
    let reads = ReadCount()
    return ObservedStore(
      store,
      onRead: { page in
        if reads.next() == 1 { page.entries.removeAll { $0.key == key } }
      })
  }

  private static let proposal = Proposal(
    id: "p", content: OverviewFixture.change.content, proposedBy: "ann")

  @Test func `a proposal that becomes a rollout between two pages is not taken for replaced`()
    async throws
  {
    let fixture = OverviewFixture()
    try await fixture.put(OverviewFixture.keys.rollout, OverviewFixture.record(.running))
    let client = FleetClient(
      Self.torn(fixture.store, missing: OverviewFixture.keys.rollout), fleet: "shop")
    var states = client.progress(of: Self.proposal).makeAsyncIterator()
    #expect(
      try await states.next() == .running(OverviewFixture.change, stage: 1, of: 4, .applying))
    try await fixture.put(OverviewFixture.keys.rollout, OverviewFixture.record(.ended(.committed)))
    #expect(try await states.next() == .committed(OverviewFixture.change))
    #expect(try await states.next() == nil)
  }

  @Test func `a proposal whose place another one took is replaced`() async throws {
    let fixture = OverviewFixture()
    try await fixture.put(
      OverviewFixture.keys.proposal,
      Proposal(id: "q", content: OverviewFixture.base.content, proposedBy: "ben"))
    var states = FleetClient(fixture.store, fleet: "shop").progress(of: Self.proposal)
      .makeAsyncIterator()
    #expect(try await states.next() == .replaced)
    #expect(try await states.next() == nil)
  }

  @Test func `who follows is told when the store is away, once, and when it is back`() async throws
  {
    let fixture = OverviewFixture()
    try await fixture.put(OverviewFixture.keys.rollout, OverviewFixture.record(.running))
    let failures = Mutex(3)
    fixture.store.inject { request in
      guard case .read = request else { return nil }
      return failures.withLock { left in
        left -= 1
        return left >= 0 ? .refused : nil
      }
    }
    let told = Mutex<[Bool]>([])
    let client = FleetClient(fixture.store, fleet: "shop")
    let overviews = client.overviews { error in told.withLock { $0.append(error != nil) } }
    var iterator = overviews.makeAsyncIterator()
    let overview = try #require(try await iterator.next())
    #expect(overview.rollout?.release == OverviewFixture.change)
    #expect(told.withLock { $0 } == [true, false])
  }

  @Test func `a monitor keeps what it heard last, and ends with its task`() async throws {
    let fixture = OverviewFixture()
    try await fixture.put(OverviewFixture.keys.rollout, OverviewFixture.record(.running))
    let monitor = FleetMonitor(FleetClient(fixture.store, fleet: "shop"))
    #expect(monitor.table().fields == [FleetTable.Field(name: "fleet", value: "shop")])
    let running = Task { try await monitor.run() }
    while monitor.overview == nil { await Task.yield() }
    #expect(monitor.failure == nil)
    #expect(monitor.table().fields.contains { $0.name == "rollout" })
    running.cancel()
    try await running.value
    #expect(monitor.overview?.rollout?.release == OverviewFixture.change)
  }

  @Test func `a SQLite store that is not there is made only for who wants that`() async throws {
    let workspace = try TemporaryWorkspace()
    let path = workspace.path("data/fleet.sqlite")
    let error = await #expect(throws: StoreError.self) {
      try await SQLiteStore.open(path, creating: false)
    }
    #expect(error?.code == .missing)
    #expect(!workspace.exists("data"))
    try await SQLiteStore.open(path).close()
    try await SQLiteStore.open(path, creating: false).close()
  }
}
