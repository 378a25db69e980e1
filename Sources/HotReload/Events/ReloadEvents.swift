import FileWatching
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// The events of one transaction.
struct ReloadEvents {
  typealias Publication = TransactionMachine<ConfigContent>.Publication
  typealias UnitChange = TransactionMachine<ConfigContent>.UnitChange

  let publication: Publication
  /// The content of the configs' files before and after; nil if they could not be read.
  let before: [UnitID: [FilePath: ContentDigest]?]
  let after: [UnitID: [FilePath: ContentDigest]?]
  let configs: any ConfigSource

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
      of: Classifier(configs: configs).unit(of: change.path))
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
    guard let name = unit.unit.configName else { return [] }
    let changes = publication.unitChanges[unit.unit] ?? []
    var events = changes.filter { isRealChange($0, of: unit) }.map(event)
    let paths = paths(of: unit, changes)
    if unit.isChanged, !isBeginning, let new = unit.new {
      let changed = ChangeEvent.configChanged(name: name, old: unit.old?.tree, new: new.tree)
      events.append(published(changed, paths, of: unit.unit))
    }
    switch unit.outcome {
    case .recovered:
      events.append(published(.recovered(name: name), paths, of: unit.unit))
    case .rejected(let errors) where !unit.isRepeated:
      let failed = ChangeEvent.validationFailed(name: name, errors: errors)
      events.append(published(failed, paths, of: unit.unit))
    case .applied, .unchanged, .rejected:
      break
    }
    if unit.isChanged, !isBeginning {
      let completed = ChangeEvent.reloadCompleted(name: name, duration: publication.duration)
      events.append(published(completed, paths, of: unit.unit))
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
    let layers = (unit.old?.loaded.layers ?? []) + (unit.new?.loaded.layers ?? [])
    for path in layers.map(\.path) + changes.map(\.path) where !paths.contains(path) {
      paths.append(path)
    }
    if paths.isEmpty, let name = unit.unit.configName { paths = configs.candidates(for: name) }
    return paths
  }
}
