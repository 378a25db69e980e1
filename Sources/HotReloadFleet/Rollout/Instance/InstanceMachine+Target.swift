extension InstanceMachine {
  /// What the instance should run, as far as it knows.
  func target(at now: Duration) -> Release? {
    let committed = orders?.committed?.value.release
    if let release = trial(over: committed, at: now) { return release }
    if let committed, mayRun(committed, isCommitted: true) { return committed }
    return memory.good
  }

  /// The release on trial, if it is this instance's turn.
  private func trial(over committed: Release?, at now: Duration) -> Release? {
    guard let record = orders?.record?.value, record.isOnTrial, hash <= record.step.threshold,
      mayRun(record.release, isCommitted: false), now - heard <= times.expiry, !isSuperseded
    else { return nil }
    if running == record.release || isBeginning(record.release) { return record.release }
    // A pause keeps everything as it is. And what is committed comes first: it is what a roll-back goes back to.
    guard record.state == .running,
      committed == nil || committed == running
        || committed.map({ !mayRun($0, isCommitted: true) }) == true
    else { return nil }
    return record.release
  }

  private func isBeginning(_ release: Release) -> Bool {
    switch activity {
    case .applying(_, let begun, _), .proving(_, let begun, _): begun == release
    default: false
    }
  }

  func mayRun(_ release: Release, isCommitted: Bool) -> Bool {
    if invalid.contains(release.number) { return false }
    let strikes = memory.strikes[release.number] ?? 0
    return isCommitted ? strikes < Self.maximumStrikes : strikes == 0
  }

  /// Does what is to be done next, if nothing is under way.
  mutating func step(at now: Duration, _ actions: inout [Action]) {
    guard departure == nil else { return }
    let wanted = target(at: now)
    switch activity {
    case .validating(_, let release, _) where release != wanted,
      .announcing(let release) where release != wanted:
      activity = .none
      rest()
    case .goingBack where running == wanted:
      activity = .none
    case .none: break
    default: return
    }
    guard activity == .none else { return }
    if running == wanted {
      settle(at: now, &actions)
    } else if isOnTrial {
      goBack(at: now, &actions)
    } else if let wanted {
      let task = nextTask()
      activity = .validating(task, wanted, until: now + times.validate)
      actions.append(.validate(task, wanted))
    }
    refuseAtOnce(at: now, &actions)
  }

  /// What runs is what shall run. If the fleet has agreed on it, it is good.
  private mutating func settle(at now: Duration, _ actions: inout [Action]) {
    guard let running, running != memory.good || memory.attempt != nil,
      running == orders?.committed?.value.release
    else { return }
    memory.good = running
    memory.attempt = nil
    health = .none
    actions += [.remember(memory), .settled(running)]
  }

  /// A release that this instance would have to take, and refuses for what it knows of its earlier lives.
  private mutating func refuseAtOnce(at now: Duration, _ actions: inout [Action]) {
    guard activity == .none, let record = orders?.record?.value, record.isOnTrial,
      hash <= record.step.threshold, running != record.release,
      let strikes = memory.strikes[record.release.number], strikes > 0,
      report.phase != .failed || report.release != record.release
    else { return }
    fail(
      Failure(
        release: record.release,
        reason: "the process died with \(record.release), or failed with it, and refuses it"),
      &actions)
  }

  /// Begins the way back: at once if nobody told the others to do so as well.
  private mutating func goBack(at now: Duration, _ actions: inout [Action]) {
    let isOrdered = now - heard <= times.expiry && orders?.record?.value.isOnTrial == false
    guard isOrdered, let release = running else { return revert(nil, at: now, &actions) }
    let turn = now + hash.spread(times.jitter, salt: release.number)
    activity = .goingBack(at: turn)
    if turn <= now { revert(nil, at: now, &actions) }
  }

  mutating func revert(_ failure: Failure?, at now: Duration, _ actions: inout [Action]) {
    let task = nextTask()
    health = .none
    activity = .reverting(task, failure: failure, until: failure.map { _ in now + times.revert })
    actions.append(.revert(task, memory.good))
  }

  /// Begins to tell that there is nothing to tell.
  mutating func rest() {
    report.phase = .applied
    report.release = running
    report.running = running
    report.healthFailure = nil
    report.error = nil
  }

  /// Refuses a release, and has it told.
  mutating func fail(_ failure: Failure, _ actions: inout [Action]) {
    report.phase = .failed
    report.release = failure.release
    report.running = running
    report.healthFailure = failure.health.map {
      String($0.prefix(InstanceReport.maximumError))
    }
    report.error = String(failure.reason.prefix(InstanceReport.maximumError))
    if orders?.committed?.value.release != failure.release { alarm = failure }
    actions.append(.failed(failure.release, reason: failure.reason))
  }
}
