import Logging

/// What an instance of a fleet logs.
struct FleetLog: Sendable {
  let logger: Logger
  let instance: String

  private var metadata: Logger.Metadata { ["instance": "\(instance)"] }

  func applies(_ release: Release) {
    logger.info("\(release) is being applied", metadata: metadata)
  }

  func settled(_ release: Release) {
    logger.info("the fleet has agreed on \(release)", metadata: metadata)
  }

  func reverts(to release: Release?) {
    let target = release.map(String.init(describing:)) ?? "the instance's own files"
    logger.notice("going back to \(target)", metadata: metadata)
  }

  func proposes(_ content: BundleDigest) {
    logger.info(
      "the workspace's files have changed, and are proposed to the fleet",
      metadata: metadata.merging(["content": "\(content)"]) { $1 })
  }

  func refusedProposal(_ reason: String) {
    logger.error("the change of the workspace's files is refused: \(reason)", metadata: metadata)
  }

  func drifted(_ content: BundleDigest) {
    logger.warning(
      """
      the workspace's files are not what the fleet agreed on; they are not applied: propose them with \
      'hotreload fleet propose', or take them back
      """,
      metadata: metadata.merging(["content": "\(content)"]) { $1 })
  }

  func failed(_ release: Release, _ reason: String) {
    logger.error("\(release) is refused: \(reason)", metadata: metadata)
  }

  func superseded(by incarnation: String) {
    logger.error(
      """
      another process takes part in the fleet as \(instance); this one reports no more and keeps to what is \
      committed: give each process a name of its own
      """,
      metadata: metadata.merging(["other": "\(incarnation)"]) { $1 })
  }

  func departed() {
    logger.info("left the fleet", metadata: metadata)
  }

  func cannotRemember(_ error: any Error) {
    logger.error(
      "what the instance has to remember of its rollouts cannot be written: \(error)",
      metadata: metadata)
  }

  func cannotPrune(_ error: any Error) {
    logger.warning(
      "content that is not needed any more stays in the fleet's store: \(error)",
      metadata: metadata)
  }

  func store(_ error: StoreError?, before: String?) {
    if let error {
      logger.warning("the fleet's store: \(error.message)", metadata: metadata)
    } else if before != nil {
      logger.notice("the fleet's store answers again", metadata: metadata)
    }
  }

  func noted(_ note: ControllerMachine.Note) {
    switch note {
    case .leads:
      logger.info("this instance leads the fleet", metadata: metadata)
    case .steppedDown(let reason):
      logger.info("this instance does not lead the fleet any more: \(reason)", metadata: metadata)
    case .moved(let move):
      logger.info("the rollout moves: \(move)", metadata: metadata)
    case .lost(let name):
      logger.warning("instance \(name) is lost", metadata: metadata)
    case .returned(let name):
      logger.info("instance \(name) is back", metadata: metadata)
    case .refused(let name, let reason):
      logger.warning("instance \(name) refuses the release: \(reason)", metadata: metadata)
    }
  }
}

extension ControllerMachine.Move: CustomStringConvertible {
  /// For people.
  var description: String {
    switch self {
    case .campaign: "an election"
    case .resign: "the controller resigns"
    case .begin(let release): "\(release) begins"
    case .refuse(let proposal, let reason):
      "the proposal of \(proposal.proposedBy) is refused: \(reason)"
    case .enter(let stage): "stage \(stage + 1)"
    case .commit: "it is committed"
    case .pause(let reason): "\(reason)"
    case .resume: "it goes on"
    case .rollBack(let failure): "it is rolled back, because of \(failure)"
    case .end(.committed): "it has ended"
    case .end(.rolledBack(_, let unreverted)):
      unreverted == 0
        ? "all have gone back" : "\(unreverted) instances have not gone back"
    case .dropCommand: "a command is dropped that does not fit"
    }
  }
}
