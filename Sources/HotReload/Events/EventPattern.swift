import SystemPackage
import WorkspaceFiles

/// Which events somebody wants.
struct EventPattern: Sendable {
  /// A glob for the paths of files, which for a config's events is matched against each file that the config was read
  /// from, and against its name. `**` matches every event.
  let pattern: String
  /// The kinds of events; nil for all.
  private let kinds: Set<ChangeEvent.Kind>?
  /// What must have happened to a file; nil for anything, and for events that are about no file.
  private let changes: Set<ChangeType.Kind>?
  /// What an event must be about; nil for anything, and for nothing.
  private let units: Set<UnitID.Kind>?
  private let filter: PathFilter
  private let isEverywhere: Bool

  init(
    _ pattern: String, kinds: Set<ChangeEvent.Kind>? = nil, changes: Set<ChangeType.Kind>? = nil,
    units: Set<UnitID.Kind>? = nil
  ) throws(HotReloadError) {
    do {
      filter = try PathFilter(include: [pattern], exclude: [])
    } catch {
      throw HotReloadError(
        code: .invalidPattern, message: "the pattern \(pattern) is malformed: \(error)")
    }
    self.pattern = pattern
    self.kinds = kinds
    self.changes = changes
    self.units = units
    isEverywhere = pattern == "**"
  }

  func matches(_ event: PublishedEvent) -> Bool {
    if let kinds, !kinds.contains(event.event.kind) { return false }
    let change = event.event.change
    // A folder of which too much changed stands for all that may have happened below it.
    let isSubtree = change == .subtreeChanged
    if !isSubtree {
      if let changes, !(change.map { changes.contains($0.kind) } ?? false) { return false }
      if let units, !(event.unit.map { units.contains($0.kind) } ?? false) { return false }
    }
    if isEverywhere || event.paths.contains(where: filter.matches) { return true }
    if isSubtree && event.paths.contains(where: canMatchBelow) { return true }
    return event.event.configName.map { filter.matches(FilePath($0)) } ?? false
  }

  private func canMatchBelow(_ folder: FilePath) -> Bool {
    guard !folder.isEmpty else { return filter.canMatchBelow(filter.start) }
    let state = folder.withPlatformString { characters in
      filter.advance(
        filter.start, over: UnsafeRawBufferPointer(start: characters, count: folder.length))
    }
    return filter.canMatchBelow(filter.advance(state, byte: UInt8(ascii: "/")))
  }
}
