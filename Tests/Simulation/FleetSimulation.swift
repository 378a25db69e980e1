import HotReloadTesting

@testable import HotReloadFleet

/// A fleet on virtual time: hosts with processes, a store, and a network between them that delays, loses, repeats and cuts off.
///
/// Everything comes from a seed: the same seed gives the same history, event by event. What the processes do is decided by the
/// machines alone; the simulation performs their actions, as a driver would, and knows what is true.
final class FleetSimulation {
  struct Options {
    var hosts = 5
    /// The worst delay of a message.
    var delay = Duration.milliseconds(40)
    /// How many of 1,000 messages are lost, and how many arrive twice.
    var lost = 0
    var repeated = 0
    /// One of so many actions is the last one of its process; 0 for none.
    var crashes = 0
    var stages = [RolloutStage]()
    var times = RolloutTimes()
    var isSkewed = false
    /// How long an instance takes to apply something.
    var applying = Duration.milliseconds(50)
    var isTraced = false
  }

  /// What was done, and how often.
  struct Cost {
    var commits = 0
    var reads = 0
    var watchEvents = 0
    var keepAlives = 0
    var controllerWrites = 0
    var reportWrites: [String: Int] = [:]
  }

  let keys = FleetKeys(prefix: "fleet")
  let options: Options
  let bug: PlantedBug?
  var random: SeededGenerator
  var timeline = Timeline()
  var state = StoreState()
  var tap: StoreWatchCursor
  var hosts: [SimulatedHost] = []
  var natures: [BundleDigest: Nature] = [:]
  /// Those who watch everything.
  var followers: [SimulatedProcess] = []
  var isStoreAway = false
  var rules: FleetRules
  var cost = Cost()
  /// Faults happen.
  var isRough = true
  private(set) var trace: [String] = []

  var now: Duration { timeline.now }

  init(seed: UInt64, options: Options, bug: PlantedBug? = nil) {
    self.options = options
    self.bug = bug
    random = SeededGenerator(seed: seed)
    tap = StoreWatchCursor(.all, after: .zero)
    rules = FleetRules(keys: keys, times: options.times, slack: .seconds(2) + options.delay * 8)
    for index in 0..<options.hosts {
      let host = SimulatedHost(index: index)
      if options.isSkewed {
        host.clockOffset = .seconds(random.below(100_000))
        host.clockRate = 1 + Double(random.below(200) - 100) / 10_000
      }
      hosts.append(host)
    }
  }

  func chance(_ part: Int, of whole: Int) -> Bool { part > 0 && random.below(whole) < part }

  func duration(_ bound: Duration) -> Duration {
    .microseconds(random.below(bound.wholeMilliseconds * 1_000 + 1))
  }

  func after(_ delay: Duration, _ body: @escaping () -> Void) {
    timeline.plan(at: now + delay, body)
  }

  func log(_ text: @autoclosure () -> String) {
    guard options.isTraced else { return }
    trace.append("\(now.wholeMilliseconds) ms  \(text())")
  }

  /// Lets time pass, as long as no rule is broken.
  func run(for time: Duration) {
    let end = now + time
    while rules.violations.isEmpty, let body = timeline.next(until: end) {
      body()
      drainTap()
    }
  }

  // MARK: Processes

  func start(_ host: SimulatedHost) {
    guard host.process == nil else { return }
    host.lives += 1
    let identity = InstanceMachine.Identity(
      name: host.name, incarnation: "\(host.name)#\(host.lives)")
    var memory = host.memory
    if bug == .forgetDeath {
      memory.attempt = nil
      memory.strikes = [:]
    }
    var times = options.times
    if bug == .neverExpire { times.expiry = .seconds(100_000) }
    let process = SimulatedProcess(
      host: host, incarnation: identity.incarnation,
      instance: InstanceMachine(identity: identity, keys: keys, times: times, memory: memory),
      controller: ControllerMachine(
        identity: identity, keys: keys, times: options.times, stages: options.stages))
    host.process = process
    noteReach(of: host)
    log("\(process.incarnation) starts")
    send(.start, to: process)
    keepAlive(process)
  }

  func crash(_ process: SimulatedProcess, because reason: String) {
    guard process.isAlive else { return }
    log("\(process.incarnation) dies: \(reason)")
    end(process)
    // What is remembered as tried counts as what it died of.
    if let attempt = process.host.memory.attempt, !rules.isCommitted(attempt) {
      process.host.diedOn.insert(attempt.number)
    }
  }

  func end(_ process: SimulatedProcess) {
    process.isAlive = false
    process.host.process = nil
  }

  func send(_ event: InstanceMachine.Event, to process: SimulatedProcess) {
    guard process.isAlive else { return }
    let actions = process.instance.handle(event, at: process.host.local(now))
    for action in actions {
      guard process.isAlive else { return }
      if isRough, options.crashes > 0, chance(1, of: options.crashes) {
        return crash(process, because: "for once, before \(action)")
      }
      perform(action, for: process)
    }
    planWake(process)
  }

  func send(_ event: ControllerMachine.Event, to process: SimulatedProcess) {
    guard process.isAlive else { return }
    if bug == .neverTime, case .timePassed = event { return }
    if bug == .twoControllers, process.controller.leading != nil {
      if isAboutSeat(event) { return }
      let now = process.host.local(now)
      _ = process.controller.handle(.heard(since: now), at: now)
    }
    let actions = process.controller.handle(event, at: process.host.local(now))
    for action in actions {
      guard process.isAlive else { return }
      if isRough, options.crashes > 0, chance(1, of: options.crashes) {
        return crash(process, because: "for once, before \(action)")
      }
      perform(action, for: process)
    }
    planWake(process)
  }

  /// Planted: a controller that does not hear that it is none any more.
  private func isAboutSeat(_ event: ControllerMachine.Event) -> Bool {
    switch event {
    case .leaseLost, .ordered: true
    default: false
    }
  }

  private func planWake(_ process: SimulatedProcess) {
    guard process.isAlive else { return }
    let local = process.host.local(now)
    let due = [
      process.instance.nextDeadline(after: local), process.controller.nextDeadline(after: local),
    ].compactMap { $0 }
    guard let next = due.min().map({ process.host.global($0) }) else { return }
    if let wake = process.wake, wake <= next, wake > now { return }
    process.wake = next
    timeline.plan(at: next) { [self] in
      guard process.isAlive, process.wake == next else { return }
      process.wake = nil
      send(InstanceMachine.Event.timePassed, to: process)
      send(ControllerMachine.Event.timePassed, to: process)
    }
  }

  // MARK: Reach

  func cutOff(_ host: SimulatedHost, _ isCutOff: Bool) {
    guard host.isCutOff != isCutOff else { return }
    log("\(host.name) is \(isCutOff ? "cut off" : "in reach again")")
    host.isCutOff = isCutOff
    noteReach(of: host)
    if isCutOff, let process = host.process { breakWatches(of: process) }
  }

  func setStore(away: Bool) {
    guard isStoreAway != away else { return }
    log("the store is \(away ? "away" : "back")")
    isStoreAway = away
    for host in hosts {
      noteReach(of: host)
      if away, let process = host.process { breakWatches(of: process) }
    }
  }

  private func noteReach(of host: SimulatedHost) { host.reachChanged = now }

  func isReachable(_ host: SimulatedHost) -> Bool { !host.isCutOff && !isStoreAway }

  /// Tells the rules of what the store did.
  func drainTap() {
    guard tap.revision < state.revision else { return }
    while case .changes(let commit) = tap.next(in: state) {
      cost.commits += 1
      let changes = commit.changes.compactMap { keys.change($0) }
      if options.isTraced { for change in changes { log("store: \(describe(change))") } }
      rules.note(changes, at: commit.revision, now)
      deliver(commit.revision, changes)
    }
  }

  private func describe(_ change: FleetChange) -> String {
    switch change {
    case .put(let entry, let value): "\(entry.modRevision) \(entry.key) = \(value)"
    case .deleted(let key): "\(key) is gone"
    case .unreadable(let key, let reason): "\(key): \(reason)"
    }
  }
}
