import Testing

@testable import HotReloadFleet

@Suite(.timeLimit(.minutes(2)))
struct FleetAgentTests {
  private static func digest(_ content: String) throws -> BundleDigest {
    try AgentFleet.bundle(content).digest
  }

  @Test(arguments: StorePlace.all)
  func `a good change comes to all instances, and is committed`(
    place: StorePlace
  ) async throws {
    let fleet = try await AgentFleet(5, at: place)
    try await fleet.run { fleet in
      try await fleet.overview { $0.instances.count == 5 && $0.controller != nil }
      let end = try await fleet.propose("good")
      let release = Release(number: 1, content: try Self.digest("good"))
      #expect(end == .committed(release))
      for member in fleet.members {
        try await fleet.wait(for: member) { $0.committed == release && $0.isSettled }
        #expect(member.host.running == release)
        #expect(member.host.applied == [release])
        #expect(member.host.memories.last?.good == release)
      }
      let history = try await fleet.client.overview().history
      #expect(history.map(\.state) == [.ended(.committed)])
    }
  }

  @Test(arguments: [FakeHost.Fault.validate, .apply, .health, .memory], StorePlace.all)
  func `a change that fails on the first instance is undone and runs nowhere`(
    fault: FakeHost.Fault, place: StorePlace
  ) async throws {
    let fleet = try await AgentFleet(5, at: place, faults: [try Self.digest("bad"): fault])
    try await fleet.run { fleet in
      try await fleet.overview { $0.instances.count == 5 && $0.controller != nil }
      let canary = [
        RolloutStage(percent: 1, bake: .milliseconds(300)), RolloutStage(percent: 100, bake: .zero),
      ]
      let end = try await fleet.propose("bad", stages: canary)
      guard case .rolledBack(let release, let failure, unreverted: 0) = end else {
        Issue.record("it ended as \(String(describing: end))")
        return
      }
      #expect(release.content == (try Self.digest("bad")))
      #expect(failure.kind == .reported)
      let tried = fleet.members.filter { !$0.host.applied.isEmpty }
      #expect(tried.count == (fault == .health ? 1 : 0))
      #expect(fleet.members.allSatisfy { $0.host.running == nil })
      // It does not come again.
      let again = try await fleet.propose("bad", stages: canary)
      guard case .refused(let reason) = again else {
        Issue.record("it ended as \(String(describing: again))")
        return
      }
      #expect(reason.contains("quarantine"))
      let cleared = try await fleet.client.clearQuarantine()
      #expect(cleared.map(\.release.content) == [try Self.digest("bad")])
      let quarantine = try await fleet.client.overview().quarantine
      #expect(quarantine.isEmpty)
    }
  }

  @Test func `a single instance takes a change, watches itself, and goes back`() async throws {
    let fleet = try await AgentFleet(1, faults: [try Self.digest("bad"): .health])
    try await fleet.run { fleet in
      let good = try await fleet.propose("good")
      guard case .committed = good else {
        Issue.record("it ended as \(String(describing: good))")
        return
      }
      let end = try await fleet.propose("bad")
      guard case .rolledBack = end else {
        Issue.record("it ended as \(String(describing: end))")
        return
      }
      #expect(fleet.members[0].host.running?.content == (try Self.digest("good")))
    }
  }

  @Test func `a rollout is paused, goes on, and is taken back by hand`() async throws {
    let fleet = try await AgentFleet(3)
    try await fleet.run { fleet in
      let stages = [
        RolloutStage(percent: 1, bake: .seconds(3_600)), RolloutStage(percent: 100, bake: .zero),
      ]
      let bundle = try AgentFleet.bundle("slow")
      try await fleet.store.publish(bundle, under: fleet.client.keys)
      await #expect(throws: FleetError.self) {
        try await fleet.client.order(.pause, by: "me", within: .seconds(10))
      }
      _ = try await fleet.client.propose(bundle.digest, by: "me", stages: stages)
      try await fleet.overview { $0.phase == .baking }
      let paused = try await fleet.client.order(.pause, by: "me", within: .seconds(10))
      #expect(paused.rollout?.state == .paused(.byHand(by: "me")))
      let resumed = try await fleet.client.order(.resume, by: "me", within: .seconds(10))
      #expect(resumed.rollout?.state == .running)
      try await fleet.client.order(.rollBack, by: "me", within: .seconds(10))
      let ended = try await fleet.overview { $0.rollout?.state.isEnded == true }
      guard case .ended(.rolledBack(let failure, unreverted: 0)) = ended.rollout?.state else {
        Issue.record("it ended as \(String(describing: ended.rollout?.state))")
        return
      }
      #expect(failure.kind == .byHand)
      for member in fleet.members { try await fleet.wait(for: member) { $0.report.running == nil } }
    }
  }

  @Test func `an instance that leaves says so, and its report is gone`() async throws {
    let fleet = try await AgentFleet(2)
    try await fleet.run { fleet in
      try await fleet.overview { $0.instances.count == 2 }
      fleet.members[0].agent.depart()
      try await fleet.overview { overview in overview.instances.map(\.instance) == ["web-1"] }
      try await fleet.overview { $0.controller?.instance == "web-1" }
    }
    let left = try await fleet.client.overview()
    #expect(left.instances.isEmpty)
    #expect(left.controller == nil)
  }

  @Test func `an edit is drift on an instance that changes do not come from`() async throws {
    let fleet = try await AgentFleet(1)
    try await fleet.run { fleet in
      let member = fleet.members[0]
      guard case .committed = try await fleet.propose("first") else {
        Issue.record("it was not committed")
        return
      }
      await member.agent.edited(try Self.digest("edited"), isNew: true)
      try await fleet.wait(for: member) { $0.report.drift != nil }
      #expect(member.host.proposed.isEmpty)
      // Once the fleet has agreed on it, it is none any more.
      guard case .committed = try await fleet.propose("edited") else {
        Issue.record("it was not committed")
        return
      }
      try await fleet.wait(for: member) { $0.report.drift == nil }
    }
  }

  @Test func `small content comes along with its proposal, large content does not`() async throws {
    let fleet = try await AgentFleet(2)
    try await fleet.run { fleet in
      let small = try AgentFleet.bundle("small")
      guard case .committed = try await fleet.propose("small") else {
        Issue.record("it was not committed")
        return
      }
      let large = String(repeating: "# large\n", count: FleetKeys.maximumCarriedBytes / 8)
      guard case .committed = try await fleet.propose(large) else {
        Issue.record("it was not committed")
        return
      }
      for member in fleet.members {
        #expect(member.host.offered == [small.encoded()])
        let release = try #require(member.host.running)
        #expect(release.content == (try AgentFleet.bundle(large).digest))
      }
    }
  }
}
