extension FleetOverview {
  /// What an instance is to run, as the store has it; nil for what it has of its own.
  public func wanted(of report: InstanceReport) -> Release? {
    guard let rollout, rollout.isOnTrial, report.hash <= rollout.step.threshold else {
      return committed
    }
    return rollout.release
  }

  /// Whether the instance runs what it is to run, and nothing is under way.
  public func isThere(_ report: InstanceReport) -> Bool {
    report.phase != .applying && report.running == wanted(of: report)
  }

  /// Whether the instance refuses what it is to run, or what is being taken back because of that. What it refused in a rollout that
  /// has ended is in the history.
  public func isFailing(_ report: InstanceReport) -> Bool {
    guard report.phase == .failed, let release = report.release else { return false }
    if case .rollingBack? = rollout?.state, release == rollout?.release { return true }
    return release == wanted(of: report)
  }

  /// Whether what the instance runs was not healthy when it was looked at last. What it went back from does not count.
  public func isUnhealthy(_ report: InstanceReport) -> Bool {
    report.healthFailure != nil && report.release == report.running
  }

  /// The instances that take part: all that live but those that are about to stop.
  public var participants: [InstanceReport] { instances.filter { $0.phase != .departed } }

  /// Whether a rollout is under way.
  public var isRollingOut: Bool { rollout.map { !$0.state.isEnded } ?? false }

  /// What is not as it should be, one sentence each; empty if all is well. A rollout that goes on, and instances that are about to take it,
  /// are no problem.
  public var problems: [String] {
    var problems: [String] = []
    if participants.isEmpty { problems.append("no instance lives") }
    if let rollout { problems += self.problems(of: rollout) }
    let waits = isRollingOut || proposal != nil || command != nil
    if controller == nil, !participants.isEmpty, waits {
      problems.append("no instance leads at this moment, so nothing goes on")
    }
    for report in participants {
      if isFailing(report), let release = report.release {
        problems.append(
          "\(report.instance) refuses \(release): \(report.error ?? "it does not say why")")
      } else if isUnhealthy(report), let failure = report.healthFailure {
        problems.append("\(report.instance) is not healthy: \(failure)")
      }
      if report.drift != nil {
        problems.append(
          "the own files of \(report.instance) are not what the fleet agreed on; they are not used")
      }
    }
    return problems + unreadable
  }

  private func problems(of rollout: RolloutRecord) -> [String] {
    switch rollout.state {
    case .running, .ended(.committed): return []
    case .paused(let reason): return ["\(rollout.release) is paused: \(reason)"]
    case .rollingBack(let failure):
      return ["\(rollout.release) is being rolled back: \(failure)"]
    case .ended(.rolledBack):
      let left = count(running: rollout.release)
      return left == 0
        ? [] : ["\(left) instances still run \(rollout.release), which was rolled back"]
    }
  }
}
