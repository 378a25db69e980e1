import HotReloadTesting

@testable import HotReloadFleet

/// A fleet through a random history of changes, faults and people, and then in quiet, where it must come to rest.
final class RandomHistory {
  let simulation: FleetSimulation
  /// How long faults last.
  static let roughTime = Duration.seconds(120)
  /// Within so long without faults everything must be as it should.
  static let quietTime = Duration.seconds(150)

  init(seed: UInt64, hosts: Int? = nil, bug: PlantedBug? = nil, isTraced: Bool = false) {
    var random = SeededGenerator(seed: seed &* 0x9E37_79B9)
    var options = FleetSimulation.Options()
    let sizes = [1, 2, 3, 5, 8, 12, 20, 30]
    options.hosts = hosts ?? sizes[random.below(sizes.count)]
    options.delay = .milliseconds(5 + random.below(150))
    options.lost = [0, 5, 30][random.below(3)]
    options.repeated = [0, 20][random.below(2)]
    options.crashes = [0, 0, 1_500][random.below(3)]
    options.isSkewed = random.below(2) == 0
    options.times = Self.times
    options.isTraced = isTraced
    let bake = { Duration.seconds(random.below(4) * 2) }
    options.stages = [
      RolloutStage(percent: 1, bake: bake()), RolloutStage(percent: 10, bake: bake()),
      RolloutStage(percent: 50, bake: bake()), RolloutStage(percent: 100, bake: bake()),
    ]
    simulation = FleetSimulation(seed: seed, options: options, bug: bug)
  }

  /// Those of a fleet in a hurry.
  static var times: RolloutTimes {
    var times = RolloutTimes()
    times.lease = .seconds(3)
    times.grace = .seconds(4)
    times.expiry = .seconds(9)
    times.validate = .seconds(3)
    times.apply = .seconds(4)
    times.revert = .seconds(1)
    times.healthInterval = .seconds(1)
    times.health = .seconds(1)
    times.jitter = .seconds(1)
    times.uptake = .seconds(15)
    times.rollBack = .seconds(20)
    times.campaign = .seconds(1)
    return times
  }

  var violations: [String] { simulation.rules.violations }

  /// Runs all of it.
  func run() {
    for host in simulation.hosts {
      simulation.after(simulation.duration(.seconds(2))) { [simulation] in simulation.start(host) }
    }
    planChecks()
    planProposals()
    planFaults()
    simulation.run(for: Self.roughTime)
    guard violations.isEmpty else { return }
    heal()
    let end = simulation.now + Self.quietTime
    while simulation.now < end, violations.isEmpty, !isAtRest { simulation.run(for: .seconds(5)) }
    // It must stay so.
    simulation.run(for: .seconds(5))
    if violations.isEmpty { checkRest() }
  }

  private func planChecks() {
    simulation.after(.milliseconds(500)) { [self] in
      for host in simulation.hosts {
        simulation.rules.checkUndone(
          host, isReachable: simulation.isReachable(host), simulation.now)
      }
      planChecks()
    }
  }

  private func planProposals() {
    for number in 0..<(2 + simulation.random.below(3)) {
      let time = Duration.seconds(4 + number * 28) + simulation.duration(.seconds(10))
      simulation.timeline.plan(at: time) { [self] in simulation.propose(nature()) }
    }
  }

  private func nature() -> Nature {
    let every = [1, 2, 3, 7][simulation.random.below(4)]
    let delay = simulation.duration(.seconds(5))
    switch simulation.random.below(9) {
    case 0: return .invalid(every: every)
    case 1: return .inapplicable(every: every)
    case 2, 3: return .unhealthy(every: every, after: delay)
    case 4: return .deadly(every: every, after: delay)
    case 5: return .hanging(every: every)
    default: return .good
    }
  }

  private func planFaults() {
    guard simulation.now < Self.roughTime else { return }
    simulation.after(.milliseconds(300) + simulation.duration(.seconds(8))) { [self] in
      guard simulation.isRough else { return }
      fault()
      planFaults()
    }
  }

  private func fault() {
    let simulation = simulation
    let host = simulation.hosts[simulation.random.below(simulation.hosts.count)]
    let time = .milliseconds(200) + simulation.duration(.seconds(14))
    switch simulation.random.below(16) {
    case 0, 1, 2:
      simulation.cutOff(host, true)
      simulation.after(time) { simulation.cutOff(host, false) }
    case 3, 4:
      if let process = host.process { simulation.crash(process, because: "it was killed") }
    case 5: if let leader { simulation.crash(leader, because: "it led") }
    case 6:
      if let leader {
        let host = leader.host
        simulation.cutOff(host, true)
        simulation.after(time) { simulation.cutOff(host, false) }
      }
    case 7:
      simulation.setStore(away: true)
      simulation.after(time) { simulation.setStore(away: false) }
    case 8: simulation.state.compact(through: simulation.state.revision)
    case 9:
      host.isSlow = true
      simulation.after(time) { host.isSlow = false }
    case 10:
      host.lie = [String?.none, "it lies", "hangs"][simulation.random.below(3)]
      simulation.after(time) { host.lie = nil }
    case 11:
      if let process = host.process {
        simulation.send(ControllerMachine.Event.retire, to: process)
        simulation.send(InstanceMachine.Event.depart, to: process)
      }
    case 12: simulation.order(.pause)
    case 13, 14: simulation.order(.resume)
    default: simulation.order(.rollBack)
    }
    // Whoever is down comes back by and by.
    for host in simulation.hosts where host.process == nil {
      simulation.after(simulation.duration(.seconds(9))) { simulation.start(host) }
    }
  }

  private var leader: SimulatedProcess? {
    simulation.hosts.lazy.compactMap(\.process).first { $0.controller.leading != nil }
  }

  /// Ends all faults. Processes that die go on being started, and people end pauses.
  private func heal() {
    simulation.log("faults end")
    simulation.isRough = false
    simulation.setStore(away: false)
    for host in simulation.hosts {
      simulation.cutOff(host, false)
      host.isSlow = false
      host.lie = nil
    }
    attend()
  }

  private func attend() {
    for host in simulation.hosts where host.process == nil { simulation.start(host) }
    if case .paused = simulation.rules.record?.state { simulation.order(.resume) }
    simulation.after(.seconds(3)) { [self] in attend() }
  }

  private var isAtRest: Bool {
    if let record = simulation.rules.record {
      guard case .ended = record.state else { return false }
    }
    let committed = simulation.rules.committed
    return leader != nil && simulation.state[simulation.keys.proposal] == nil
      && simulation.hosts.allSatisfy { $0.process?.running == committed && $0.process != nil }
  }

  /// Everybody runs what the fleet agreed on, unless that is bad for them.
  private func checkRest() {
    let simulation = simulation
    if let record = simulation.rules.record {
      var isOver = false
      if case .ended = record.state { isOver = true }
      simulation.rules.expect(isOver, "the rollout did not end: \(record.state)")
    }
    simulation.rules.expect(
      simulation.state[simulation.keys.proposal] == nil, "a proposal was not answered")
    simulation.rules.expect(leader != nil, "nobody leads")
    let committed = simulation.rules.committed
    for host in simulation.hosts {
      guard let process = host.process else {
        simulation.rules.expect(
          committed.map { simulation.natures[$0.content]?.isBad(for: host.index) ?? false }
            ?? false,
          "\(host.name) is down")
        continue
      }
      simulation.rules.expect(
        process.running == process.instance.running,
        "\(host.name) believes that it runs another thing than it does")
      let isRefused =
        committed.map { release in
          simulation.natures[release.content]?.isBad(for: host.index) == true
            || host.memory.strikes[release.number] ?? 0 >= InstanceMachine.maximumStrikes
        } ?? false
      simulation.rules.expect(
        process.running == committed || isRefused,
        "\(host.name) runs \(process.running?.description ?? "its own") in the end, not "
          + "\(committed?.description ?? "its own")")
    }
  }
}
