@testable import HotReloadFleet

/// What must hold at every step, of what the store says and what the processes really run.
struct FleetRules {
  /// What is known of one release.
  struct Known {
    /// The greatest threshold so far.
    var threshold: InstanceHash
    /// The threshold when the store had the first failure of it.
    var thresholdAtFailure: InstanceHash?
    /// When the step that is running began.
    var stepBegan: Duration
    var step: RolloutStep
    var isRolledBack: Duration?
  }

  let keys: FleetKeys
  let times: RolloutTimes
  /// What messages and small work may take in all.
  let slack: Duration
  private(set) var violations: [String] = []
  private(set) var record: RolloutRecord?
  private(set) var committed: Release?
  private(set) var releases: [UInt64: Known] = [:]
  private(set) var rolledBack: Set<Release> = []
  private(set) var quarantine: Set<StoreKey> = []
  private(set) var seat: StoreRevision?
  private(set) var moves = 0
  /// Who lives as far as the store knows, and since when.
  private var live: [StoreKey: (hash: InstanceHash, since: Duration)] = [:]
  private var seatHolder: String?
  /// Which releases each host ever ran.
  private(set) var everRan: [UInt64: Set<String>] = [:]
  /// How rollouts ended, so that a test of random histories can say that it had them all.
  private(set) var outcomes: Set<String> = []

  init(keys: FleetKeys, times: RolloutTimes, slack: Duration) {
    self.keys = keys
    self.times = times
    self.slack = slack
  }

  mutating func fail(_ violation: String) { violations.append(violation) }

  mutating func expect(_ holds: Bool, _ violation: String) {
    if !holds { violations.append(violation) }
  }

  func isCommitted(_ release: Release) -> Bool { committed == release }

  // MARK: The store

  mutating func note(_ changes: [FleetChange], at revision: StoreRevision, _ now: Duration) {
    // What was so before the commit counts for it.
    for case .put(let entry, .rollout(let new)) in changes { noteMove(to: new, entry, now) }
    for change in changes {
      switch change {
      case .put(let entry, .controller(let holder)):
        seat = entry.createRevision
        seatHolder = holder.instance
      case .deleted(keys.controller): seat = nil
      case .put(_, .committed(let new)): noteCommit(of: new.release)
      case .put(let entry, .quarantine): quarantine.insert(entry.key)
      case .put(let entry, .failure): noteFailure(under: entry.key)
      case .put(let entry, .instance(let report)):
        live[entry.key] =
          report.phase == .departed ? nil : (report.hash, live[entry.key]?.since ?? now)
        if report.phase == .failed, let release = report.release {
          noteFailure(under: keys.failure(of: release.number))
        }
      case .deleted(let key):
        quarantine.remove(key)
        live[key] = nil
      default: break
      }
    }
  }

  private mutating func noteFailure(under key: StoreKey) {
    guard let record, key == keys.failure(of: record.release.number),
      releases[record.release.number]?.thresholdAtFailure == nil
    else { return }
    releases[record.release.number]?.thresholdAtFailure = record.step.threshold
  }

  private mutating func noteMove(to new: RolloutRecord, _ entry: StoreEntry, _ now: Duration) {
    moves += 1
    expect(
      seat?.rawValue == new.fence && seatHolder == new.controller,
      "\(new.controller) moved the record with the fence \(new.fence) while the seat was "
        + "\(seat?.description ?? "empty")")
    let old = record
    record = new
    let number = new.release.number
    guard let old, old.release == new.release else {
      expect(old.map { isOver($0) } ?? true, "a rollout began while another one was under way")
      expect(number > old?.release.number ?? 0, "release \(number) is not newer")
      expect(
        !quarantine.contains(keys.quarantine(new.release.content)),
        "\(new.release) is in quarantine and was begun")
      expect(new.state == .running, "a rollout began as \(new.state)")
      releases[number] = Known(
        threshold: new.step.threshold, stepBegan: now, step: new.step)
      return
    }
    checkMove(old, new, now)
  }

  private func isOver(_ record: RolloutRecord) -> Bool {
    if case .ended = record.state { true } else { false }
  }

  private mutating func checkMove(_ old: RolloutRecord, _ new: RolloutRecord, _ now: Duration) {
    let number = new.release.number
    guard var known = releases[number] else { return }
    let isLegal: Bool
    switch (old.state, new.state) {
    case (.running, .running), (.paused, .running), (.running, .paused), (.running, .rollingBack),
      (.paused, .rollingBack), (.running, .ended(.committed)),
      (.rollingBack, .ended(.rolledBack)):
      isLegal = true
    default: isLegal = false
    }
    expect(isLegal, "the record went from \(old.state) to \(new.state)")
    // A pause that ends by hand may take stages together, for those who live then; that lets nobody go on.
    let goesOn =
      old.state == .running && new.state == .running && new.step.stage > old.step.stage
    if goesOn || new.state == .ended(.committed) {
      expect(
        known.thresholdAtFailure == nil, "release \(number) went on although it had failed")
      // Where all of a stage have left, there is nobody to wait for.
      let isEmpty = !live.values.contains {
        $0.hash <= old.step.threshold && $0.since < now - .seconds(2)
      }
      // A clock may be fast by one percent.
      let bake = Duration.milliseconds(plannedBake(new, old.step)) * 0.98
      expect(
        isEmpty || now >= known.stepBegan + bake,
        "stage \(old.step.stage) of release \(number) was let go before its bake was over")
      expect(
        isEmpty || everRan[number].map { !$0.isEmpty } ?? false,
        "release \(number) went on although nobody ran it")
    }
    if let limit = known.thresholdAtFailure {
      expect(new.step.threshold <= limit, "release \(number) spread after its failure")
    }
    if new.step != old.step || old.state != .running { known.stepBegan = now }
    known.step = new.step
    known.threshold = max(known.threshold, new.step.threshold)
    if case .rollingBack = new.state {
      known.isRolledBack = now
      rolledBack.insert(new.release)
      expect(committed != new.release, "\(new.release) was rolled back after its commit")
    }
    if case .ended(let outcome) = new.state {
      outcomes.insert(outcome == .committed ? "committed" : "rolledBack")
    }
    if case .paused = new.state { outcomes.insert("paused") }
    releases[number] = known
  }

  /// What the plan says, whatever the step says.
  private func plannedBake(_ record: RolloutRecord, _ step: RolloutStep) -> Int {
    record.stages.indices.contains(step.stage) ? record.stages[step.stage].bakeMilliseconds : 0
  }

  private mutating func noteCommit(of release: Release) {
    expect(!rolledBack.contains(release), "\(release) was committed after it was rolled back")
    expect(
      !quarantine.contains(keys.quarantine(release.content)),
      "\(release) was committed while it is in quarantine")
    committed = release
  }

  // MARK: The processes

  /// Content is about to come into force.
  mutating func noteApply(of release: Release, on process: SimulatedProcess, _ now: Duration) {
    let host = process.host
    expect(
      process.validated.contains(release.content),
      "\(process.incarnation) applies \(release), which it did not validate")
    everRan[release.number, default: []].insert(host.name)
    guard release != committed, let known = releases[release.number] else { return }
    expect(
      host.hash <= known.threshold, "\(process.incarnation) applies \(release) before its turn")
    if let limit = known.thresholdAtFailure {
      expect(
        host.hash <= limit, "\(process.incarnation) applies \(release), which failed before it")
    }
    expect(
      !host.diedOn.contains(release.number),
      "\(process.incarnation) applies \(release), on which it died")
  }

  /// Nobody runs for long what is not to be run.
  mutating func checkUndone(
    _ host: SimulatedHost, isReachable: Bool, _ now: Duration
  ) {
    guard let process = host.process, let release = process.running, release != committed,
      let undone = releases[release.number]
    else { return }
    let bound = times.expiry * 1.02 + times.jitter + slack
    if isReachable, let time = undone.isRolledBack {
      expect(
        now <= max(time, host.reachChanged, process.runningSince) + bound,
        "\(process.incarnation) still runs \(release), rolled back at \(time)")
    }
    if !isReachable, process.instance.memory.good != release {
      expect(
        now <= max(host.reachChanged, process.runningSince) + bound,
        "\(process.incarnation) is out of reach since \(host.reachChanged) and still runs \(release)"
      )
    }
  }
}
