import HotReloadSite

/// Turns what the doctor found into lines. Pure: the same input gives the same bytes.
struct DoctorRenderer: Sendable {
  /// Whether lines are JSON objects.
  let isJSON: Bool

  func render(_ findings: [DoctorFinding], time: Int64) -> [UInt8] {
    isJSON ? findings.flatMap { json($0, time: time) } : text(findings)
  }

  private func json(_ finding: DoctorFinding, time: Int64) -> [UInt8] {
    var line = JSONLine(event: "checked", time: time)
    line.add("check", finding.check)
    line.add("verdict", finding.verdict.rawValue)
    line.add("message", finding.message)
    line.add("fixes", finding.fixes)
    return line.finished()
  }

  private func text(_ findings: [DoctorFinding]) -> [UInt8] {
    var table = TextTable()
    for finding in findings {
      table.add(finding.verdict.rawValue, finding.check, finding.message)
    }
    var lines: [String] = []
    for (row, finding) in zip(table.lines(), findings) {
      lines.append(row)
      lines += finding.fixes.map { "           \(printable($0))" }
    }
    lines += ["", summary(findings)]
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  private func summary(_ findings: [DoctorFinding]) -> String {
    func count(_ verdict: DoctorFinding.Verdict, _ word: String) -> String? {
      let number = findings.count { $0.verdict == verdict }
      return number == 0 ? nil : number == 1 ? "1 \(word)" : "\(number) \(word)s"
    }
    let parts = [count(.problem, "problem"), count(.warning, "warning")].compactMap(\.self)
    return parts.isEmpty
      ? "everything is in order"
      : parts.joined(separator: ", ") + "; the lines below each say what mends it"
  }
}
