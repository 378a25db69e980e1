import FileWatching
import Logging
import WorkspaceTools

/// What happens, for people. Secret values are left out.
///
/// Every line about a transaction has these metadata, by which lines can be found and counted:
///
/// | key | says |
/// |---|---|
/// | `config`, or `files` for a file group | which one; `units` where there are several |
/// | `generation` | the one in force when the line was written |
/// | `producer` | who asked for it |
/// | `outcome` | a ``ReloadOutcome/Kind``, or `baked`, `unhealthy`, `retireOverdue`, `rescanned`, `degraded`, `restored` |
struct ReloadLog: Sendable {
  typealias Publication = TransactionMachine<UnitContent>.Publication
  typealias UnitChange = TransactionMachine<UnitContent>.UnitChange

  let logger: Logger
  let rules = RedactionRules.default

  func cannotList(_ error: any Error, for producers: [Candidate.Producer], _ generation: UInt64) {
    logger.error(
      "the configs cannot be listed, so new ones are not found",
      metadata: [
        "generation": "\(generation)", "producer": "\(Self.names(producers))",
        "outcome": "\(ReloadOutcome.Kind.rejected.rawValue)", "error": "\(error)",
      ])
  }

  func unhealthy(_ generation: UInt64, _ reason: String) {
    logger.error(
      "what is in force is not healthy, and there is nothing to go back to",
      metadata: [
        "generation": "\(generation)", "producer": "\(Candidate.Producer.verify)",
        "outcome": "unhealthy", "reason": "\(reason)",
      ])
  }

  func baked(_ baked: TransactionMachine<UnitContent>.Baked) {
    logger.debug(
      "what is in force is the last good",
      metadata: [
        "units": .array(baked.contents.keys.sorted().map { "\($0)" }),
        "generation": "\(baked.generation)", "producer": "\(Candidate.Producer.verify)",
        "outcome": "baked", "bake": "\(baked.duration)",
      ])
  }

  func retireOverdue(
    _ participant: String, of units: Set<UnitID>, _ generation: UInt64, _ limit: Duration
  ) {
    logger.warning(
      "a participant does not let go of something that was replaced",
      metadata: [
        "units": .array(units.sorted().map { "\($0)" }), "generation": "\(generation)",
        "outcome": "retireOverdue", "participant": "\(participant)", "limit": "\(limit)",
      ])
  }

  func leftTasks(_ count: Int, _ generation: UInt64) {
    logger.error(
      "participants or validators do not end; the shutdown goes on without them",
      metadata: ["generation": "\(generation)", "outcome": "abandoned", "tasks": "\(count)"])
  }

  func published(_ publication: Publication) {
    for notice in publication.notices { log(notice, of: publication) }
    for unit in publication.units { log(unit, of: publication) }
  }

  private static func names(_ producers: [Candidate.Producer]) -> String {
    producers.map(\.description).joined(separator: ",")
  }

  /// What every line about a publication has.
  private func metadata(of publication: Publication, outcome: String) -> Logger.Metadata {
    [
      "generation": "\(publication.generation)",
      "producer": "\(Self.names(publication.producers))", "outcome": "\(outcome)",
    ]
  }

  private func log(_ unit: UnitChange, of publication: Publication) {
    let (level, message) = line(for: unit)
    let isShowingKeys = unit.isChanged && logger.logLevel <= .debug
    guard logger.logLevel <= level || isShowingKeys else { return }
    var metadata = metadata(of: publication, outcome: unit.outcome.kind.rawValue)
    switch unit.unit {
    case .files(let name): metadata["files"] = "\(name)"
    default: metadata["config"] = "\(unit.unit.configName ?? unit.unit.description)"
    }
    var details = metadata
    switch unit.outcome {
    case .applied, .removed, .recovered: details["duration"] = "\(publication.duration)"
    case .rolledBack(let reason): details["reason"] = "\(reason)"
    case .refused(let participant, _):
      details["participant"] = "\(participant)"
      details["errors"] = errors(of: unit)
    case .rejected, .quarantined: details["errors"] = errors(of: unit)
    case .unchanged: break
    }
    logger.log(level: level, message, metadata: details)
    guard isShowingKeys, let old = unit.old?.config, let new = unit.new?.config else { return }
    metadata["keys"] = .array(new.difference(from: old).map { "\($0.keyPath)" })
    logger.debug("config values changed", metadata: metadata)
  }

  private func errors(of unit: UnitChange) -> Logger.MetadataValue {
    .array(unit.outcome.redacted(by: rules).diagnostics.map { "\($0)" })
  }

  /// A file that is there cannot be taken into its set.
  func leftOut(_ problem: ConfigDiagnostic, of unit: UnitID) {
    logger.warning(
      "a file is left out", metadata: ["unit": "\(unit)", "reason": "\(problem)"])
  }

  private func line(for unit: UnitChange) -> (Logger.Level, Logger.Message) {
    let name =
      switch unit.unit {
      case .files: "file group"
      case .templates, .assets: unit.unit.description
      case .config, .file: "config"
      }
    switch unit.outcome {
    case .applied: return (.info, "\(name) applied")
    case .removed: return (.info, "\(name) removed: the content in force does not have it")
    case .recovered: return (.notice, "\(name) recovered: what is on disk is good again")
    case .rolledBack:
      return (.error, "\(name) rolled back: what was in force before is so again")
    case .unchanged: return (.trace, "\(name) unchanged")
    case .rejected, .refused, .quarantined:
      if unit.isChanged {
        return (
          .error, "\(name) rejected; the last good value of an earlier process is in force"
        )
      }
      if unit.isRepeated { return (.debug, "\(name) is still rejected") }
      if unit.new == nil {
        return (.error, "\(name) rejected, and there is no good value to serve")
      }
      return (.error, "\(name) rejected; the last good value stays in force")
    }
  }

  private func log(_ notice: WatchNotice, of publication: Publication) {
    func write(
      _ level: Logger.Level, _ message: Logger.Message, _ outcome: String, _ path: String?,
      _ reason: String?
    ) {
      var metadata = metadata(of: publication, outcome: outcome)
      metadata["path"] = path.map { "\($0)" }
      metadata["reason"] = reason.map { "\($0)" }
      logger.log(level: level, message, metadata: metadata)
    }
    switch notice {
    case .rescanned(let reason):
      write(
        .notice, "everything was compared with the file system again", "rescanned", nil,
        reason.rawValue)
    case .degraded(let path, let reason):
      write(
        .warning, "a folder cannot be watched and is polled instead", "degraded", path.string,
        reason.description)
    case .unreadable(let path, let reason):
      write(
        .warning, "a folder cannot be read, so changes below it are not seen", "degraded",
        path.string, reason.description)
    case .restored(let path):
      write(.notice, "a folder is watched again", "restored", path.string, nil)
    }
  }
}
