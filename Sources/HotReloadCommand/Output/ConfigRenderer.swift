import HotReload
import SystemPackage
import WorkspaceTools

/// Turns configs and what is wrong with them into lines of one format. Pure: the same input gives the same bytes.
struct ConfigRenderer: Sendable {
  /// How lines look.
  let format: OutputFormat
  /// What is hidden.
  let redaction: RedactionRules

  /// A good config and the files it came from.
  func good(_ config: LoadedConfig, time: Int64) -> [UInt8] {
    let files = config.layers.map { printable($0.path) }
    switch format {
    case .text: return Array("\(config.name): good (\(files.joined(separator: ", ")))\n".utf8)
    case .tsv: return columns([config.name, "good"])
    case .json:
      var line = JSONLine(event: "checked", time: time)
      line.add("config", config.name)
      line.add("good", true)
      line.add("files", files)
      return line.finished()
    }
  }

  /// A config that an instance found good.
  func good(_ name: String, time: Int64) -> [UInt8] {
    switch format {
    case .text: return Array("\(printable(name)): good\n".utf8)
    case .tsv: return columns([name, "good"])
    case .json:
      var line = JSONLine(event: "checked", time: time)
      line.add("config", name)
      line.add("good", true)
      return line.finished()
    }
  }

  /// What is wrong with a config. For text: `file:line:column key: message`, one a line.
  func rejected(_ name: String, _ diagnostics: [ConfigDiagnostic], time: Int64) -> [UInt8] {
    rejected(diagnostics, label: name, key: "config", name: name, time: time)
  }

  private func rejected(
    _ diagnostics: [ConfigDiagnostic], label: String, key: StaticString, name: String, time: Int64
  ) -> [UInt8] {
    let diagnostics = diagnostics.map { $0.redacted(by: redaction) }
    switch format {
    case .text: return Array(diagnostics.map { printable("\($0)") + "\n" }.joined().utf8)
    case .tsv:
      return diagnostics.flatMap { diagnostic in
        columns([
          label, "rejected", diagnostic.location?.file ?? "",
          String(diagnostic.location?.line ?? 0), String(diagnostic.location?.column ?? 0),
          diagnostic.keyPath, diagnostic.message,
        ])
      }
    case .json:
      var line = JSONLine(event: "rejected", time: time)
      line.add(key, name)
      line.add("errors", diagnostics)
      return line.finished()
    }
  }

  /// A config that had been refused and is good again.
  func recovered(_ name: String, generation: UInt64, time: Int64) -> [UInt8] {
    switch format {
    case .text: return Array("\(clockTime(time))  recovered, generation \(generation)\n".utf8)
    case .tsv: return columns([name, "recovered", String(generation)])
    case .json:
      var line = JSONLine(event: "recovered", time: time)
      line.add("config", name)
      line.add("generation", generation)
      return line.finished()
    }
  }

  /// A value that came into force; `old` is the one before, if there was one.
  func applied(
    _ name: String, generation: UInt64, _ value: ConfigTree, old: ConfigTree?, time: Int64
  ) -> [UInt8] {
    switch format {
    case .json:
      var line = JSONLine(event: "config", time: time)
      line.add("config", name)
      line.add("generation", generation)
      line.add("value", json: value.jsonBytes(redacting: redaction))
      return line.finished()
    case .tsv:
      return columns([name, "config", String(generation), value.jsonText(redacting: redaction)])
    case .text:
      var text = "\(clockTime(time))  generation \(generation)\n"
      if let old {
        for difference in value.difference(from: old) { text += "  \(line(difference))\n" }
      } else {
        for (path, leaf) in leaves(of: value.redacted(by: redaction)) {
          text += "  \(printable(path)) = \(leaf.jsonText(redacting: .none))\n"
        }
      }
      return Array(text.utf8)
    }
  }

  private func line(_ difference: ConfigDifference) -> String {
    let hidden = difference.redacted(by: redaction)
    func text(_ tree: ConfigTree?) -> String { tree?.jsonText(redacting: .none) ?? "nothing" }
    let path = printable(difference.keyPath.description)
    return "\(path): \(text(hidden.old)) -> \(text(hidden.new))"
  }

  /// Values with their key paths, for people and for tools that split at tabs.
  func leaves(of tree: ConfigTree) -> [(path: String, value: ConfigTree)] {
    var found: [(String, ConfigTree)] = []
    // A list of what is still to do instead of recursion: documents may be nested deeply.
    var open = [(ConfigKeyPath(), tree)]
    while let (path, next) = open.popLast() {
      switch next.value {
      case .table(let table) where !table.isEmpty:
        open += table.reversed().map { (path.appending(.key($0.key)), $0.value) }
      case .array(let elements) where !elements.isEmpty:
        open += elements.enumerated().reversed().map { (path.appending(.index($0)), $1) }
      default: found.append((path.description, next))
      }
    }
    return found
  }

  fileprivate func columns(_ columns: [String]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, column) in columns.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: "\t")) }
      appendEscaped(Array(column.utf8), to: &bytes)
    }
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }
}

extension ConfigRenderer {
  /// The templates or assets of a workspace, with which nothing is wrong.
  func good(_ finding: ContentCheck.Finding, time: Int64) -> [UInt8] {
    let name = "\(finding.unit)"
    switch format {
    case .text:
      let files = finding.files == 1 ? "1 file" : "\(finding.files) files"
      return Array("\(name): good (\(files))\n".utf8)
    case .tsv: return columns(["\(name)/", "good"])
    case .json:
      var line = JSONLine(event: "checked", time: time)
      line.add("unit", name)
      line.add("good", true)
      line.add("count", finding.files)
      return line.finished()
    }
  }

  /// What is wrong with the templates or assets of a workspace, in the same form as for a config. No config can be called as
  /// the first column of these is.
  func rejected(_ finding: ContentCheck.Finding, time: Int64) -> [UInt8] {
    let name = "\(finding.unit)"
    return rejected(finding.errors, label: "\(name)/", key: "unit", name: name, time: time)
  }

  /// A value for `get`; it must be redacted already.
  func value(
    _ tree: ConfigTree, of name: String, in variant: String? = nil, at keyPath: ConfigKeyPath,
    time: Int64
  ) -> [UInt8] {
    switch format {
    case .json:
      var line = JSONLine(event: "value", time: time)
      line.add("config", name)
      if let variant { line.add("variant", variant) }
      if !keyPath.components.isEmpty { line.add("keyPath", keyPath.description) }
      line.add("value", json: tree.jsonBytes(redacting: .none))
      return line.finished()
    case .text:
      if let text = tree.string { return Array((text + "\n").utf8) }
      let lines = leaves(of: tree).map { path, leaf in
        (path.isEmpty ? "" : "\(printable(path)) = ") + leaf.jsonText(redacting: .none)
      }
      return Array((lines.joined(separator: "\n") + "\n").utf8)
    case .tsv:
      return leaves(of: tree).flatMap { path, leaf in
        let whole = keyPath.description + (path.isEmpty || path.hasPrefix("[") ? "" : ".") + path
        let column = keyPath.components.isEmpty ? path : whole
        return columns([column, leaf.jsonText(redacting: .none)])
      }
    }
  }
}
