extension ControllerMachine {
  /// How many failures of earlier releases are cleaned up with a new rollout.
  static let maximumSwept = 64
  /// How many rollouts are remembered.
  static let maximumHistory: UInt64 = 100

  /// The transaction that makes a move, on what the view has; nil if the move makes no sense there.
  ///
  /// Every one of them is fenced by the controller's key, and each that moves the record by the record's revision.
  func transaction(
    for move: Move, _ view: FleetView, fence: StoreRevision
  ) -> StoreTransaction? {
    let seat = StoreCondition(keys.controller, .created(fence))
    switch move {
    case .campaign, .resign: return nil
    case .dropCommand:
      guard let command = view.command else { return nil }
      return StoreTransaction(
        if: [seat, StoreCondition(keys.command, .modified(command.modified))],
        then: [.delete(keys.command)])
    case .refuse(let proposal, let reason):
      guard let proposed = view.proposal,
        let value = try? FleetKeys.encode(Refusal(proposal: proposal.id, reason: reason))
      else { return nil }
      return StoreTransaction(
        if: [seat, StoreCondition(keys.proposal, .modified(proposed.modified))],
        then: [.delete(keys.proposal), .put(keys.refusal, value)])
    case .begin(let release): return beginning(of: release, view, seat, fence)
    case .enter, .commit, .pause, .resume, .rollBack, .end:
      return moving(move, view, seat, fence)
    }
  }

  private func beginning(
    of release: Release, _ view: FleetView, _ seat: StoreCondition, _ fence: StoreRevision
  ) -> StoreTransaction? {
    guard let proposal = view.proposal else { return nil }
    var plan = proposal.value.stages ?? stages
    if plan.isEmpty { plan = stages }
    let record = RolloutRecord(
      release: release, base: view.orders.committed?.value.release, stages: plan,
      step: RolloutStep(entering: 0, of: plan, hashes: view.hashes), state: .running,
      proposal: proposal.value.id, proposedBy: proposal.value.proposedBy,
      startedAt: wallClock(), movedAt: wallClock(), controller: identity.name, fence: fence.rawValue
    )
    guard let value = try? FleetKeys.encode(record) else { return nil }
    let before = view.orders.record.map(\.modified)
    return StoreTransaction(
      if: [
        seat, StoreCondition(keys.rollout, before.map { .modified($0) } ?? .absent),
        StoreCondition(keys.proposal, .modified(proposal.modified)),
        StoreCondition(keys.quarantine(release.content), .absent),
      ],
      then: [.put(keys.rollout, value), .delete(keys.proposal)]
        + view.failures.keys.sorted().prefix(Self.maximumSwept).map { .delete($0) })
  }

  private func moving(
    _ move: Move, _ view: FleetView, _ seat: StoreCondition, _ fence: StoreRevision
  ) -> StoreTransaction? {
    guard let current = view.orders.record, let record = moved(move, current.value, view, fence),
      let value = try? FleetKeys.encode(record)
    else { return nil }
    let release = record.release
    let failure = StoreCondition(keys.failure(of: release.number), .absent)
    let quarantine = keys.quarantine(release.content)
    var conditions = [seat, StoreCondition(keys.rollout, .modified(current.modified))]
    var mutations = [StoreMutation.put(keys.rollout, value)]
    switch move {
    case .enter, .resume:
      conditions.append(failure)
    case .commit:
      conditions += [failure, StoreCondition(quarantine, .absent)]
      guard let committed = try? FleetKeys.encode(CommittedRelease(release: release)) else {
        return nil
      }
      mutations.append(.put(keys.committed, committed))
    case .rollBack(let reason):
      guard
        let kept = try? FleetKeys.encode(QuarantinedBundle(release: release, failure: reason))
      else { return nil }
      mutations.append(.put(quarantine, kept))
    default: break
    }
    if case .ended = record.state {
      mutations.append(.put(keys.history(of: release.number), value))
      if release.number > Self.maximumHistory {
        mutations.append(.delete(keys.history(of: release.number - Self.maximumHistory)))
      }
    }
    if let command = view.command {
      // Whatever was wanted, this has answered it.
      conditions.append(StoreCondition(keys.command, .modified(command.modified)))
      mutations.append(.delete(keys.command))
    }
    return StoreTransaction(if: conditions, then: mutations)
  }

  private func moved(
    _ move: Move, _ record: RolloutRecord, _ view: FleetView, _ fence: StoreRevision
  ) -> RolloutRecord? {
    var next = record
    next.controller = identity.name
    next.fence = fence.rawValue
    next.movedAt = wallClock()
    switch move {
    case .enter(let stage):
      next.step = step(entering: stage, record, view)
    case .resume:
      next.state = .running
      next.step = step(entering: record.step.stage, record, view)
    case .commit: next.state = .ended(.committed)
    case .pause(let reason): next.state = .paused(reason)
    case .rollBack(let failure): next.state = .rollingBack(failure)
    case .end(let outcome): next.state = .ended(outcome)
    default: return nil
    }
    return next
  }

  /// A stage for the instances that live now. One that is entered again is not watched for less than it was to be.
  private func step(
    entering stage: Int, _ record: RolloutRecord, _ view: FleetView
  ) -> RolloutStep {
    var step = RolloutStep(
      entering: stage, of: record.stages, hashes: view.hashes, reached: record.step.threshold)
    if stage <= record.step.stage {
      step.bakeMilliseconds = max(step.bakeMilliseconds, record.step.bakeMilliseconds)
    }
    return step
  }
}
