import Glibc
import HotReload
import HotReloadProcess

/// How an instance is doing, for people.
struct StatusText {
  let instance: ControlInstance
  let status: HotReloadStatus.Document
  let now: Int64

  init(_ answer: ControlStatus, now: Int64) {
    instance = answer.instance
    status = answer.status
    self.now = now
  }

  var lines: [String] {
    var table = TextTable()
    table.add(
      "instance", "\(instance.name), pid \(instance.pid), up \(spanText(instance.uptime))")
    table.add("root", instance.root)
    table.add("environment", instance.environment)
    table.add("health", status.isRunning ? status.health : "shut down")
    for reason in status.reasons { table.add("", reason) }
    table.add("generation", String(status.generation) + (status.isBaking ? ", on trial" : ""))
    table.add("changes", changes)
    if let content { table.add("content", content) }
    table.add("watching", watching)
    table.add("streams", String(status.streams))
    if !status.participants.isEmpty {
      table.add("participants", status.participants.joined(separator: ", "))
    }
    var lines = table.lines()
    lines += section("units", units)
    lines += section("handlers", handlers)
    if let report = status.lastReport {
      lines += ["", "last reload"] + ReportText(report: report).lines.map { "  " + $0 }
    }
    return lines
  }

  private var changes: String {
    if status.isPaused { return "paused: they wait for hotreload resume" }
    // Such as a fleet, or a server that bundles come from.
    return status.isManaged == true ? "applied as whoever manages it says" : "applied as they come"
  }

  /// Where what is in force comes from, if the workspace's own files do not come into force as they change.
  private var content: String? {
    if let folder = status.contentFolder { return "from \(folder), not the workspace's own files" }
    return status.isManaged == true
      ? "the workspace's own files as they were at the start" : nil
  }

  private var watching: String {
    guard let watch = status.watch else { return "not known" }
    return "\(watch.backend), \(watch.directories) folders, \(watch.files) files"
  }

  private var units: TextTable {
    var table = TextTable(numbers: [2])
    if !status.units.isEmpty { table.add("NAME", "STATE", "GENERATION", "SINCE", "") }
    for unit in status.units {
      let state =
        switch unit.state {
        case .inForce: "in force"
        case .rejected: "rejected"
        case .missing: "not there"
        }
      let since = unit.rejectedSince ?? unit.inForceSince
      table.add(
        unit.unit, state, unit.generation.map { "\($0)" } ?? "-",
        since.map { momentText($0, now: now) } ?? "-",
        unit.quarantined > 0 ? "\(unit.quarantined) in quarantine" : "")
    }
    return table
  }

  private var handlers: TextTable {
    var table = TextTable(numbers: [1, 2, 3, 4])
    if !status.handlers.isEmpty { table.add("PATTERN", "HANDLED", "FAILED", "WAITING", "DROPPED") }
    for handler in status.handlers {
      table.add(
        handler.pattern, "\(handler.handled)", "\(handler.failed)", "\(handler.waiting)",
        "\(handler.dropped)")
    }
    return table
  }

  private func section(_ title: String, _ table: TextTable) -> [String] {
    let lines = table.lines(indent: "  ")
    return lines.isEmpty ? [] : ["", title] + lines
  }
}

/// What a transaction did, for people.
struct ReportText {
  let report: ReloadReport.Document

  var lines: [String] {
    let refused = report.units.count { !$0.errors.isEmpty }
    let changed = report.units.count { $0.isChanged }
    var summary = "\(changed) changed, \(report.units.count - changed - refused) unchanged"
    summary += refused > 0 ? ", \(refused) rejected" : ""
    summary += ", generation \(report.generation), \(spanText(report.duration))"
    summary += ", asked for by \(report.producers.joined(separator: ", "))"
    var lines = [printable(summary)]
    let shown = report.units.filter { $0.isChanged || !$0.errors.isEmpty }
    var units = TextTable()
    for unit in shown { units.add(unit.unit, unit.outcome) }
    for (line, unit) in zip(units.lines(indent: "  "), shown) {
      lines.append(line)
      lines += unit.errors.map { "    " + printable("\($0)") }
    }
    if !report.phases.isEmpty {
      let phases = report.phases.map { "\($0.phase) \(spanText($0.duration))" }
      lines.append("  " + printable(phases.joined(separator: ", ")))
    }
    return lines
  }
}

/// A moment for people: the local time of day, with the date if it was not today.
func momentText(_ nanoseconds: Int64, now: Int64) -> String {
  func parts(_ nanoseconds: Int64) -> tm {
    var seconds = time_t(nanoseconds / 1_000_000_000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return parts
  }
  func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
  let (then, today) = (parts(nanoseconds), parts(now))
  let time = "\(two(then.tm_hour)):\(two(then.tm_min)):\(two(then.tm_sec))"
  if then.tm_year == today.tm_year, then.tm_yday == today.tm_yday { return time }
  return "\(then.tm_year + 1_900)-\(two(then.tm_mon + 1))-\(two(then.tm_mday)) \(time)"
}
