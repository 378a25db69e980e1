/// What somebody wants rolled out. The newest takes the place of one that has not begun.
public struct Proposal: Sendable, Hashable, Codable {
  /// The version of the format that this is.
  public static let currentVersion = 1

  /// The format's version.
  public var version = Proposal.currentVersion
  /// Its name, by which its answer is known.
  public var id: String
  /// The bundle, which is in the store already.
  public var content: BundleDigest
  /// Who wants it, for people.
  public var proposedBy: String
  /// The plan; nil for the controller's own.
  public var stages: [RolloutStage]?

  /// Creates a proposal.
  public init(
    id: String, content: BundleDigest, proposedBy: String, stages: [RolloutStage]? = nil
  ) {
    self.id = id
    self.content = content
    self.proposedBy = proposedBy
    self.stages = stages
  }
}

/// Why a proposal came to nothing.
public struct Refusal: Sendable, Hashable, Codable {
  /// The format's version.
  public var version = Proposal.currentVersion
  /// The proposal's name.
  public var proposal: String
  /// Why, for people.
  public var reason: String

  /// Creates an answer.
  public init(proposal: String, reason: String) {
    self.proposal = proposal
    self.reason = reason
  }
}

/// What a person wants of the rollout that is under way. The controller does it, so that only the controller moves the record.
public struct RolloutCommand: Sendable, Hashable, Codable {
  /// What is wanted.
  public enum Order: String, Sendable, Hashable, Codable {
    case pause, resume, rollBack
  }

  /// The format's version.
  public var version = Proposal.currentVersion
  /// What is wanted.
  public var order: Order
  /// Of which release; of another one it is not done.
  public var release: UInt64
  /// Who wants it.
  public var by: String

  /// Creates a command.
  public init(_ order: Order, release: UInt64, by: String) {
    self.order = order
    self.release = release
    self.by = by
  }
}

/// Content that must not be rolled out again until somebody takes it out of quarantine.
public struct QuarantinedBundle: Sendable, Hashable, Codable {
  /// The format's version.
  public var version = Proposal.currentVersion
  /// The content, and the release that was rolled back.
  public var release: Release
  /// Why.
  public var failure: RolloutFailure

  /// Creates an entry.
  public init(release: Release, failure: RolloutFailure) {
    self.release = release
    self.failure = failure
  }
}

/// What the fleet agreed on.
public struct CommittedRelease: Sendable, Hashable, Codable {
  /// The format's version.
  public var version = Proposal.currentVersion
  /// What every instance runs that nothing else is asked of.
  public var release: Release

  /// Creates a commitment.
  public init(release: Release) {
    self.release = release
  }
}

/// Who leads: under the lease of that instance.
public struct ControllerSeat: Sendable, Hashable, Codable {
  /// The format's version.
  public var version = Proposal.currentVersion
  /// The instance's name.
  public var instance: String
  /// Which of its lives.
  public var incarnation: String

  /// Creates a seat.
  public init(instance: String, incarnation: String) {
    self.instance = instance
    self.incarnation = incarnation
  }
}
