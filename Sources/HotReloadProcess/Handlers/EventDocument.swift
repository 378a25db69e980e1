import HotReload
import SystemPackage
import WorkspaceTools

/// An event as a program gets it: one JSON object, and variables.
struct EventDocument {
  private(set) var json: [UInt8]
  private(set) var variables: [String: String?]

  /// Nil for an event of a kind that is not known here.
  init?(_ event: ChangeEvent, generation: UInt64?, redaction: RedactionRules) {
    guard let kind = CommandEventKind(of: event) else { return nil }
    var table: ConfigTable = ["event": .init(.string(kind.rawValue))]
    if let name = event.configName { table["config"] = .init(.string(name)) }
    if let generation { table["generation"] = .init(.integer(Int64(clamping: generation))) }
    let paths = Self.paths(of: event)
    table["paths"] = .init(.array(paths.map { .init(.string($0)) }))
    for (key, value) in Self.details(of: event) { table[key] = value }
    json = ConfigTree(table).jsonBytes(redacting: redaction) + [UInt8(ascii: "\n")]
    // Taken away where there is none, so that a value from further above is not mistaken for ours.
    variables = [
      "HOTRELOAD_EVENT": kind.rawValue, "HOTRELOAD_PATHS": PathList.text(paths),
      "HOTRELOAD_CONFIG": event.configName, "HOTRELOAD_GENERATION": generation.map { "\($0)" },
    ]
  }

  private static func details(of event: ChangeEvent) -> [(String, ConfigTree)] {
    switch event {
    case .fileChanged(_, let change):
      if case .renamed(let from) = change {
        return [("change", "renamed"), ("from", .init(.string(from.string)))]
      }
      return [("change", .init(.string(name(of: change))))]
    case .configChanged(_, let old, let new): return [("old", old ?? nil), ("new", new)]
    case .validationFailed(_, let errors):
      return [("errors", .init(.array(errors.map(tree))))]
    case .reloadCompleted(_, let duration):
      return [("milliseconds", .init(.float(duration / .milliseconds(1))))]
    case .watchDegraded(_, let failure): return [("reason", .init(.string(failure.description)))]
    case .rescanned(let reason): return [("reason", .init(.string(reason.rawValue)))]
    default: return []
    }
  }

  private static func name(of change: ChangeType) -> String {
    switch change {
    case .created: "created"
    case .modified: "modified"
    case .deleted: "deleted"
    case .renamed: "renamed"
    case .subtreeChanged: "subtreeChanged"
    }
  }

  private static func tree(_ diagnostic: ConfigDiagnostic) -> ConfigTree {
    var table = ConfigTable()
    if let location = diagnostic.location {
      table["file"] = .init(.string(location.file))
      if location.line > 0 {
        table["line"] = .init(.integer(Int64(location.line)))
        table["column"] = .init(.integer(Int64(location.column)))
      }
    }
    if !diagnostic.keyPath.isEmpty { table["keyPath"] = .init(.string(diagnostic.keyPath)) }
    table["message"] = .init(.string(diagnostic.message))
    return ConfigTree(table)
  }

  /// The files that the event is about; of a config those that its values and errors are from.
  private static func paths(of event: ChangeEvent) -> [String] {
    var paths: [String] = []
    switch event {
    case .fileChanged(let path, let change):
      paths = [path.string]
      if case .renamed(let from) = change { paths.append(from.string) }
    case .watchDegraded(let path, _), .watchRestored(let path): paths = [path.string]
    case .configChanged(_, _, let new): paths = files(of: new)
    case .validationFailed(_, let errors):
      for case let location? in errors.map(\.location) where location.line > 0 {
        if !paths.contains(location.file) { paths.append(location.file) }
      }
    default: break
    }
    return Array(paths.prefix(CommandHandler.maximumPaths))
  }

  /// The files that the values of a tree were written in, in the order of the tree.
  private static func files(of tree: ConfigTree) -> [String] {
    var files: [String] = []
    // A list of what is still to do instead of recursion: documents may be nested deeply.
    var open = [tree]
    while let next = open.popLast() {
      if let location = next.location, location.line > 0, !files.contains(location.file) {
        files.append(location.file)
      }
      if let table = next.table { open += table.reversed().map(\.value) }
      if let elements = next.array { open += elements.reversed() }
    }
    return files
  }
}
