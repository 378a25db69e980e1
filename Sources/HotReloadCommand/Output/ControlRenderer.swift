import HotReload
import HotReloadProcess
import WorkspaceTools

/// Turns an instance's answers into lines, for people or as JSON. Pure: the same input gives the same bytes. What secrets
/// the answers hold is the instance's decision.
struct ControlRenderer: Sendable {
  /// Whether lines are JSON objects instead of text for people.
  let isJSON: Bool

  /// How the instance is doing.
  func status(_ status: ControlStatus, time: Int64) throws -> [UInt8] {
    isJSON ? try line("status", status, time) : bytes(StatusText(status, now: time).lines)
  }

  /// What a transaction did. `event` is `reloaded` or `restored`.
  func report(_ report: ReloadReport.Document, event: String, time: Int64) throws -> [UInt8] {
    isJSON ? try line(event, report, time) : bytes(ReportText(report: report).lines)
  }

  /// Whether changes wait now.
  func pausing(_ pausing: ControlPausing, time: Int64) throws -> [UInt8] {
    if isJSON { return try line(pausing.isPaused ? "paused" : "resumed", pausing, time) }
    if pausing.isPaused {
      return bytes([
        "paused: changes wait, generation \(pausing.generation) stays in force until hotreload resume"
      ])
    }
    let lines = ["resumed: generation \(pausing.generation) is in force"]
    return bytes(lines + (pausing.report.map { ReportText(report: $0).lines } ?? []))
  }

  /// What happened, the newest first; with JSON a line each.
  func history(_ history: ControlHistory, time: Int64) throws -> [UInt8] {
    if isJSON { return try history.entries.flatMap { try line("history", $0, time) } }
    if history.entries.isEmpty { return bytes(["nothing was applied or refused yet"]) }
    var table = TextTable(numbers: [0])
    table.add("GENERATION", "CONFIG", "OUTCOME", "AT", "CONTENT", "")
    for entry in history.entries {
      table.add(
        entry.generation > 0 ? String(entry.generation) : "-", entry.config, entry.outcome,
        momentText(entry.at, now: time),
        String((entry.digest ?? "").prefix(12)),
        entry.isInForce ? "in force" : entry.errors.first?.description ?? "")
    }
    return bytes(table.lines())
  }

  /// What differs between two generations.
  func diff(_ diff: ControlDiff, time: Int64) throws -> [UInt8] {
    if isJSON { return try line("diff", diff, time) }
    let title = "\(printable(diff.config)): generation \(diff.from) -> \(diff.to)"
    if diff.differences.isEmpty { return bytes([title, "  no difference"]) }
    func text(_ tree: ConfigTree?) -> String { tree?.jsonText(redacting: .none) ?? "nothing" }
    return bytes(
      [title]
        + diff.differences.map { printable("  \($0.keyPath): \(text($0.old)) -> \(text($0.new))") })
  }

  /// An error, as a JSON line.
  func failure(_ error: ControlError, time: Int64) throws -> [UInt8] {
    try line("error", error, time)
  }

  private func bytes(_ lines: [String]) -> [UInt8] { Array(lines.map { $0 + "\n" }.joined().utf8) }

  /// A JSON line with the value's own members.
  private func line(_ event: String, _ value: some Encodable, _ time: Int64) throws -> [UInt8] {
    var line = JSONLine(event: event, time: time)
    for entry in try ConfigTree.encode(value).table ?? ConfigTable() {
      line.add(member: entry.key, json: entry.value.jsonBytes(redacting: .none))
    }
    return line.finished()
  }
}
