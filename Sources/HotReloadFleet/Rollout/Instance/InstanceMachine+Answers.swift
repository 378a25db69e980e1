extension InstanceMachine {
  mutating func takeValidation(
    _ task: Task, _ failure: String?, at now: Duration, _ actions: inout [Action]
  ) {
    guard case .validating(let begun, let release, _) = activity, begun == task,
      departure == nil
    else { return }
    activity = .none
    if let failure {
      invalid.insert(release.number)
      return fail(Failure(release: release, reason: failure), &actions)
    }
    guard release == target(at: now) else { return }
    if release == orders?.committed?.value.release { return apply(release, at: now, &actions) }
    activity = .announcing(release)
    report.phase = .applying
    report.release = release
    report.running = running
    report.healthFailure = nil
    report.error = nil
  }

  /// Remembers the attempt, and has it made.
  mutating func apply(_ release: Release, at now: Duration, _ actions: inout [Action]) {
    let task = nextTask()
    memory.attempt = release
    activity = .applying(task, release, until: now + times.apply)
    actions += [.remember(memory), .apply(task, release)]
  }

  mutating func takeApplication(
    _ task: Task, _ failure: String?, at now: Duration, _ actions: inout [Action]
  ) {
    guard case .applying(let begun, let release, let deadline) = activity, begun == task else {
      return
    }
    activity = .none
    if let failure {
      memory.attempt = nil
      memory.strike(release)
      actions.append(.remember(memory))
      // That it takes too long was told already.
      if deadline != nil { fail(Failure(release: release, reason: failure), &actions) }
      return
    }
    running = release
    // What else is told of it is told with its health, in one write.
    if deadline == nil { report.running = release }
    guard departure == nil, deadline != nil else { return }
    let check = nextTask()
    activity = .proving(check, release, until: now + times.health)
    actions.append(.checkHealth(check))
  }

  mutating func takeReversion(_ task: Task, _ actions: inout [Action]) {
    guard case .reverting(let begun, let failure, let deadline) = activity, begun == task else {
      return
    }
    activity = .none
    running = memory.good
    memory.attempt = nil
    actions.append(.remember(memory))
    guard let failure else {
      // A failure that was told while it ran goes on being told.
      if report.phase == .failed { report.running = running } else { rest() }
      return
    }
    if deadline == nil { report.running = running } else { fail(failure, &actions) }
  }

  mutating func takeHealth(
    _ task: Task, _ failure: String?, at now: Duration, _ actions: inout [Action]
  ) {
    guard departure == nil else { return }
    switch (activity, health) {
    case (.proving(let asked, let release, _), _) where asked == task:
      activity = .none
      if let failure { return beUnhealthy(release, failure, at: now, &actions) }
      rest()
      health = .due(at: now + healthInterval)
    case (.none, .asked(let asked, _)) where asked == task:
      guard let release = running, isOnTrial else {
        health = .none
        return
      }
      if let failure { return beUnhealthy(release, failure, at: now, &actions) }
      health = .due(at: now + healthInterval)
    default: break
    }
  }

  /// The time between two health checks: a bake that is short has some of them all the same.
  private var healthInterval: Duration {
    guard let bake = orders?.record?.value.step.bake, bake > .zero else {
      return times.healthInterval
    }
    return min(times.healthInterval, max(bake / Self.checksInBake, Self.shortestHealthInterval))
  }

  private mutating func beUnhealthy(
    _ release: Release, _ failure: String, at now: Duration, _ actions: inout [Action]
  ) {
    memory.strike(release)
    actions.append(.remember(memory))
    // It is told together with where that led, in one write.
    revert(
      Failure(
        release: release, reason: "it is not healthy with it: \(failure)", health: failure),
      at: now, &actions)
  }

  /// What time brings about.
  mutating func expire(at now: Duration, _ actions: inout [Action]) {
    if let departure {
      if now >= departure { endDeparture(&actions) }
      return
    }
    switch activity {
    case .validating(_, let release, let until) where now >= until:
      activity = .none
      memory.strike(release)
      actions.append(.remember(memory))
      fail(
        Failure(release: release, reason: "it was not validated within \(times.validate)"),
        &actions)
    case .applying(let task, let release, let until?) where now >= until:
      activity = .applying(task, release, until: nil)
      memory.strike(release)
      actions.append(.remember(memory))
      fail(Failure(release: release, reason: "it was not applied within \(times.apply)"), &actions)
    case .proving(_, let release, let until) where now >= until:
      activity = .none
      beUnhealthy(release, "no answer within \(times.health)", at: now, &actions)
    case .goingBack(let turn) where now >= turn:
      revert(nil, at: now, &actions)
    case .reverting(let task, let failure?, let until?) where now >= until:
      activity = .reverting(task, failure: failure, until: nil)
      fail(failure, &actions)
    default: break
    }
    expireHealth(at: now, &actions)
    if needsOrders, now >= asked + times.expiry / 3, now >= heard + times.expiry / 3 {
      asked = now
      actions.append(.readOrders)
    }
  }

  private mutating func expireHealth(at now: Duration, _ actions: inout [Action]) {
    guard activity == .none, isOnTrial, let release = running else { return }
    switch health {
    case .due(let time) where now >= time:
      let check = nextTask()
      health = .asked(check, until: now + times.health)
      actions.append(.checkHealth(check))
    case .asked(_, let until) where now >= until:
      beUnhealthy(release, "no answer within \(times.health)", at: now, &actions)
    default: break
    }
  }

  /// Whether it matters that the fleet's will is known: a watch may be silent because nothing happens, or because it is broken.
  private var needsOrders: Bool { isOnTrial || activity != .none || orders == nil }

  /// When `timePassed` is due next; nil if nothing is waited for. What is due by now has been looked at.
  func nextDeadline(after now: Duration) -> Duration? {
    if hasDeparted { return nil }
    if let departure { return departure }
    var times: [Duration] = []
    switch activity {
    case .validating(_, _, let until), .proving(_, _, let until), .goingBack(let until):
      times.append(until)
    case .applying(_, _, let until?), .reverting(_, _, let until?): times.append(until)
    case .none, .announcing, .applying, .reverting: break
    }
    if activity == .none, isOnTrial {
      switch health {
      case .due(let time), .asked(_, let time): times.append(time)
      case .none: break
      }
      // Then what is on trial expires.
      times.append(heard + self.times.expiry + .nanoseconds(1))
    }
    if needsOrders { times.append(max(asked, heard) + self.times.expiry / 3) }
    times.removeAll { $0 <= now }
    return times.min()
  }
}
