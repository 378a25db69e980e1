import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// A line of the journal's file: one JSON object with `event`, `time` and what the event has.
enum JournalLine: Sendable, Hashable {
  case entry(JournalEntry)
  /// Well-formed, of a kind that this version does not know.
  case unknown
  /// No entry at all.
  case garbage

  init(_ bytes: ArraySlice<UInt8>) {
    guard let table = try? ConfigFormat.json.parse(Array(bytes), file: "journal").table,
      let name = table["event"]?.string, let time = table["time"]?.number
    else {
      self = .garbage
      return
    }
    let fields = JournalFields(table: table)
    switch JournalEntry.Event.parsers[name] {
    case nil: self = .unknown
    case let parse?:
      let event = parse(fields)
      self = event.map { .entry(JournalEntry(nanoseconds: time, event: $0)) } ?? .garbage
    }
  }
}

extension JournalEntry {
  /// The most diagnostics of one refusal that are kept.
  static let maximumDiagnostics = 16
  /// The most characters of one message that are kept.
  static let maximumMessageLength = 500

  /// The entry as a line, with its end.
  var line: [UInt8] {
    var table: ConfigTable = [
      "event": .init(stringLiteral: event.name), "time": ConfigTree(integerLiteral: nanoseconds),
    ]
    event.write(into: &table)
    return ConfigTree(table).jsonBytes(redacting: .none) + [UInt8(ascii: "\n")]
  }
}

extension JournalEntry.Event {
  fileprivate var name: String {
    switch self {
    case .started: "started"
    case .stopped: "stopped"
    case .attemptBegun: "attemptBegun"
    case .attemptClosed: "attemptClosed"
    case .attemptDied: "attemptDied"
    case .applied: "applied"
    case .rejected: "rejected"
    case .lastGood: "lastGood"
    case .quarantined: "quarantined"
    case .quarantineCleared: "quarantineCleared"
    case .removed: "removed"
    case .rolledBack: "rolledBack"
    case .generation: "generation"
    }
  }

  fileprivate func write(into table: inout ConfigTable) {
    func tree(_ text: String) -> ConfigTree { ConfigTree(.string(text)) }
    func tree(_ number: UInt64) -> ConfigTree { ConfigTree(.integer(Int64(clamping: number))) }
    func attempt(_ id: AttemptID) {
      table["run"] = tree(id.run)
      table["attempt"] = tree(id.number)
    }
    func shortened(_ text: String) -> ConfigTree {
      tree(String(text.prefix(JournalEntry.maximumMessageLength)))
    }
    switch self {
    case .started(let run, let process):
      table["run"] = tree(run)
      table["process"] = ConfigTree(.integer(Int64(process)))
    case .stopped(let run): table["run"] = tree(run)
    case .attemptBegun(let id, let generation, let units):
      attempt(id)
      table["generation"] = tree(generation)
      table["units"] = ConfigTree(.array(units.map(\.tree)))
    case .attemptClosed(let id, let end):
      attempt(id)
      table["end"] = tree(end.rawValue)
    case .attemptDied(let id, let units):
      attempt(id)
      table["units"] = ConfigTree(.array(units.map(\.tree)))
    case .applied(let content), .lastGood(let content): content.write(into: &table)
    case .rejected(let unit, let generation, let diagnostics):
      table["unit"] = tree(unit.description)
      table["generation"] = tree(generation)
      table["errors"] = ConfigTree(
        .array(diagnostics.prefix(JournalEntry.maximumDiagnostics).map(\.journalTree)))
    case .quarantined(let key, let reason):
      key.write(into: &table)
      table["reason"] = shortened(reason)
    case .quarantineCleared(let key): key.write(into: &table)
    case .removed(let unit, let generation):
      table["unit"] = tree(unit.description)
      table["generation"] = tree(generation)
    case .rolledBack(let unit, let from, let to, let reason):
      table["unit"] = tree(unit.description)
      table["from"] = tree(from)
      table["to"] = tree(to)
      table["reason"] = shortened(reason)
    case .generation(let generation): table["generation"] = tree(generation)
    }
  }

  fileprivate static let parsers: [String: @Sendable (JournalFields) -> Self?] = [
    "started": { fields in
      guard let run = fields.text("run"), let process = fields.number("process") else { return nil }
      return .started(run: run, process: Int32(clamping: process))
    },
    "stopped": { fields in fields.text("run").map { .stopped(run: $0) } },
    "attemptBegun": { fields in
      guard let id = fields.attempt, let generation = fields.unsigned("generation"),
        let units = fields.units
      else { return nil }
      return .attemptBegun(id, generation: generation, units: units)
    },
    "attemptClosed": { fields in
      guard let id = fields.attempt, let end = fields.text("end").flatMap(AttemptEnd.init)
      else { return nil }
      return .attemptClosed(id, end)
    },
    "attemptDied": { fields in
      guard let id = fields.attempt, let units = fields.units else { return nil }
      return .attemptDied(id, units: units)
    },
    "applied": { fields in RecordedContent(fields).map { .applied($0) } },
    "lastGood": { fields in RecordedContent(fields).map { .lastGood($0) } },
    "rejected": { fields in
      guard let unit = fields.unit, let generation = fields.unsigned("generation") else {
        return nil
      }
      let errors = fields.table["errors"]?.array ?? []
      return .rejected(
        unit, generation: generation,
        errors.compactMap { $0.table.map { ConfigDiagnostic(JournalFields(table: $0)) } })
    },
    "quarantined": { fields in
      fields.key.map { .quarantined($0, reason: fields.text("reason") ?? "") }
    },
    "quarantineCleared": { fields in fields.key.map { .quarantineCleared($0) } },
    "removed": { fields in
      guard let unit = fields.unit, let generation = fields.unsigned("generation") else {
        return nil
      }
      return .removed(unit, generation: generation)
    },
    "rolledBack": { fields in
      guard let unit = fields.unit, let from = fields.unsigned("from"),
        let to = fields.unsigned("to")
      else { return nil }
      return .rolledBack(unit, from: from, to: to, reason: fields.text("reason") ?? "")
    },
    "generation": { fields in fields.unsigned("generation").map { .generation($0) } },
  ]
}

/// Reads the fields of a line; nil for what is missing or of another type.
private struct JournalFields: Sendable {
  let table: ConfigTable

  func text(_ key: String) -> String? { table[key]?.string }
  func number(_ key: String) -> Int64? { table[key]?.number }
  func unsigned(_ key: String) -> UInt64? { number(key).flatMap { UInt64(exactly: $0) } }
  var unit: UnitID? { text("unit").flatMap { UnitID(journalText: $0) } }

  var attempt: AttemptID? {
    guard let run = text("run"), let number = unsigned("attempt") else { return nil }
    return AttemptID(run: run, number: number)
  }

  var key: UnitFingerprint? {
    guard let unit, let fingerprint = text("fingerprint").flatMap({ ContentDigest($0) }) else {
      return nil
    }
    return UnitFingerprint(unit: unit, fingerprint: fingerprint)
  }

  var units: [UnitFingerprint]? {
    guard let elements = table["units"]?.array else { return nil }
    let units = elements.compactMap { $0.table.flatMap { JournalFields(table: $0).key } }
    return units.count == elements.count ? units : nil
  }
}

extension ConfigTree {
  fileprivate var number: Int64? {
    if case .integer(let number) = value { number } else { nil }
  }
}

extension UnitID {
  /// A unit as its description wrote it.
  init?(journalText text: String) {
    switch text {
    case UnitID.templates.description: self = .templates
    case UnitID.assets.description: self = .assets
    case _ where text.hasPrefix("config "): self = .config(String(text.dropFirst(7)))
    // Only what is loaded is journaled, so this is no file that is called so.
    case _ where text.hasPrefix("file group "): self = .files(String(text.dropFirst(11)))
    case _ where text.hasPrefix("file "): self = .file(FilePath(String(text.dropFirst(5))))
    default: return nil
    }
  }
}

extension UnitFingerprint {
  fileprivate func write(into table: inout ConfigTable) {
    table["unit"] = ConfigTree(.string(unit.description))
    table["fingerprint"] = ConfigTree(.string(fingerprint.description))
  }

  fileprivate var tree: ConfigTree {
    var table = ConfigTable()
    write(into: &table)
    return ConfigTree(table)
  }
}

extension RecordedContent {
  fileprivate func write(into table: inout ConfigTable) {
    key.write(into: &table)
    table["generation"] = ConfigTree(.integer(Int64(clamping: generation)))
    table["environment"] = ConfigTree(.string(environment))
    table["files"] = ConfigTree(.array(files.map(\.tree)))
  }

  fileprivate init?(_ fields: JournalFields) {
    guard let key = fields.key, let generation = fields.unsigned("generation"),
      let environment = fields.text("environment"), let elements = fields.table["files"]?.array
    else { return nil }
    let files = elements.compactMap { $0.table.flatMap { File(JournalFields(table: $0)) } }
    guard files.count == elements.count else { return nil }
    self.init(
      unit: key.unit, generation: generation, fingerprint: key.fingerprint,
      environment: environment, files: files)
  }
}

extension RecordedContent.File {
  /// No file of a config has more bytes, so a line that says so is damaged.
  private static let maximumSize: UInt64 = 1 << 32

  fileprivate var tree: ConfigTree {
    var table: ConfigTable = [
      "path": ConfigTree(.string(path.string)), "format": ConfigTree(.string(format.rawValue)),
      "digest": ConfigTree(.string(digest.description)),
      "size": ConfigTree(.integer(Int64(size))), "mode": ConfigTree(.integer(Int64(mode.rawValue))),
    ]
    if let suffix = layer.suffix { table["layer"] = ConfigTree(.string(suffix)) }
    return ConfigTree(table)
  }

  fileprivate init?(_ fields: JournalFields) {
    guard let path = fields.text("path"),
      let size = fields.unsigned("size"), size <= Self.maximumSize,
      let format = fields.text("format").flatMap(ConfigFormat.init(rawValue:)),
      let digest = fields.text("digest").flatMap({ ContentDigest($0) }),
      let mode = fields.unsigned("mode")
    else { return nil }
    self.init(
      path: FilePath(path), layer: ConfigLayer(suffix: fields.text("layer")), format: format,
      digest: digest, size: Int(size),
      mode: FilePermissions(rawValue: CInterop.Mode(truncatingIfNeeded: mode))
        .intersection(RecordedLayer.keptPermissions))
  }
}

extension ConfigDiagnostic {
  fileprivate var journalTree: ConfigTree {
    var table: ConfigTable = [
      "message": ConfigTree(.string(String(message.prefix(JournalEntry.maximumMessageLength))))
    ]
    if !keyPath.isEmpty { table["keyPath"] = ConfigTree(.string(keyPath)) }
    if let location {
      table["file"] = ConfigTree(.string(location.file))
      table["line"] = ConfigTree(.integer(Int64(location.line)))
      table["column"] = ConfigTree(.integer(Int64(location.column)))
    }
    return ConfigTree(table)
  }

  fileprivate init(_ fields: JournalFields) {
    let location = fields.text("file").map { file in
      let line = Int(clamping: fields.number("line") ?? 0)
      let column = Int(clamping: fields.number("column") ?? 0)
      // A source without lines has line 0.
      return line == 0
        ? SourceLocation(source: file) : SourceLocation(file: file, line: line, column: column)
    }
    self.init(
      location: location, keyPath: fields.text("keyPath") ?? "",
      message: fields.text("message") ?? "")
  }
}
