import FileWatching
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// The events of one transaction.
struct ReloadEvents {
  typealias Publication = TransactionMachine<UnitContent>.Publication
  typealias UnitChange = TransactionMachine<UnitContent>.UnitChange

  let publication: Publication
  /// The content of the configs' files before and after; nil if they could not be read.
  let before: [UnitID: [FilePath: ContentDigest]?]
  let after: [UnitID: [FilePath: ContentDigest]?]
  let configs: any ConfigSource
  let groups: FileGroups

  /// What was there from the beginning is no change.
  private var isBeginning: Bool {
    publication.producers.allSatisfy { $0 == .start || $0 == .registration }
  }

  /// In the order in which they are to be published.
  func all() -> [PublishedEvent] {
    var events: [PublishedEvent] = []
    for notice in publication.notices { events.append(event(for: notice)) }
    for change in publication.content { events.append(event(for: change)) }
    for unit in publication.units { events += self.events(of: unit) }
    return events
  }

  private func published(_ event: ChangeEvent, _ paths: [FilePath]) -> PublishedEvent {
    PublishedEvent(event: event, generation: publication.generation, paths: paths)
  }

  private func event(for change: FileChange) -> PublishedEvent {
    var paths = [change.path]
    if case .renamed(let from) = change.kind { paths.append(from) }
    return published(
      .fileChanged(path: change.path, change: ChangeType(change.kind)), paths)
  }

  private func event(for notice: WatchNotice) -> PublishedEvent {
    switch notice {
    case .rescanned(let reason): published(.rescanned(reason), [])
    case .degraded(let path, let reason), .unreadable(let path, let reason):
      published(.watchDegraded(path: path, reason: reason), [path])
    case .restored(let path): published(.watchRestored(path: path), [path])
    }
  }

  private func events(of unit: UnitChange) -> [PublishedEvent] {
    guard let name = unit.unit.eventName else { return [] }
    let changes = publication.unitChanges[unit.unit] ?? []
    // A file of a group is something else as well, which tells of it.
    let told = unit.unit.configName == nil ? [] : changes
    var events = told.filter { isRealChange($0, of: unit) }.map(event)
    let paths = paths(of: unit, changes)
    if unit.isChanged, !isBeginning, let new = unit.new?.tree {
      let changed = ChangeEvent.configChanged(name: name, old: unit.old?.tree, new: new)
      events.append(published(changed, paths))
    }
    switch unit.outcome {
    case .recovered:
      events.append(published(.recovered(name: name), paths))
    case .rejected, .refused, .quarantined:
      if unit.isRepeated { break }
      events.append(
        published(.validationFailed(name: name, errors: unit.outcome.diagnostics), paths))
    case .rolledBack(let reason):
      events.append(published(.rolledBack(name: name, reason: reason), paths))
    case .applied, .unchanged: break
    }
    if unit.isChanged, !isBeginning {
      let completed = ChangeEvent.reloadCompleted(name: name, duration: publication.duration)
      events.append(published(completed, paths))
    }
    return events
  }

  /// Whether a config's file has other content. The watcher's word for it is only a hint.
  private func isRealChange(_ change: FileChange, of unit: UnitChange) -> Bool {
    guard change.kind == .modified else { return true }
    guard let after = after[unit.unit] ?? nil else { return !unit.isRepeated }
    guard let before = before[unit.unit] ?? nil else { return true }
    return before[change.path] != after[change.path]
  }

  /// The files that the config was read from before and now, and those that changed.
  private func paths(of unit: UnitChange, _ changes: [FileChange]) -> [FilePath] {
    var paths: [FilePath] = []
    let read = [unit.old, unit.new].flatMap { $0?.paths ?? [] }
    for path in read + changes.map(\.path) where !paths.contains(path) {
      paths.append(path)
    }
    guard paths.isEmpty else { return paths }
    if let name = unit.unit.configName { return configs.candidates(for: name) }
    return unit.unit.fileGroupName.flatMap(groups.paths) ?? []
  }
}
