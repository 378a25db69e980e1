import HotReload
import HotReloadFleet
import WorkspaceTools

/// Turns what is known of a fleet into lines, for people or as JSON. Pure: the same input gives the same bytes.
struct FleetRenderer: Sendable {
  /// Whether lines are JSON objects instead of text for people.
  let isJSON: Bool

  /// How the fleet is.
  func status(_ overview: FleetOverview, of fleet: String, time: Int64) throws -> [UInt8] {
    if isJSON { return try line("fleet", overview.document(of: fleet), time) }
    return bytes(FleetText(overview, of: fleet, now: time).lines)
  }

  /// What was done with a rollout.
  func order(
    _ order: RolloutCommand.Order, _ rollout: RolloutRecord, _ overview: FleetOverview, time: Int64
  ) throws -> [UInt8] {
    let (event, text) =
      switch order {
      case .pause: ("paused", "paused: \(rollout.release) stays where it is")
      case .resume:
        (
          "resumed",
          rollout.state.isEnded
            ? "resumed: \(rollout.release) is committed already"
            : "resumed: \(rollout.release) goes on"
        )
      case .rollBack:
        (
          "rollingBack",
          rollout.state.isEnded
            ? "\(rollout.release) was rolled back"
            : "\(rollout.release) is being rolled back; see hotreload fleet status"
        )
      }
    guard isJSON else { return bytes([printable(text)]) }
    var line = JSONLine(event: event, time: time)
    line.add("rollout", json: try json(overview.document(of: rollout)))
    return line.finished()
  }

  /// How rollouts ended, the newest first.
  func history(_ overview: FleetOverview, limit: Int, time: Int64) throws -> [UInt8] {
    var records = Array(overview.history.reversed())
    if let rollout = overview.rollout, !rollout.state.isEnded { records.insert(rollout, at: 0) }
    records = Array(records.prefix(limit))
    if isJSON {
      return try records.flatMap { try line("rollout", overview.document(of: $0), time) }
    }
    return bytes(FleetText.history(records, now: time))
  }

  /// The instances, in their order.
  func instances(_ overview: FleetOverview, time: Int64) throws -> [UInt8] {
    if isJSON {
      return try overview.instances.flatMap {
        try line("instance", overview.document(of: $0), time)
      }
    }
    return bytes(FleetText.instances(overview))
  }

  /// What is in quarantine, or was taken out.
  func quarantine(_ kept: [QuarantinedBundle], isCleared: Bool, time: Int64) throws -> [UInt8] {
    if isJSON {
      return try kept.flatMap { try line(isCleared ? "cleared" : "quarantined", $0.document, time) }
    }
    if kept.isEmpty { return bytes(["nothing is in quarantine"]) }
    if isCleared {
      return bytes(
        kept.map {
          printable("cleared: \($0.release.content.short), which was release \($0.release.number)")
        })
    }
    return bytes(FleetText.quarantine(kept))
  }

  // MARK: Proposing

  /// What was proposed. `bundle` is nil if it was in the store before.
  func proposed(
    _ proposal: Proposal, _ bundle: ContentBundle?, time: Int64
  ) -> [UInt8] {
    guard isJSON else {
      let size = bundle.map { " (\(sizeText($0)))" } ?? ""
      return bytes([
        printable("proposed \(proposal.content.short)\(size) as \(proposal.proposedBy)")
      ])
    }
    var line = JSONLine(event: "proposed", time: time)
    line.add("proposal", proposal.id)
    line.add("content", proposal.content.rawValue)
    line.add("proposedBy", proposal.proposedBy)
    if let bundle {
      line.add("files", bundle.files.count)
      line.add("bytes", bundle.byteCount)
    }
    return line.finished()
  }

  /// The fleet runs it already.
  func unchanged(_ committed: Release, time: Int64) -> [UInt8] {
    guard isJSON else {
      return bytes(["unchanged: the fleet runs it as \(printable("\(committed)"))"])
    }
    var line = JSONLine(event: "unchanged", time: time)
    line.add("content", committed.content.rawValue)
    line.add("release", committed.number)
    return line.finished()
  }

  /// How far a proposal is.
  func progress(
    _ state: ProposalProgress.State, of proposal: Proposal, time: Int64
  ) -> [UInt8] {
    guard isJSON else {
      return bytes([clockTime(time) + "  " + printable(FleetText.sentence(state))])
    }
    var line = JSONLine(event: "progress", time: time)
    line.add("proposal", proposal.id)
    line.add(state)
    return line.finished()
  }

  /// What belongs to a bundle.
  func bundle(
    _ bundle: ContentBundle, output: String?, isListed: Bool, time: Int64
  ) throws -> [UInt8] {
    if isJSON {
      var line = JSONLine(event: "bundle", time: time)
      line.add("content", bundle.digest.rawValue)
      line.add("bytes", bundle.byteCount)
      let files = bundle.files.map { BundledFile(path: $0.path, bytes: $0.bytes.count) }
      line.add("files", json: try json(files))
      if let output { line.add("output", output) }
      return line.finished()
    }
    var lines: [String] = []
    if isListed {
      var table = TextTable(numbers: [0])
      for file in bundle.files { table.add(String(file.bytes.count), file.path) }
      lines = table.lines()
    }
    lines.append("\(sizeText(bundle)), digest \(bundle.digest)")
    if let output { lines.append("written to \(printable(output))") }
    return bytes(lines)
  }

  /// An error, as a JSON line.
  func failure(
    _ failure: FleetFailure, findings: [SecretFinding] = [], time: Int64
  ) throws -> [UInt8] {
    var line = JSONLine(event: "error", time: time)
    line.add("code", failure.code)
    line.add("message", failure.description)
    if !findings.isEmpty {
      line.add("findings", json: try json(findings.map(FoundSecret.init)))
    }
    return line.finished()
  }

  // MARK: Parts

  private func sizeText(_ bundle: ContentBundle) -> String {
    let count = bundle.files.count
    return "\(count) file\(count == 1 ? "" : "s"), \(bundle.byteCount) bytes"
  }

  private func bytes(_ lines: [String]) -> [UInt8] { Array(lines.map { $0 + "\n" }.joined().utf8) }

  private func json(_ value: some Encodable) throws -> [UInt8] {
    try ConfigTree.encode(value).jsonBytes(redacting: .none)
  }

  /// A JSON line with the value's own members.
  private func line(_ event: String, _ value: some Encodable, _ time: Int64) throws -> [UInt8] {
    var line = JSONLine(event: event, time: time)
    for entry in try ConfigTree.encode(value).table ?? ConfigTable() {
      line.add(member: entry.key, json: entry.value.jsonBytes(redacting: .none))
    }
    return line.finished()
  }
}

private struct BundledFile: Encodable {
  let path: String
  let bytes: Int
}

private struct FoundSecret: Encodable {
  let file: String
  let line: Int
  let column: Int
  let kind: String
  let keyPath: String?

  init(_ finding: SecretFinding) {
    file = finding.file
    line = finding.line
    column = finding.column
    kind = finding.kind.rawValue
    keyPath = finding.keyPath.isEmpty ? nil : finding.keyPath
  }
}

extension JSONLine {
  /// Adds how far a proposal is.
  fileprivate mutating func add(_ state: ProposalProgress.State) {
    switch state {
    case .waiting: add("state", "waiting")
    case .running(let release, let stage, let count, let phase):
      add("state", "running")
      add("release", release.number)
      add("stage", stage &+ 1)
      add("stages", count)
      add("phase", phase.rawValue)
    case .paused(let release, let reason):
      add("state", "paused")
      add("release", release.number)
      add("reason", "\(reason)")
    case .rollingBack(let release, let failure):
      add("state", "rollingBack")
      add("release", release.number)
      add("reason", "\(failure)")
    case .refused(let reason):
      add("state", "refused")
      add("reason", reason)
    case .replaced: add("state", "replaced")
    case .committed(let release):
      add("state", "committed")
      add("release", release.number)
    case .rolledBack(let release, let failure, let unreverted):
      add("state", "rolledBack")
      add("release", release.number)
      add("reason", "\(failure)")
      add("unreverted", unreverted)
    }
  }
}
