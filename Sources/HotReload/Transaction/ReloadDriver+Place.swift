import FileWatching
import SystemPackage
import WorkspaceTools

extension ReloadDriver {
  /// The folder that a transaction loads from; nil for the workspace itself.
  func place(for id: Machine.Transaction) -> FilePath? {
    state.withLock { state in
      guard let running = state.machine.running, running.id == id else { return state.place }
      switch running.candidate.place {
      case .current:
        state.nextPlace = nil
        return state.place
      case .workspace:
        state.nextPlace = (id, nil)
        return nil
      case .folder(let folder):
        state.nextPlace = (id, folder)
        return folder
      }
    }
  }

  /// A config that another folder does not have is no reason to refuse all of it, unless somebody uses the config. What
  /// nobody uses stays as it is.
  func keepUnused(_ results: inout [UnitID: Machine.LoadResult], in id: Machine.Transaction) {
    let storage = cell.storage
    let used = state.withLock { $0.nextPlace?.id == id ? $0.usedUnits : nil }
    guard let used else { return }
    for (unit, result) in results where !used.contains(unit) {
      if case .absent = result, let inForce = storage.units[unit] {
        results[unit] = .content(inForce.content)
      }
    }
  }

  /// Takes out of a candidate of the watcher what must not come into force by itself, and remembers that it changed.
  func hold(_ candidate: inout Candidate, in held: HeldChanges) {
    let isOwn = { (path: FilePath) in
      switch self.classifier.unit(of: path) {
      case .config, .templates, .assets: true
      case .file, .files: false
      }
    }
    let groups = groups
    let isWhole = candidate.changes.contains { $0.kind == .subtreeChanged }
    let paths = candidate.changes.filter { change in
      isOwn(change.path) || change.kind == .subtreeChanged
        || !groups.groups(of: change.path).isEmpty
    }.map(\.path)
    // File groups may be this machine's own, such as its certificates; below a folder that changed as a whole any of them may
    // lie. They alone are looked at, whatever else their files are.
    let touched = isWhole ? groups.names : paths.flatMap { groups.groups(of: $0) }
    candidate.scope = .units(Set(touched.map(UnitID.files)))
    candidate.changes.removeAll { isOwn($0.path) || $0.kind == .subtreeChanged }
    if !paths.isEmpty || !candidate.notices.isEmpty { held.add(paths) }
  }

  /// What is wrong with what a folder has, as far as participants are not asked.
  func check(in folder: FilePath) async throws -> [UnitID: [ConfigDiagnostic]] {
    let configs = configs.reading(from: folder)
    let (loaded, used) = try await job {
      Result {
        var results: [UnitID: Machine.LoadResult] = [:]
        let used = self.state.withLock { $0.usedUnits }
        let names = try configs.names() + used.compactMap(\.configName)
        for name in Set(names) { results[.config(name)] = configs.load(name) }
        for unit in FileSets.units {
          // What it reads is kept for when it is applied.
          guard let reader = self.sets.reader(of: unit, in: folder) else { continue }
          results[unit] = reader.read(nil)
        }
        for unit in used {
          guard let name = unit.fileGroupName, let paths = self.groups.paths(of: name) else {
            continue
          }
          results[unit] = configs.load(paths, as: name)
        }
        return (results, used)
      }
    }
    var found: [UnitID: [ConfigDiagnostic]] = [:]
    for (unit, result) in loaded {
      switch result {
      case .content(let content): found[unit] = try await check(content, as: unit)
      case .rejected(let diagnostics): found[unit] = diagnostics
      case .absent(let diagnostic): found[unit] = used.contains(unit) ? [diagnostic] : []
      }
    }
    return found
  }
}

extension ReloadDriver.State {
  /// The units that a stream or a participant asks for.
  fileprivate var usedUnits: Set<UnitID> {
    let streamed = streams.filter { $0.value.values.contains { $0.slot != nil } }.keys
    return members.values.reduce(into: Set(streamed)) { $0.formUnion($1.units) }
  }

  /// What a transaction loaded from another place is in force, or the place is as it was.
  mutating func takeOverPlace(_ report: ReloadReport) {
    if let next = nextPlace, report.isAccepted { place = next.folder }
    nextPlace = nil
  }
}
