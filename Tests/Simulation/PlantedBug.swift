@testable import HotReloadFleet

/// A mistake that the machines could make, pretended between them and the world. The rules must find each.
enum PlantedBug: CaseIterable {
  /// Content is applied that was not validated.
  case skipValidation
  /// An instance takes what was not meant for it yet.
  case ignoreThreshold
  /// The controller does not hear of failures, and its moves do not depend on them.
  case spreadFailure
  /// An instance says that it went back and did not.
  case forgetRevert
  /// An instance that hears nothing keeps what is not committed.
  case neverExpire
  /// A process does not know what it died on.
  case forgetDeath
  /// What is rolled back becomes what is committed.
  case commitRolledBack
  /// A controller goes on when it is none any more, and its writes are not fenced.
  case twoControllers
  /// The controller lets go of a stage before its bake is over.
  case shortBake
  /// The controller does not know that time passes.
  case neverTime

  /// What the rule says that it breaks.
  var symptom: String {
    switch self {
    case .skipValidation: "which it did not validate"
    case .ignoreThreshold: "before its turn"
    case .spreadFailure: "although it had failed"
    case .forgetRevert: "rolled back at"
    case .neverExpire: "is out of reach since"
    case .forgetDeath: "on which it died"
    case .commitRolledBack: "was committed after it was rolled back"
    case .twoControllers: "moved the record with the fence"
    case .shortBake: "before its bake was over"
    case .neverTime: "the rollout did not end"
    }
  }
}

extension FleetSimulation {
  /// What the controller hears.
  func heard(_ changes: [FleetChange], by process: SimulatedProcess) -> [FleetChange] {
    if bug == .twoControllers, let fence = process.controller.leading?.fence {
      return changes.filter { $0.key != keys.controller } + [seat(of: process, since: fence)]
    }
    guard bug == .spreadFailure else { return changes }
    return changes.compactMap { change in
      switch change {
      case .put(_, .failure): return nil
      case .put(let entry, .instance(var report)) where report.phase == .failed:
        report.phase = .applied
        report.running = report.release
        return .put(entry, .instance(report))
      default: return change
      }
    }
  }

  private func seat(of process: SimulatedProcess, since fence: StoreRevision) -> FleetChange {
    .put(
      StoreEntry(key: keys.controller, value: [], createRevision: fence, modRevision: fence),
      .controller(ControllerSeat(instance: process.host.name, incarnation: process.incarnation)))
  }

  /// What an instance sees.
  func seen(_ orders: FleetOrders) -> FleetOrders {
    guard bug == .ignoreThreshold else { return orders }
    var orders = orders
    orders.record?.value.step.threshold = .last
    return orders
  }

  /// What the controller writes.
  func planted(_ transaction: StoreTransaction) -> StoreTransaction {
    var transaction = transaction
    switch bug {
    case .spreadFailure:
      transaction.conditions.removeAll { $0.key.hasPrefix("fleet/failures/") }
    case .twoControllers:
      transaction.conditions.removeAll {
        $0.key == keys.controller && $0.requirement != .absent || $0.key == keys.rollout
      }
    case .shortBake:
      guard let record = record(in: transaction), record.state == .running else { break }
      var short = record
      short.step.bakeMilliseconds /= 4
      replace(record: short, in: &transaction)
    case .commitRolledBack:
      guard let record = record(in: transaction), case .ended(.rolledBack) = record.state,
        let value = try? FleetKeys.encode(CommittedRelease(release: record.release))
      else { break }
      transaction.mutations.append(.put(keys.committed, value))
    default: break
    }
    return transaction
  }

  private func record(in transaction: StoreTransaction) -> RolloutRecord? {
    for case .put(keys.rollout, let bytes, _) in transaction.mutations {
      let entry = StoreEntry(
        key: keys.rollout, value: bytes, createRevision: .zero, modRevision: .zero)
      if case .put(_, .rollout(let record)) = keys.change(.put(entry)) { return record }
    }
    return nil
  }

  private func replace(record: RolloutRecord, in transaction: inout StoreTransaction) {
    guard let value = try? FleetKeys.encode(record) else { return }
    transaction.mutations.removeAll { $0.key == keys.rollout }
    transaction.mutations.append(.put(keys.rollout, value))
  }
}
