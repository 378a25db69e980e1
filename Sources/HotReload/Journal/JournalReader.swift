public import SystemPackage
import WorkspaceFiles
public import WorkspaceTools

/// Reads a journal, also that of another process, and while that writes it. It takes no lock and changes nothing.
///
/// All functions are blocking: call them on a thread of your own, or through `BlockingExecutor`.
public struct JournalReader: Sendable {
  /// The journal's absolute folder.
  public let folder: FilePath

  /// A reader of the journal in a folder.
  public init(folder: FilePath) {
    self.folder = folder
  }

  /// A reader of an instance's journal, by its folder's name below `data/hotreload/`.
  ///
  /// - Throws: ``JournalError`` with `unreadable` if there is no such journal.
  public init(workspace: Workspace, instance: String = "default") throws(JournalError) {
    let known = Self.instances(in: workspace)
    guard known.contains(instance) else {
      throw JournalError(
        code: .unreadable,
        message: "there is no journal \(JournalFolder.parent(in: workspace).appending(instance)); "
          + (known.isEmpty
            ? "no hot reload has run on this workspace"
            : "there is \(known.joined(separator: ", "))"))
    }
    self.init(folder: JournalFolder.path(of: instance, in: workspace))
  }

  /// The instances that have a journal, sorted.
  public static func instances(in workspace: Workspace) -> [String] {
    SystemCalls.names(in: JournalFolder.parent(in: workspace)).filter { name in
      InstanceName.isValid(name)
        && SystemCalls.kind(
          of: JournalFolder.journal(in: JournalFolder.path(of: name, in: workspace))) != nil
    }
  }

  /// What happened, the newest first.
  ///
  /// - Parameters:
  ///   - limit: the most entries; nil for all.
  ///   - unit: what concerns this unit only; nil for everything.
  /// - Throws: ``JournalError`` with `unreadable`. Lines that are no entries are left out.
  public func history(
    limit: Int? = nil, unit: UnitID? = nil
  ) throws(JournalError) -> [JournalEntry] {
    let entries = try scan().lines.lazy.reversed().compactMap(\.entry).filter { entry in
      unit.map { entry.event.units.contains($0) } ?? true
    }
    return Array(entries.prefix(max(0, limit ?? .max)))
  }

  /// The content that a unit had.
  ///
  /// - Parameter generation: nil for the newest that was applied. One that has not been is not taken for the newest.
  /// - Throws: ``JournalError``: `unknownContent` if nothing is known of it, or nothing any more.
  public func content(
    of unit: UnitID, at generation: UInt64? = nil
  ) throws(JournalError) -> RecordedContent {
    let scan = try scan()
    let newest = scan.state.highestGeneration
    if let generation, generation > newest {
      throw JournalError(
        code: .unknownContent,
        message:
          "there is no generation \(generation) yet, the newest is \(newest); see hotreload history"
      )
    }
    for line in scan.lines.reversed() {
      guard case .applied(let content)? = line.entry?.event, content.unit == unit else { continue }
      if generation.map({ content.generation <= $0 }) ?? true { return content }
    }
    let place = generation.map { " in generation \($0)" } ?? ""
    throw JournalError(
      code: .unknownContent,
      message:
        "nothing is known of \(unit)\(place) in \(folder): it was not applied, or so long ago "
        + "that it is no longer kept")
  }

  /// The files of a content.
  ///
  /// - Throws: ``JournalError`` with `lostContent` if they are missing or damaged.
  public func layers(of content: RecordedContent) throws(JournalError) -> [RecordedLayer] {
    do {
      return try BlobStore(folder: JournalFolder.blobs(in: folder)).layers(of: content)
    } catch {
      throw JournalError(
        code: .lostContent,
        message: "\(content.unit) of generation \(content.generation): \(error)")
    }
  }

  private func scan() throws(JournalError) -> JournalScan {
    let path = JournalFolder.journal(in: folder)
    do { return try JournalScan(reading: path) } catch {
      throw JournalError(code: .unreadable, message: "\(path) cannot be read: \(error)")
    }
  }
}

extension JournalReader {
  /// A config as it was in a generation, with what variables and secrets say now.
  ///
  /// - Throws: ``JournalError``, or `ConfigError` if that is no longer a config.
  public func config(
    _ name: String, at generation: UInt64? = nil, by loader: ConfigLoader
  ) throws -> LoadedConfig {
    try loader.load(name, from: try layers(of: try content(of: .config(name), at: generation)))
  }

  /// What changed in a config from one generation to another. What changed in a variant alone has the variant's name with
  /// an `@` before its key: `@treatment.server.port`.
  ///
  /// - Parameters:
  ///   - newer: nil for the newest that was applied.
  ///   - rules: the keys whose values are replaced.
  /// - Throws: ``JournalError``, or `ConfigError` if one of them is no longer a config.
  public func difference(
    of name: String, from older: UInt64, to newer: UInt64? = nil, by loader: ConfigLoader,
    redacting rules: RedactionRules = .default
  ) throws -> [ConfigDifference] {
    let before = try config(name, at: older, by: loader)
    let after = try config(name, at: newer, by: loader)
    return after.difference(from: before).map { $0.redacted(by: rules) }
  }

  /// What to do so that the files of a config are as they were in a generation. `ConfigLoader.restore` does it.
  ///
  /// - Throws: ``JournalError``; `notRestorable` if that was in another environment. `ConfigError` if the files
  ///   cannot be written.
  public func restorePlan(
    for name: String, at generation: UInt64, by loader: ConfigLoader
  ) throws -> ConfigRestorePlan {
    let content = try content(of: .config(name), at: generation)
    let environment = loader.workspace.environment.name
    guard content.environment == environment else {
      throw JournalError(
        code: .notRestorable,
        message: "config \(name) of generation \(content.generation) is of the environment "
          + "\(content.environment), and this is \(environment): restore it there")
    }
    return try loader.restorePlan(for: name, to: try layers(of: content))
  }
}

extension JournalEntry.Event {
  /// The units that it concerns.
  public var units: [UnitID] {
    switch self {
    case .started, .stopped, .attemptClosed, .generation: []
    case .attemptBegun(_, _, let keys), .attemptDied(_, let keys): keys.map(\.unit)
    case .applied(let content), .lastGood(let content): [content.unit]
    case .rejected(let unit, _, _), .removed(let unit, _), .rolledBack(let unit, _, _, _): [unit]
    case .quarantined(let key, _), .quarantineCleared(let key): [key.unit]
    }
  }
}
