import HotReloadFleetTesting
import Logging
import Testing

@testable import HotReloadFleet

/// A few agents on one store, with processes that have no content.
struct AgentFleet {
  static let times: RolloutTimes = {
    var times = RolloutTimes()
    times.lease = .seconds(1)
    times.grace = .seconds(1)
    times.jitter = .milliseconds(20)
    times.campaign = .milliseconds(50)
    return times
  }()

  let place: OpenPlace
  let store: any FleetStore
  let client: FleetClient
  let members: [Member]

  struct Member: Sendable {
    let name: String
    let host: FakeHost
    let agent: FleetAgent
  }

  /// Each agent has a way of its own to the store, as if it were another process.
  init(
    _ count: Int, at place: StorePlace = .memory, faults: [BundleDigest: FakeHost.Fault] = [:],
    times: RolloutTimes = AgentFleet.times
  ) async throws {
    self.place = try await OpenPlace(place)
    store = try await self.place.open()
    client = FleetClient(store, fleet: "shop")
    var members: [Member] = []
    for index in 0..<count {
      let host = FakeHost(faults: faults)
      let name = "web-\(index)"
      let store = try await self.place.open()
      let member = Member(
        name: name, host: host,
        agent: FleetAgent(
          identity: .init(name: name, incarnation: "\(name)#1"),
          keys: FleetKeys(prefix: "shop"), times: times, stages: RolloutStage.atOnce,
          memory: InstanceMemory(), store: store, host: host,
          logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
          wallClock: { 0 }))
      members.append(member)
    }
    self.members = members
  }

  /// Runs all agents while the body runs, lets them depart, and waits for that.
  func run(_ body: @escaping @Sendable (AgentFleet) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for member in members { group.addTask { await member.agent.run() } }
      group.addTask {
        defer { for member in members { member.agent.depart() } }
        for member in members { try await self.wait(for: member) { $0.hasHeard } }
        try await body(self)
      }
      try await group.waitForAll()
    }
    for member in members { await member.agent.store.close() }
    await store.close()
  }

  func wait(
    for member: Member, until holds: (FleetMemberStatus) -> Bool
  ) async throws {
    for await status in FleetMemberStatuses(agent: member.agent) where holds(status) { return }
    throw CancellationError()
  }

  /// The fleet, once that is so.
  @discardableResult
  func overview(
    when holds: (FleetOverview) -> Bool
  ) async throws -> FleetOverview {
    for try await overview in client.overviews() where holds(overview) { return overview }
    throw CancellationError()
  }

  /// Some content.
  static func bundle(_ content: String) throws -> ContentBundle {
    try ContentBundle(files: [.init(path: "config/app.toml", bytes: Array(content.utf8))])
  }

  /// Proposes some content and follows it to its end.
  func propose(
    _ content: String, stages: [RolloutStage]? = nil
  ) async throws -> ProposalProgress.State? {
    let proposal = try await client.propose(
      Self.bundle(content), by: "somebody", stages: stages)
    var last: ProposalProgress.State?
    for try await state in client.progress(of: proposal) { last = state }
    return last
  }
}
