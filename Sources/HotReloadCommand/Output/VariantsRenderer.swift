import HotReload
import WorkspaceTools

/// Turns a config's variants and who gets which into lines of one format. Pure: the same input gives the same bytes.
struct VariantsRenderer: Sendable {
  private let format: OutputFormat

  init(_ format: OutputFormat) {
    self.format = format
  }

  /// The variants with their shares.
  func overview(_ config: LoadedConfig, time: Int64) -> [UInt8] {
    let names = [ConfigExperiment.control] + config.variants.map(\.name)
    let experiment = config.experiment
    switch format {
    case .json:
      var line = JSONLine(event: "variants", time: time)
      line.add("config", config.name)
      if let experiment {
        line.add("experiment", experiment.name)
        line.add("salt", experiment.salt)
      }
      let variants = names.map { ConfigTree(variant($0, in: experiment)) }
      line.add("variants", json: ConfigTree(.array(variants)).jsonBytes(redacting: .none))
      return line.finished()
    case .tsv:
      return lines(
        names.map { name in
          guard let experiment else { return [name] }
          return [
            name, String(experiment.weights[name] ?? 0), String(experiment.share(of: name)),
            String(testSubjects(of: name, in: experiment)),
          ]
        })
    case .text:
      var heading = "config \(config.name)"
      if let experiment {
        heading += ", experiment \(experiment.name), salt \(experiment.salt)"
      } else {
        heading += ", no experiment: everybody gets control"
      }
      var table = TextTable(numbers: [1, 2, 3])
      if experiment != nil { table.add("variant", "weight", "share", "test subjects") }
      for name in names {
        guard let experiment else {
          table.add(name)
          continue
        }
        table.add(
          name, String(experiment.weights[name] ?? 0), percent(experiment.share(of: name)),
          String(testSubjects(of: name, in: experiment)))
      }
      return text([printable(heading)] + table.lines(indent: "  "))
    }
  }

  private func variant(_ name: String, in experiment: ConfigExperiment?) -> ConfigTable {
    var table: ConfigTable = ["name": ConfigTree(.string(name))]
    guard let experiment else { return table }
    table["weight"] = ConfigTree(.integer(Int64(experiment.weights[name] ?? 0)))
    table["share"] = ConfigTree(.float(experiment.share(of: name)))
    table["testSubjects"] = ConfigTree(.integer(Int64(testSubjects(of: name, in: experiment))))
    return table
  }

  private func testSubjects(of name: String, in experiment: ConfigExperiment) -> Int {
    experiment.testSubjects.values.count { $0 == name }
  }

  /// `12.5 %`, with two decimals at most.
  private func percent(_ share: Double) -> String {
    let hundredths = Int((share * 10_000).rounded())
    let fraction = String(100 + hundredths % 100).dropFirst()
    return "\(hundredths / 100).\(fraction) %"
  }

  /// Which variant a subject gets.
  func assigned(
    _ subject: String, to variant: String, isTestSubject: Bool, of config: String, time: Int64
  ) -> [UInt8] {
    switch format {
    case .json:
      var line = JSONLine(event: "assigned", time: time)
      line.add("config", config)
      line.add("subject", subject)
      line.add("variant", variant)
      line.add("testSubject", isTestSubject)
      return line.finished()
    case .tsv: return lines([["assigned", subject, variant, String(isTestSubject)]])
    case .text:
      return text([printable("\(subject): \(variant)\(isTestSubject ? " (a test subject)" : "")")])
    }
  }

  /// How many subjects get each variant.
  func counted(_ counts: [(name: String, count: Int)], of config: String, time: Int64) -> [UInt8] {
    let sum = counts.reduce(0) { $0 + $1.count }
    switch format {
    case .json:
      var line = JSONLine(event: "counted", time: time)
      line.add("config", config)
      line.add("subjects", sum)
      var table = ConfigTable()
      for (name, count) in counts { table[name] = ConfigTree(.integer(Int64(count))) }
      line.add("counts", json: ConfigTree(table).jsonBytes(redacting: .none))
      return line.finished()
    case .tsv: return lines(counts.map { ["counted", $0.name, String($0.count)] })
    case .text:
      var table = TextTable(numbers: [1, 2])
      for (name, count) in counts {
        table.add(
          name, String(count), percent(sum == 0 ? 0 : Double(count) / Double(sum)))
      }
      return text(["of \(sum) subjects"] + table.lines(indent: "  "))
    }
  }

  private func text(_ lines: [String]) -> [UInt8] {
    Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  private func lines(_ rows: [[String]]) -> [UInt8] {
    rows.flatMap { row in
      row.map { cell in
        var bytes: [UInt8] = []
        appendEscaped(Array(cell.utf8), to: &bytes)
        return bytes
      }.joined(separator: [UInt8(ascii: "\t")]) + [UInt8(ascii: "\n")]
    }
  }
}
