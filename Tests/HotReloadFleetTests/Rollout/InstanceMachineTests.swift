import Testing

@testable import HotReloadFleet

/// One instance, whose orders and answers come from the test.
private struct InstanceHarness {
  static let keys = FleetKeys(prefix: "fleet")
  static let release = Release(number: 1, content: BundleDigest(rawValue: "new"))

  var machine: InstanceMachine
  var now = Duration.seconds(100)
  var revision: Int64 = 10
  var actions: [InstanceMachine.Action] = []

  init(memory: InstanceMemory = InstanceMemory(), isSource: Bool = false) {
    machine = InstanceMachine(
      identity: .init(name: "web-1", incarnation: "web-1#1", isSource: isSource),
      keys: Self.keys, memory: memory)
    send(.start)
    send(.leased(StoreLeaseID(rawValue: 7)))
    finishWrite()
  }

  mutating func send(_ event: InstanceMachine.Event) {
    actions = machine.handle(event, at: now)
  }

  mutating func order(_ state: RolloutState, committed: Release? = nil) {
    revision += 1
    let at = StoreRevision(rawValue: revision)
    let entry = { (key: StoreKey) in
      StoreEntry(key: key, value: [], createRevision: at, modRevision: at)
    }
    let record = RolloutRecord(
      release: Self.release, stages: RolloutStage.atOnce,
      step: RolloutStep(entering: 0, of: RolloutStage.atOnce, hashes: [machine.hash]),
      state: state, proposal: "p1", proposedBy: "me", startedAt: 0, movedAt: 0, controller: "web-1",
      fence: 1)
    var changes: [FleetChange] = [.put(entry(Self.keys.rollout), .rollout(record))]
    if let committed {
      changes.append(
        .put(entry(Self.keys.committed), .committed(CommittedRelease(release: committed))))
    }
    send(.ordered(FleetOrders(changes, revision: at)))
  }

  /// The write that is under way is made.
  mutating func finishWrite() {
    guard let number = machine.write?.number else { return }
    revision += 1
    send(.written(number, .made(StoreRevision(rawValue: revision))))
  }

  var validation: InstanceMachine.Task? {
    for case .validate(let task, _) in actions { return task }
    return nil
  }

  var application: InstanceMachine.Task? {
    for case .apply(let task, _) in actions { return task }
    return nil
  }

  var reversion: InstanceMachine.Task? {
    for case .revert(let task, _) in actions { return task }
    return nil
  }

  var healthCheck: InstanceMachine.Task? {
    for case .checkHealth(let task) in actions { return task }
    return nil
  }

  /// Brings it to where it runs the release on trial and has said so.
  mutating func apply() throws {
    order(.running)
    send(.validated(try #require(validation), failure: nil))
    finishWrite()
    send(.applied(try #require(application), failure: nil))
    send(.healthChecked(try #require(healthCheck), failure: nil))
    finishWrite()
  }
}

@Suite("An instance of a fleet")
struct InstanceMachineTests {
  @Test("applies nothing before the store took its report under the record's revision")
  func announces() throws {
    var harness = InstanceHarness()
    harness.order(.running)
    harness.send(.validated(try #require(harness.validation), failure: nil))
    #expect(harness.application == nil)
    guard case .commit(_, let transaction) = harness.actions.last else {
      Issue.record("nothing is written")
      return
    }
    #expect(
      transaction.conditions.contains(
        StoreCondition(InstanceHarness.keys.rollout, .modified(StoreRevision(rawValue: 12)))))
    harness.finishWrite()
    #expect(harness.application != nil && harness.machine.memory.attempt == InstanceHarness.release)
  }

  @Test("tells of content that it refuses in the transaction that keeps it from others")
  func refuses() throws {
    var harness = InstanceHarness()
    harness.order(.running)
    harness.send(.validated(try #require(harness.validation), failure: "app.toml:1:1: no"))
    guard case .commit(_, let transaction) = harness.actions.last else {
      Issue.record("nothing is written")
      return
    }
    #expect(
      transaction.mutations.map(\.key) == [
        InstanceHarness.keys.instance("web-1"), InstanceHarness.keys.failure(of: 1),
      ])
    harness.finishWrite()
    harness.order(.running)
    #expect(harness.actions.isEmpty)
  }

  @Test("goes back to what is committed when it hears nothing for long")
  func expires() throws {
    var harness = InstanceHarness()
    try harness.apply()
    #expect(harness.machine.isOnTrial)
    harness.now += harness.machine.times.expiry + .milliseconds(1)
    harness.send(.timePassed)
    #expect(harness.reversion != nil)
  }

  @Test("keeps what the fleet committed, and then needs to hear nothing")
  func settles() throws {
    var harness = InstanceHarness()
    try harness.apply()
    harness.order(.ended(.committed), committed: InstanceHarness.release)
    #expect(harness.machine.memory.good == InstanceHarness.release)
    #expect(harness.machine.memory.attempt == nil)
    #expect(harness.machine.nextDeadline(after: harness.now) == nil)
  }

  @Test("that died on a release refuses it in its next life, and says so")
  func refusesWhatItDiedOn() {
    var memory = InstanceMemory()
    memory.attempt = InstanceHarness.release
    var harness = InstanceHarness(memory: memory)
    harness.order(.running)
    #expect(harness.validation == nil)
    #expect(harness.machine.report.phase == .failed)
    #expect(harness.machine.memory.strikes == [1: 1])
  }

  @Test("in a pause keeps what it has and takes nothing new")
  func pauses() throws {
    var harness = InstanceHarness()
    harness.order(.paused(.byHand(by: "me")))
    #expect(harness.actions.isEmpty)
    try harness.apply()
    harness.order(.paused(.byHand(by: "me")))
    #expect(harness.reversion == nil && harness.machine.running == InstanceHarness.release)
  }

  @Test("proposes what changes in its own files if changes come from it, and else reports drift")
  func edits() {
    let content = BundleDigest(rawValue: "edited")
    var source = InstanceHarness(isSource: true)
    source.send(.edited(content, isNew: true))
    guard case .propose(content) = source.actions.first else {
      Issue.record("it does not propose")
      return
    }
    var other = InstanceHarness()
    // While the fleet has agreed on nothing, nothing drifts from it.
    other.send(.edited(content, isNew: true))
    #expect(other.actions.isEmpty && other.machine.report.drift == nil)
    other.order(.ended(.committed), committed: InstanceHarness.release)
    let drifts = other.actions.count { if case .drifted(content) = $0 { true } else { false } }
    #expect(drifts == 1)
    #expect(other.machine.report.drift == content && other.application == nil)
    other.send(.edited(InstanceHarness.release.content, isNew: true))
    #expect(other.machine.report.drift == nil)
  }

  @Test("says that it leaves, and leaves even if the store does not listen")
  func departs() {
    var harness = InstanceHarness()
    harness.send(.depart)
    #expect(harness.machine.report.phase == .departed && !harness.machine.hasDeparted)
    harness.now += harness.machine.times.departure
    harness.send(.timePassed)
    #expect(harness.machine.hasDeparted)
  }
}
