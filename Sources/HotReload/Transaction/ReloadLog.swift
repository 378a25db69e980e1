import FileWatching
import Logging
import WorkspaceTools

/// What a transaction did, for people. Secret values are left out.
struct ReloadLog: Sendable {
  let logger: Logger
  let rules = RedactionRules.default

  func cannotList(_ error: any Error) {
    logger.error("the configs cannot be listed", metadata: ["error": "\(error)"])
  }

  func unhealthy(_ generation: UInt64, _ reason: String) {
    logger.error(
      "what is in force is not healthy, and there is nothing to go back to",
      metadata: ["generation": "\(generation)", "reason": "\(reason)"])
  }

  func baked(_ baked: TransactionMachine<UnitContent>.Baked) {
    logger.debug(
      "what is in force is the last good",
      metadata: [
        "generation": "\(baked.generation)", "bake": "\(baked.duration)",
        "units": .array(baked.contents.keys.sorted().map { "\($0)" }),
      ])
  }

  func retireOverdue(_ participant: String, _ limit: Duration) {
    logger.warning(
      "a participant does not let go of something that was replaced",
      metadata: ["participant": "\(participant)", "limit": "\(limit)"])
  }

  func leftTasks(_ count: Int) {
    logger.error(
      "participants or validators do not end; the shutdown goes on without them",
      metadata: ["tasks": "\(count)"])
  }

  func published(_ publication: TransactionMachine<UnitContent>.Publication) {
    for notice in publication.notices { log(notice) }
    for unit in publication.units { log(unit, of: publication) }
  }

  private func log(
    _ unit: TransactionMachine<UnitContent>.UnitChange,
    of publication: TransactionMachine<UnitContent>.Publication
  ) {
    let name = unit.unit.eventName ?? unit.unit.description
    var metadata: Logger.Metadata = [
      "config": "\(name)", "generation": "\(publication.generation)",
      "producer": "\(publication.producers.map(\.description).joined(separator: ","))",
    ]
    switch unit.outcome {
    case .applied:
      metadata["duration"] = "\(publication.duration)"
      logger.info("config applied", metadata: metadata)
    case .recovered:
      metadata["duration"] = "\(publication.duration)"
      logger.notice("config recovered: what is on disk is good again", metadata: metadata)
    case .rolledBack(let reason):
      metadata["reason"] = "\(reason)"
      logger.error(
        "config rolled back: what was in force before is so again", metadata: metadata)
    case .rejected, .refused, .quarantined:
      metadata["errors"] = .array(unit.outcome.diagnostics.map { "\(redacted($0))" })
      if unit.isChanged {
        logger.error(
          "config rejected; the last good value of an earlier process is in force",
          metadata: metadata)
      } else if unit.isRepeated {
        logger.debug("config is still rejected", metadata: metadata)
      } else if unit.new == nil {
        logger.error("config rejected, and there is no good value to serve", metadata: metadata)
      } else {
        logger.error("config rejected; the last good value stays in force", metadata: metadata)
      }
    case .unchanged:
      logger.trace("config unchanged", metadata: metadata)
    }
    if unit.isChanged, let old = unit.old?.tree, let new = unit.new?.tree, logger.logLevel <= .debug
    {
      let differences = new.difference(from: old)
      metadata["keys"] = .array(differences.map { "\($0.keyPath)" })
      logger.debug("config values changed", metadata: metadata)
    }
  }

  private func log(_ notice: WatchNotice) {
    switch notice {
    case .rescanned(let reason):
      logger.notice(
        "everything was compared with the file system again",
        metadata: ["reason": "\(reason.rawValue)"])
    case .degraded(let path, let reason):
      logger.warning(
        "a folder cannot be watched and is polled instead",
        metadata: ["path": "\(path)", "reason": "\(reason)"])
    case .unreadable(let path, let reason):
      logger.warning(
        "a folder cannot be read, so changes below it are not seen",
        metadata: ["path": "\(path)", "reason": "\(reason)"])
    case .restored(let path):
      logger.notice("a folder is watched again", metadata: ["path": "\(path)"])
    }
  }

  /// A type error quotes the value that it found, which must not be shown under a secret key.
  private func redacted(_ diagnostic: ConfigDiagnostic) -> ConfigDiagnostic {
    let keys = diagnostic.keyPath.split { "[].\"".contains($0) }
    guard keys.contains(where: { rules.isSecret(String($0)) }) else { return diagnostic }
    var shown = diagnostic
    shown.message = "the value is not accepted \(RedactionRules.replacement)"
    return shown
  }
}
