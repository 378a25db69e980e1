/// How an instance of a fleet is doing, at one moment.
public struct FleetMemberStatus: Sendable, Hashable {
  /// What the instance says about itself.
  public var report: InstanceReport
  /// What is rolled out, or was last; nil if the store was not heard of yet, or has none.
  public var rollout: RolloutRecord?
  /// What the fleet agreed on.
  public var committed: Release?
  /// Whether the fleet's will was heard at least once since the instance started.
  public var hasHeard = false
  /// Whether this instance moves the record.
  public var isController = false
  /// Whether the instance runs what the fleet wants of it, and nothing is under way.
  public var isSettled = false
  /// Why the store cannot be reached; nil if it can.
  public var storeFailure: String?
  /// The life of another process that has this instance's name; nil if there is none.
  public var supersededBy: String?
  /// Whether what has to be remembered of rollouts cannot be written.
  public var cannotRemember = false
  /// What the fleet's store has that this version cannot read.
  public var unreadable: [String] = []

  init(report: InstanceReport) {
    self.report = report
  }

  init(_ machines: FleetAgent.Machines, at now: Duration) {
    let instance = machines.instance
    report = instance.report
    rollout = instance.orders?.record?.value
    committed = instance.orders?.committed?.value.release
    hasHeard = instance.orders != nil
    isController = machines.controller.leading != nil
    isSettled =
      instance.orders != nil && instance.activity == .none
      && instance.running == instance.target(at: now)
    cannotRemember = machines.forgets
    unreadable = instance.orders?.unreadable.values.sorted() ?? []
  }

  /// What is not as it should be, one sentence each.
  public var problems: [String] {
    var problems: [String] = []
    if let storeFailure { problems.append("the fleet's store: \(storeFailure)") }
    if let supersededBy {
      problems.append("another process (\(supersededBy)) takes part as \(report.instance)")
    }
    if cannotRemember { problems.append("what is to be remembered of rollouts cannot be written") }
    if let error = report.error { problems.append("release refused: \(error)") }
    if report.drift != nil {
      problems.append("the workspace's own files are not what the fleet agreed on")
    }
    return problems + unreadable
  }
}
