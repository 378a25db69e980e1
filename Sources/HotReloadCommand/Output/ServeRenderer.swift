import HotReload
import HotReloadSite
import SystemPackage
import WorkspaceTools

/// Turns what a development server does into lines. Pure: the same input gives the same bytes.
struct ServeRenderer: Sendable {
  /// How many files a line names.
  static let namedFiles = 4

  let isJSON: Bool
  let redaction: RedactionRules

  /// Where it listens.
  func serving(_ url: String, _ root: FilePath, instance: String, time: Int64) -> [UInt8] {
    guard isJSON else {
      return Array("serving \(printable(root)) at \(url)\ndashboard     \(url)_hotreload/\n".utf8)
    }
    var line = JSONLine(event: "serving", time: time)
    line.add("url", url)
    line.add("root", path: root)
    line.add("instance", instance)
    return line.finished()
  }

  /// What is wrong already when it begins; nothing if all is good.
  func found(_ problems: [SiteServer.Problem], generation: UInt64, time: Int64) -> [UInt8] {
    guard !problems.isEmpty else { return [] }
    guard isJSON else {
      let clock = clockTime(time)
      let lines = problems.flatMap { problem in
        ["\(clock)  \(printable("\(problem.unit)")) is broken; the rest is served"]
          + detail(problem.errors)
      }
      return Array(lines.map { $0 + "\n" }.joined().utf8)
    }
    var line = JSONLine(event: "rejected", time: time)
    line.add("generation", generation)
    line.add("units", problems.map { "\($0.unit)" })
    line.add("paths", [String]())
    line.add("duration", Int64(0))
    line.add("errors", problems.flatMap(\.errors).map { $0.redacted(by: redaction) })
    return line.finished()
  }

  private func detail(_ errors: [ConfigDiagnostic]) -> [String] {
    errors.map { "          \(printable("\($0.redacted(by: redaction))"))" }
  }

  /// What a transaction came to; nothing if there is nothing to tell.
  func reload(_ reload: CompletedReload) -> [UInt8] {
    let report = reload.report
    let told = report.units.filter { unit in
      unit.isChanged || unit.outcome == .recovered || !unit.outcome.diagnostics.isEmpty
    }
    guard !told.isEmpty else { return [] }
    return isJSON ? json(reload, told) : Array(text(reload, told).utf8)
  }

  // MARK: Text

  private func text(_ reload: CompletedReload, _ told: [ReloadReport.UnitReport]) -> String {
    let clock = clockTime(reload.time)
    var lines: [String] = []
    let changed = told.filter(\.isChanged)
    if !changed.isEmpty {
      let files = names(of: reload)
      let what = files.isEmpty ? changed.map(\.unit.description).joined(separator: ", ") : files
      let duration = spanText(Int64(reload.report.duration / .nanoseconds(1)))
      lines.append("\(clock)  generation \(reload.report.generation)  \(what)  \(duration)")
    }
    for unit in told {
      if unit.outcome == .recovered { lines.append("\(clock)  \(unit.unit) is good again") }
      guard !unit.outcome.diagnostics.isEmpty else { continue }
      lines.append(
        "\(clock)  \(printable("\(unit.unit)")) is refused; what was served before stays")
      lines += detail(unit.outcome.diagnostics)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The files that changed, the first of many.
  private func names(of reload: CompletedReload) -> String {
    let files = Self.files(of: reload)
    let named = files.prefix(Self.namedFiles).map { printable($0) }.joined(separator: ", ")
    let rest = files.count - Self.namedFiles
    return rest > 0 ? "\(named) and \(rest) more" : named
  }

  private static func files(of reload: CompletedReload) -> [FilePath] {
    var files: [FilePath] = []
    for case .fileChanged(let path, _) in reload.events.map(\.event) where !files.contains(path) {
      files.append(path)
    }
    return files
  }

  // MARK: JSON

  private func json(_ reload: CompletedReload, _ told: [ReloadReport.UnitReport]) -> [UInt8] {
    let errors = told.flatMap(\.outcome.diagnostics).map { $0.redacted(by: redaction) }
    var line = JSONLine(event: errors.isEmpty ? "reloaded" : "rejected", time: reload.time)
    line.add("generation", reload.report.generation)
    line.add("units", told.map { "\($0.unit)" })
    line.add("paths", Self.files(of: reload).map(\.string))
    line.add("duration", Int64(reload.report.duration / .nanoseconds(1)))
    if !errors.isEmpty { line.add("errors", errors) }
    return line.finished()
  }
}
