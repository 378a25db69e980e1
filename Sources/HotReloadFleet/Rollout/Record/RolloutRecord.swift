/// The one record of a fleet's rollout. What it says is what every instance does.
///
/// **Who moves it.** Only the controller, and only by a transaction of the store with two conditions: the record is still the
/// revision that the controller decided on (compare-and-swap), and the controller's key still is the one that it created
/// (its `createRevision` is the fence). The key is there once at most, and a new controller creates it anew, under a greater
/// revision; the store checks conditions and writes in one step. So of two who both believe to be the controller, only the one
/// whose key is there can write, and each revision of the record has one successor. A write that was delayed on its way finds another
/// revision and does nothing.
///
/// **Why a failure never spreads.** An instance that fails writes ``FleetKeys/failure(of:)`` in the same transaction as its report.
/// Every move that lets more instances have the change, and the commit, has as its condition that this key is absent.
/// So the store orders them: either the failure was first, and the move fails, or the move was first. Whether the controller
/// has heard of the failure does not matter. And an instance begins only what a record of that very revision allows it
/// (see ``InstanceMachine``).
///
/// **Why what is committed was never rolled back.** The commit and the roll-back both are moves from the same revision of the record,
/// so there is one of them at most. A roll-back quarantines its content in the same transaction, and both the beginning of a rollout and its
/// commit have as a condition that their content is not in quarantine.
///
/// **Writes.** One for each stage entered and one for the end, however many instances there are. That a stage is
/// *baking* is not written: it is so when all of its instances have said that they applied the change, which is in their reports for everybody
/// to see (``FleetView/phase``). A bake is timed by one controller's monotonic clock; another controller bakes anew. Two
/// clocks are never compared.
public struct RolloutRecord: Sendable, Hashable, Codable {
  /// The version of the format that this is.
  public static let currentVersion = 1

  /// The format's version.
  public var version = RolloutRecord.currentVersion
  /// What is rolled out.
  public var release: Release
  /// What was committed before, and what a roll-back goes back to; nil for what each instance had of its own.
  public var base: Release?
  /// The plan.
  public var stages: [RolloutStage]
  /// How far it has come. It never goes back: a roll-back is a ``state``.
  public var step: RolloutStep
  /// What is going on.
  public var state: RolloutState
  /// The name of the proposal that it came from.
  public var proposal: String
  /// Who proposed it, for people.
  public var proposedBy: String
  /// When it began, in milliseconds since 1970 by the clock of the controller; for people, nothing is decided by it.
  public var startedAt: Int64
  /// When this was written, in the same way.
  public var movedAt: Int64
  /// The controller that wrote this.
  public var controller: String
  /// The revision that created that controller's key.
  public var fence: Int64

  /// Whether instances up to the threshold are to run the release.
  public var isOnTrial: Bool {
    switch state {
    case .running, .paused: true
    case .rollingBack, .ended: false
    }
  }
}

/// What is going on in a rollout.
public enum RolloutState: Sendable, Hashable, Codable {
  /// The instances up to the threshold take the change, and keep it.
  case running
  /// Those who have it keep it, nobody else takes it. It goes on by hand.
  case paused(PauseReason)
  /// Everybody goes back to what is committed.
  case rollingBack(RolloutFailure)
  /// Nothing is going on.
  case ended(RolloutOutcome)
}

/// How a rollout ended.
public enum RolloutOutcome: Sendable, Hashable, Codable {
  /// The release is committed.
  case committed
  /// All that can be reached have gone back.
  ///
  /// - Parameter unreverted: how many instances said that they still run it when the time for that was over.
  case rolledBack(RolloutFailure, unreverted: Int)
}

/// Why a rollout waits for people.
public enum PauseReason: Sendable, Hashable, Codable, CustomStringConvertible {
  /// Somebody asked for it.
  case byHand(by: String)
  /// More instances were lost at once than a change alone should bring down.
  case massLoss(missing: Int, of: Int)
  /// Instances of the stage are gone, and nobody saw how.
  case missing(count: Int)
  /// An instance lives and does not begin.
  case stalled(instance: String)

  /// What happened, for people.
  public var description: String {
    switch self {
    case .byHand(let who): "paused by \(who)"
    case .massLoss(let missing, let population):
      "\(missing) of \(population) instances were lost at once, which may be the network or the store; "
        + "look at them, then resume or roll back"
    case .missing(let count):
      "\(count) instances that have the change are gone, and the store was not seen all the time; "
        + "look at them, then resume or roll back"
    case .stalled(let instance):
      "\(instance) lives but does not take the change; look at it, then resume or roll back"
    }
  }
}

/// Why a rollout was rolled back.
public struct RolloutFailure: Sendable, Hashable, Codable, CustomStringConvertible {
  /// What kind of failure.
  public enum Kind: String, Sendable, Hashable, Codable {
    /// An instance refused the content or was not healthy with it.
    case reported
    /// An instance that had it was lost, and did not come back.
    case lost
    /// An instance began with it and did not end.
    case overdue
    /// Somebody asked for it.
    case byHand
  }

  /// What kind of failure.
  public var kind: Kind
  /// The instance that failed, or who asked.
  public var instance: String
  /// What it said.
  public var reason: String

  /// Creates a failure.
  public init(kind: Kind, instance: String, reason: String) {
    self.kind = kind
    self.instance = instance
    self.reason = reason
  }

  /// For people: `web-3: the health check failed: …`.
  public var description: String { "\(instance): \(reason)" }
}
