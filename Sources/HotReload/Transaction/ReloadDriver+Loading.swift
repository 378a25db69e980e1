import FileWatching
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

extension ReloadDriver {
  /// Where what is in force comes from.
  var contentRoot: ContentRoot { state.withLock { $0.machine.root } }

  /// Reads the units, on the worker thread.
  func load(_ id: Machine.Transaction, _ units: [UnitID], isEverything: Bool) {
    let (root, isWhole) = state.withLock { state in
      let running = state.machine.running
      return (running?.root ?? state.machine.root, running?.isWhole ?? false)
    }
    if isWhole, root == .workspace { held?.beginLoading() }
    let configs = configs.reading(from: root.folder)
    var results: [UnitID: Machine.LoadResult] = [:]
    var facts = LoadFacts()
    var asked = units
    facts.failure = root.failure
    if isEverything, facts.failure == nil {
      do {
        let names = try configs.names().map(UnitID.config)
        asked += names.filter { !units.contains($0) }
      } catch {
        noteUnlisted(error)
        // What is left out cannot be known: of a whole nothing comes into force then.
        if isWhole { facts.failure = ConfigDiagnostic(location: nil, message: "\(error)") }
      }
    }
    for unit in asked {
      if let name = unit.fileGroupName, let paths = groups.paths(of: name) {
        let isOwn = facts.failure != nil || !configs.brings(paths)
        if isOwn { facts.own.insert(unit) }
        results[unit] = (isOwn ? self.configs : configs).load(paths, as: name)
      } else if facts.failure != nil {
        continue
      } else if let name = unit.configName {
        results[unit] = configs.load(name)
      } else if let reader = sets.reader(of: unit, in: root.folder) {
        results[unit] = reader.read(isEverything ? nil : changes(of: unit, in: id))
        noteProblems(of: results[unit], unit)
      }
    }
    finishLoad(id, results, facts)
  }

  private func finishLoad(
    _ id: Machine.Transaction, _ results: [UnitID: Machine.LoadResult], _ facts: LoadFacts
  ) {
    let digests = results.mapValues { result -> [FilePath: ContentDigest]? in
      if case .content(let content) = result { content.digests } else { nil }
    }
    state.withLock { state in
      guard state.machine.running?.id == id else { return }
      state.read.merge(digests) { $1 }
      var facts = facts
      facts.needed = state.neededUnits
      state.machine.take(facts, of: id)
    }
    step(.loaded(id, results))
  }

  private func noteUnlisted(_ error: any Error) {
    let (producers, generation) = state.withLock { state in
      (state.machine.running?.candidate.producers ?? [], state.machine.generation)
    }
    log.cannotList(error, for: producers, generation)
  }

  /// Which files of a set changed; nil if any may have. What is only looked at because of its group has not changed.
  private func changes(of unit: UnitID, in id: Machine.Transaction) -> [FileChange]? {
    state.withLock { state -> [FileChange]? in
      guard let running = state.machine.running, running.id == id else { return nil }
      return running.candidate.unitChanges[unit]
        ?? (running.candidate.units.contains(unit) ? nil : [])
    }
  }

  private func noteProblems(of result: UnitLoadResult?, _ unit: UnitID) {
    guard case .content(.set(let set))? = result else { return }
    let known = cell.storage.units[unit]?.content.set?.problems ?? []
    for problem in set.problems where !known.contains(problem) { log.leftOut(problem, of: unit) }
  }
}

extension ReloadDriver.State {
  /// The units that streams have values of.
  var neededUnits: Set<UnitID> {
    var needed: Set<UnitID> = []
    for (unit, entries) in streams where entries.values.contains(where: { $0.slot != nil }) {
      needed.insert(unit)
    }
    return needed
  }
}
