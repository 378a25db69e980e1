/// Everything that a store has of one fleet, as it was at one moment, for people to look at.
public struct FleetOverview: Sendable, Hashable {
  /// How far the running stage is.
  public enum Phase: String, Sendable, Hashable {
    /// Instances are taking the change.
    case applying
    /// All whose turn it is have it, and are watched.
    case baking
  }

  /// The revision that it is of.
  public internal(set) var revision = StoreRevision.zero
  /// What is rolled out, or was last.
  public internal(set) var rollout: RolloutRecord?
  /// What the fleet agreed on.
  public internal(set) var committed: Release?
  /// Who leads; nil for a moment in which nobody does.
  public internal(set) var controller: ControllerSeat?
  /// The instances that live, in the order in which they take a change.
  public internal(set) var instances: [InstanceReport] = []
  /// What waits to be rolled out.
  public internal(set) var proposal: Proposal?
  /// Why the last refused proposal came to nothing.
  public internal(set) var refusal: Refusal?
  /// What somebody asked for and the controller has not done yet.
  public internal(set) var command: RolloutCommand?
  /// What must not be rolled out again, sorted by release.
  public internal(set) var quarantine: [QuarantinedBundle] = []
  /// How the rollouts ended that are remembered, the oldest first.
  public internal(set) var history: [RolloutRecord] = []
  /// What this version of the library cannot read, and why.
  public internal(set) var unreadable: [String] = []

  init() {}

  init(_ entries: some Sequence<StoreEntry>, of keys: FleetKeys, at revision: StoreRevision) {
    self.revision = revision
    for entry in entries {
      switch keys.change(.put(entry)) {
      case .put(_, let value): take(value)
      case .unreadable(_, let reason): unreadable.append(reason)
      case .deleted: break
      case nil where keys.history.contains(entry.key):
        if let record = keys.pastRollout(entry.value) { history.append(record) }
      case nil: break
      }
    }
    instances.sort { $0.hash < $1.hash }
    quarantine.sort { $0.release.number < $1.release.number }
    history.sort { $0.release.number < $1.release.number }
    unreadable.sort()
  }

  private mutating func take(_ value: FleetValue) {
    switch value {
    case .rollout(let record): rollout = record
    case .committed(let value): committed = value.release
    case .controller(let seat): controller = seat
    case .instance(let report): instances.append(report)
    case .quarantine(let bundle): quarantine.append(bundle)
    case .proposal(let value): proposal = value
    case .command(let value): command = value
    case .refusal(let value): refusal = value
    case .failure: break
    }
  }

  /// How far the running stage is; nil if nothing is running.
  public var phase: Phase? {
    guard let rollout, rollout.state == .running else { return nil }
    let targets = targets(of: rollout)
    let isDone = !targets.isEmpty && targets.allSatisfy { Self.hasApplied($0, rollout.release) }
    return isDone ? .baking : .applying
  }

  /// The instances that the rollout's stage lets have the change.
  public func targets(of rollout: RolloutRecord) -> [InstanceReport] {
    instances.filter { $0.phase != .departed && $0.hash <= rollout.step.threshold }
  }

  /// Whether the instance runs the release and said that it is well.
  static func hasApplied(_ report: InstanceReport, _ release: Release) -> Bool {
    report.phase == .applied && report.release == release && report.running == release
  }

  /// How many of the living instances run a release.
  public func count(running release: Release) -> Int {
    instances.count { $0.phase != .departed && $0.running == release }
  }
}
