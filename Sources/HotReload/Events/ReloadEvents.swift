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
  let classifier: Classifier

  /// What was there from the beginning is no change.
  private var isBeginning: Bool {
    publication.producers.allSatisfy { $0 == .start || $0 == .registration }
  }

  /// In the order in which they are to be published.
  func all() -> [EventBus.Announcement] {
    var events: [EventBus.Announcement] = []
    for notice in publication.notices { events.append(event(for: notice)) }
    for change in publication.content { events.append(event(for: change)) }
    for unit in publication.units { events += self.events(of: unit) }
    return events
  }

  private func published(
    _ event: ChangeEvent, _ paths: [FilePath], of unit: UnitID? = nil
  ) -> EventBus.Announcement {
    EventBus.Announcement(
      event: event, generation: publication.generation, paths: paths, unit: unit)
  }

  private func event(for change: FileChange) -> EventBus.Announcement {
    var paths = [change.path]
    if case .renamed(let from) = change.kind { paths.append(from) }
    return published(
      .fileChanged(path: change.path, change: ChangeType(change.kind)), paths,
      of: classifier.unit(of: change.path))
  }

  private func event(for notice: WatchNotice) -> EventBus.Announcement {
    switch notice {
    case .rescanned(let reason): published(.rescanned(reason), [])
    case .degraded(let path, let reason), .unreadable(let path, let reason):
      published(.watchDegraded(path: path, reason: reason), [path])
    case .restored(let path): published(.watchRestored(path: path), [path])
    }
  }

  private func events(of unit: UnitChange) -> [EventBus.Announcement] {
    guard let name = unit.unit.eventName else { return [] }
    let changes = publication.unitChanges[unit.unit] ?? []
    // A file of a group is something else as well, which tells of it.
    let told = unit.unit.fileGroupName != nil ? [] : changes
    let differences = differences(of: unit)
    var events = told.filter { isRealChange($0, of: unit, differences) }.map(event)
    let paths = differences?.sorted { $0.string < $1.string } ?? paths(of: unit, changes)
    if unit.isChanged, !isBeginning, let new = unit.new?.tree {
      let changed = ChangeEvent.configChanged(name: name, old: unit.old?.tree, new: new)
      events.append(published(changed, paths, of: unit.unit))
    }
    if unit.isChanged, !isBeginning, unit.new?.set != nil {
      let changed: ChangeEvent =
        unit.unit == .templates ? .templateChanged(paths: paths) : .assetChanged(paths: paths)
      events.append(published(changed, paths, of: unit.unit))
    }
    switch unit.outcome {
    case .recovered:
      events.append(published(.recovered(name: name), paths, of: unit.unit))
    case .rejected, .refused, .quarantined:
      if unit.isRepeated { break }
      let failed = ChangeEvent.validationFailed(name: name, errors: unit.outcome.diagnostics)
      events.append(published(failed, paths, of: unit.unit))
    case .rolledBack(let reason):
      events.append(published(.rolledBack(name: name, reason: reason), paths, of: unit.unit))
    case .removed:
      for path in unit.old?.paths ?? [] {
        let deleted = ChangeEvent.fileChanged(path: path, change: .deleted)
        events.append(published(deleted, [path], of: unit.unit))
      }
    case .applied, .unchanged: break
    }
    if unit.isChanged, !isBeginning {
      let completed = ChangeEvent.reloadCompleted(name: name, duration: publication.duration)
      events.append(published(completed, paths, of: unit.unit))
    }
    return events
  }

  /// Whether a config's file has other content. The watcher's word for it is only a hint.
  private func isRealChange(
    _ change: FileChange, of unit: UnitChange, _ differences: Set<FilePath>?
  ) -> Bool {
    guard change.kind == .modified else { return true }
    if let differences { return differences.contains(change.path) }
    if unit.unit.isContent { return !unit.isRepeated }
    guard let after = after[unit.unit] ?? nil else { return !unit.isRepeated }
    guard let before = before[unit.unit] ?? nil else { return true }
    return before[change.path] != after[change.path]
  }

  /// At which paths a set that came into force differs from the one before; nil for anything else.
  private func differences(of unit: UnitChange) -> Set<FilePath>? {
    guard unit.isChanged, let new = unit.new?.set else { return nil }
    return new.differences(from: unit.old?.set ?? FileSet())
  }

  /// The files that the config was read from before and now, and those that changed.
  private func paths(of unit: UnitChange, _ changes: [FileChange]) -> [FilePath] {
    var paths: [FilePath] = []
    let read = [unit.old, unit.new].flatMap { $0?.paths ?? [] }
    for path in read + changes.map(\.path) where !paths.contains(path) {
      paths.append(path)
    }
    guard paths.isEmpty else { return paths }
    if let name = unit.unit.configName { return classifier.configs.candidates(for: name) }
    return unit.unit.fileGroupName.flatMap(classifier.groups.paths) ?? []
  }
}
