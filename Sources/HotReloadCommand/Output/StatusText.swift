import Glibc
import HotReloadProcess

/// How an instance is doing, for people.
struct StatusText {
  let status: ControlStatus
  let now: Int64

  var lines: [String] {
    var table = TextTable()
    let instance = status.instance
    table.add(
      "instance", "\(instance.name), pid \(instance.pid), up \(spanText(instance.uptime))")
    table.add("root", instance.root)
    table.add("environment", instance.environment)
    table.add("health", health)
    for reason in status.reasons { table.add("", reason) }
    table.add("generation", String(status.generation))
    table.add(
      "changes", status.isPaused ? "paused: they wait for hotreload resume" : "applied as they come"
    )
    table.add("watching", watching)
    for folder in status.watching?.degraded ?? [] {
      table.add("", "\(folder.path.isEmpty ? "the root" : folder.path): \(folder.reason)")
    }
    table.add("streams", String(status.streams))
    var lines = table.lines()
    lines += section("configs", configs)
    lines += section("handlers", handlers)
    if let report = status.lastReport {
      lines += ["", "last reload"] + ReportText(report: report).lines.map { "  " + $0 }
    }
    return lines
  }

  private var health: String {
    status.isRunning ? status.health.rawValue : "shut down"
  }

  private var watching: String {
    guard let watching = status.watching else { return "not known" }
    return "\(watching.backend), \(watching.directories) folders, \(watching.files) files"
  }

  private var configs: TextTable {
    var table = TextTable(numbers: [2])
    if !status.configs.isEmpty { table.add("NAME", "STATE", "GENERATION", "SINCE") }
    for config in status.configs {
      let state =
        switch config.state {
        case .inForce: "in force"
        case .rejected: "rejected"
        case .missing: "not there"
        }
      table.add(
        config.name, state, config.generation.map { "\($0)" } ?? "-",
        momentText(config.since, now: now))
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
  let report: ControlReport

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
