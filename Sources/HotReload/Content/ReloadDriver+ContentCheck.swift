import SystemPackage
import WorkspaceFiles
import WorkspaceTools

extension ReloadDriver {
  /// What is wrong with each unit of a folder. Nothing that is in force is touched.
  func check(in folder: FilePath) async throws -> [UnitID: [ConfigDiagnostic]] {
    let results = try await job { Result { try self.loadAll(in: folder) } }
    var found: [UnitID: [ConfigDiagnostic]] = [:]
    var contents: [UnitID: UnitContent] = [:]
    for (unit, result) in results {
      switch result {
      case .content(let content):
        contents[unit] = content
        found[unit] = try await check(content, as: unit)
      case .rejected(let diagnostics): found[unit] = diagnostics
      case .absent(let diagnostic): found[unit] = [diagnostic]
      }
    }
    for (unit, diagnostics) in await askParticipants(about: contents) {
      found[unit, default: []].append(new: diagnostics)
    }
    return found
  }

  /// Reads what the folder has, and looks for what somebody uses. Blocks.
  private func loadAll(in folder: FilePath) throws -> [UnitID: UnitLoadResult] {
    if let failure = ContentRoot.folder(folder).failure { throw HotReloadError.noContent(failure) }
    let configs = configs.reading(from: folder)
    let used = state.withLock { state in
      state.members.values.reduce(into: state.neededUnits) { $0.formUnion($1.units) }
    }
    var results: [UnitID: UnitLoadResult] = [:]
    do {
      for name in Set(try configs.names()).union(used.compactMap(\.configName)) {
        results[.config(name)] = configs.load(name)
      }
    } catch {
      throw HotReloadError(code: .noContent, message: "\(folder) cannot be read: \(error)")
    }
    for unit in used {
      guard let name = unit.fileGroupName, let paths = groups.paths(of: name),
        configs.brings(paths)
      else { continue }
      results[unit] = configs.load(paths, as: name)
    }
    for unit in FileSets.units {
      // What is read is kept for when it is applied.
      if let reader = sets.reader(of: unit, in: folder) { results[unit] = reader.read(nil) }
    }
    return results
  }

  /// What participants say, each of which is asked if anything differs from what it has.
  private func askParticipants(
    about contents: [UnitID: UnitContent]
  ) async -> [UnitID: [ConfigDiagnostic]] {
    let inForce = cell.storage
    let members = state.withLock { state in
      state.members.sorted { $0.key.number < $1.key.number }.map(\.value)
    }
    var found: [UnitID: [ConfigDiagnostic]] = [:]
    for member in members {
      var seen: [UnitID: UnitContent] = [:]
      var changed: Set<UnitID> = []
      for unit in member.units {
        let known = inForce.units[unit]?.content
        seen[unit] = contents[unit] ?? known
        if let content = contents[unit], content != known { changed.insert(unit) }
      }
      guard let first = changed.min() else { continue }
      let change = ReloadChange(
        generation: inForce.generation + 1, changed: changed, contents: seen)
      let diagnostics = await ask(member, about: change)
      for diagnostic in ReloadOutcome.refused(by: member.name, diagnostics).diagnostics {
        let named = diagnostic.location.map { classifier.unit(of: FilePath($0.file)) }
        let unit = named.flatMap { changed.contains($0) ? $0 : nil } ?? first
        found[unit, default: []].append(diagnostic)
      }
    }
    return found
  }

  /// What one participant says of a change.
  private func ask(
    _ member: any AnyMembership, about change: ReloadChange
  ) async -> [ConfigDiagnostic] {
    if let refusal = refusalOfTasks { return [refusal] }
    let limit = state.withLock { $0.machine.limits.validate }
    let answer = await within(limit) { () async -> [ConfigDiagnostic] in
      do {
        try await Reentrancy.run { try await member.check(change) }
        return []
      } catch {
        return Self.diagnostics(of: error, for: change)
      }
    }
    return answer
      ?? [ConfigDiagnostic(location: nil, message: "it did not answer within \(limit)")]
  }
}
