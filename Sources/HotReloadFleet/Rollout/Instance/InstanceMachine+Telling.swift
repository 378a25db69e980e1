extension InstanceMachine {
  /// Writes the report if the store has another one, and the failure if others must be kept from it.
  mutating func tell(_ actions: inout [Action]) {
    guard let lease, write == nil, !isSuperseded, !hasDeparted else { return }
    guard report != told || alarm != nil else {
      if departure != nil { endDeparture(&actions) }
      return
    }
    let key = keys.instance(identity.name)
    var conditions = [StoreCondition(key, ownRevision.map { .modified($0) } ?? .absent)]
    if case .announcing = activity {
      guard let record = orders?.record, record.modified >= awaitedRecord else { return }
      conditions.append(StoreCondition(keys.rollout, .modified(record.modified)))
    }
    guard let value = try? FleetKeys.encode(report) else { return }
    var mutations = [StoreMutation.put(key, value, lease: lease)]
    if let alarm, let value = try? FleetKeys.encode(failure(of: alarm)) {
      // It outlives the instance: no lease.
      mutations.append(.put(keys.failure(of: alarm.release.number), value))
    }
    let number = WriteNumber(number: nextNumber())
    write = (number, report, alarm)
    actions.append(.commit(number, StoreTransaction(if: conditions, then: mutations)))
  }

  private func failure(of alarm: Failure) -> RolloutFailure {
    RolloutFailure(
      kind: .reported, instance: identity.name,
      reason: String(alarm.reason.prefix(InstanceReport.maximumError)))
  }

  mutating func take(
    _ outcome: WriteOutcome, of number: WriteNumber, at now: Duration, _ actions: inout [Action]
  ) {
    guard let done = write, done.number == number else { return }
    write = nil
    switch outcome {
    case .made(let revision):
      ownRevision = revision
      told = done.report
      if alarm == done.alarm { alarm = nil }
      guard case .announcing(let release) = activity, done.report == report, departure == nil,
        release == target(at: now)
      else { return }
      // The store has just said that the record allows it.
      heard = now
      apply(release, at: now, &actions)
    case .conflict(let conflict): take(conflict, &actions)
    case .notMade(let isLeaseGone): if isLeaseGone { loseLease(&actions) }
    }
  }

  private mutating func take(_ conflict: StoreConflict, _ actions: inout [Action]) {
    let own = conflict[keys.instance(identity.name)]
    if own?.modRevision != ownRevision {
      if told != nil, let own, let other = incarnation(of: own), other != identity.incarnation {
        isSuperseded = true
        actions.append(.superseded(by: other))
      }
      ownRevision = own?.modRevision
      if own == nil { told = nil }
    }
    guard let record = conflict[keys.rollout], record.modRevision > awaitedRecord else { return }
    awaitedRecord = record.modRevision
    // A watch brings it soon; a read does so too if the watch is broken.
    if awaitedRecord > orders?.record?.modified ?? .zero { actions.append(.readOrders) }
  }

  private func incarnation(of entry: StoreEntry) -> String? {
    guard case .put(_, .instance(let report)) = keys.change(.put(entry)) else { return nil }
    return report.incarnation
  }

  mutating func loseLease(_ actions: inout [Action]) {
    guard lease != nil else { return }
    lease = nil
    told = nil
    if departure == nil { actions.append(.grantLease) }
  }
}
