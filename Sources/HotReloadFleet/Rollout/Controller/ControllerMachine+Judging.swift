extension ControllerMachine {
  /// What is to be written next; nil if nothing is, for now.
  mutating func nextMove(
    _ view: FleetView, at now: Duration, _ actions: inout [Action]
  ) -> Move? {
    guard let record = view.record else { return nextBeginning(view) }
    switch record.state {
    case .ended: return nextBeginning(view)
    case .rollingBack(let failure): return nextEnd(view, failure, at: now)
    case .running, .paused: break
    }
    if let failure = view.failure { return .rollBack(failure) }
    if let command = view.command?.value { return answer(command, record) }
    guard record.state == .running else { return nil }
    return nextStep(view, record, at: now, &actions)
  }

  private func nextBeginning(_ view: FleetView) -> Move? {
    if view.command != nil { return .dropCommand }
    guard let proposal = view.proposal?.value, view.census.live > 0 else { return nil }
    let committed = view.orders.committed?.value.release
    if committed?.content == proposal.content {
      return .refuse(proposal, reason: "it is what the fleet runs already")
    }
    if let kept = view.quarantine[proposal.content] {
      return .refuse(
        proposal,
        reason: "it is in quarantine since \(kept.release) was rolled back: \(kept.failure); "
          + "mend it, or take it out of quarantine")
    }
    let newest = max(view.record?.release.number ?? 0, committed?.number ?? 0)
    return .begin(Release(number: newest + 1, content: proposal.content))
  }

  private func answer(_ command: RolloutCommand, _ record: RolloutRecord) -> Move {
    guard command.release == record.release.number else { return .dropCommand }
    switch (command.order, record.state) {
    case (.pause, .running): return .pause(.byHand(by: command.by))
    case (.resume, .paused): return .resume
    case (.rollBack, _):
      return .rollBack(
        RolloutFailure(kind: .byHand, instance: command.by, reason: "it was asked for"))
    default: return .dropCommand
    }
  }

  private func nextEnd(_ view: FleetView, _ failure: RolloutFailure, at now: Duration) -> Move? {
    let left = view.census.running
    guard left == 0 || now >= (leading?.rollingBack ?? now) + times.rollBack else { return nil }
    return .end(.rolledBack(failure, unreverted: left))
  }

  private mutating func nextStep(
    _ view: FleetView, _ record: RolloutRecord, at now: Duration, _ actions: inout [Action]
  ) -> Move? {
    guard let leading else { return nil }
    let isSettled = now >= leading.seenSince + times.settling
    let missing = record.step.population - view.census.live - leading.excused.count
    let isMass = missing >= times.massLoss(of: record.step.population)
    let isMassSeen = isMass && leading.lost.count >= missing
    if isMassSeen || (isMass && isSettled) {
      guard confirms(since: leading.seenSince, at: now, &actions) else { return nil }
      return .pause(.massLoss(missing: missing, of: record.step.population))
    }
    if let move = judgeLosses(record, isSettled, at: now, &actions) { return move }
    if let move = judgeShortfall(view, record, isSettled, at: now, &actions) { return move }
    if let move = judgeUptake(view, record, at: now, &actions) { return move }
    return goOn(view, record, isSettled, at: now)
  }

  /// Whether a full read that began at `due` or later has been seen. If not, one is asked for.
  private mutating func confirms(
    since due: Duration, at now: Duration, _ actions: inout [Action]
  ) -> Bool {
    guard let leading else { return false }
    if leading.confirmed >= due { return true }
    if leading.confirming == nil { refresh(at: now, &actions) }
    return false
  }

  /// Judges those who did not come back in time.
  private mutating func judgeLosses(
    _ record: RolloutRecord, _ isSettled: Bool, at now: Duration, _ actions: inout [Action]
  ) -> Move? {
    guard let lost = leading?.lost, !lost.isEmpty else { return nil }
    var unexplained = 0
    for (name, loss) in lost.sorted(by: { $0.key < $1.key })
    where now >= loss.at + times.grace {
      let hadIt = loss.report.running == record.release || loss.report.release == record.release
      guard hadIt else {
        // It cannot have died of what it did not have.
        leading?.lost[name] = nil
        if loss.report.hash <= record.step.threshold { leading?.excused.insert(name) }
        continue
      }
      guard confirms(since: loss.at + times.grace, at: now, &actions) else { return nil }
      if loss.isSeen {
        return .rollBack(
          RolloutFailure(
            kind: .lost, instance: name,
            reason: "it had the change, was lost and did not come back within \(times.grace)"))
      }
      unexplained += 1
    }
    return unexplained > 0 && isSettled ? .pause(.missing(count: unexplained)) : nil
  }

  /// Judges those of the step who are not there, and of whom it was not seen how they went.
  private mutating func judgeShortfall(
    _ view: FleetView, _ record: RolloutRecord, _ isSettled: Bool, at now: Duration,
    _ actions: inout [Action]
  ) -> Move? {
    guard let leading, leading.lost.isEmpty, isSettled else { return nil }
    let excused = leading.excused.count { InstanceHash(of: $0) <= record.step.threshold }
    let shortfall = record.step.targets - view.census.targets - excused
    if shortfall > 0 {
      guard confirms(since: leading.seenSince + times.settling, at: now, &actions) else {
        return nil
      }
      return .pause(.missing(count: shortfall))
    }
    // All of them have left as they should: others take their place.
    return view.census.targets == 0 && view.census.live > 0
      ? .enter(stage: record.step.stage) : nil
  }

  /// Judges those who live and do not take the change.
  private mutating func judgeUptake(
    _ view: FleetView, _ record: RolloutRecord, at now: Duration, _ actions: inout [Action]
  ) -> Move? {
    guard let due = leading?.uptakeDue, now >= due, let waiting = leading?.waiting else {
      return nil
    }
    // The bound is looked up again only when it is reached: those who apply the change only make it later.
    leading?.uptakeDue = waiting.values.min().map { $0 + times.uptake }
    let overdue = waiting.filter { now >= $0.value + times.uptake }.keys.sorted()
    guard let first = overdue.first else { return nil }
    guard confirms(since: (waiting[first] ?? now) + times.uptake, at: now, &actions) else {
      return nil
    }
    let begun = overdue.first { view.instances[$0]?.release == record.release }
    guard let begun else { return .pause(.stalled(instance: first)) }
    return .rollBack(
      RolloutFailure(
        kind: .overdue, instance: begun,
        reason: "it began with the change and did not end within \(times.uptake)"))
  }

  private mutating func goOn(
    _ view: FleetView, _ record: RolloutRecord, _ isSettled: Bool, at now: Duration
  ) -> Move? {
    guard view.phase == .baking else { return nil }
    let began = leading?.baking ?? now
    leading?.baking = began
    guard isSettled, leading?.lost.isEmpty == true, now >= began + record.step.bake else {
      return nil
    }
    return record.step.stage + 1 < record.stages.count
      ? .enter(stage: record.step.stage + 1) : .commit
  }

  /// When `timePassed` is due next; nil if nothing is waited for. What is due by now has been looked at.
  func nextDeadline(after now: Duration) -> Duration? {
    guard let leading else {
      guard write == nil, let turn, turn > now else { return nil }
      return turn
    }
    var due = [heard + times.lease]
    if write == nil, let state = leading.view?.record?.state {
      switch state {
      case .running:
        due += leading.lost.values.map { $0.at + times.grace }
        if let uptake = leading.uptakeDue { due.append(uptake) }
        if let baking = leading.baking, let step = leading.view?.record?.step {
          due.append(baking + step.bake)
        }
        due.append(leading.seenSince + times.settling)
      case .rollingBack: due.append((leading.rollingBack ?? .zero) + times.rollBack)
      case .paused, .ended: break
      }
    }
    due.removeAll { $0 <= now }
    return due.min()
  }
}
