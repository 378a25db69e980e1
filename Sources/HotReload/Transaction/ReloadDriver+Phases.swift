import SystemPackage
import WorkspaceFiles
import WorkspaceTools

extension ReloadDriver {
  /// Reads the units, on the worker thread.
  func load(_ id: Machine.Transaction, _ units: [UnitID], isEverything: Bool) {
    var results: [UnitID: Machine.LoadResult] = [:]
    var asked = units
    if isEverything {
      do {
        let names = try configs.names().map(UnitID.config)
        asked += names.filter { !units.contains($0) }
      } catch {
        log.cannotList(error)
      }
    }
    for unit in asked {
      guard let name = unit.configName else { continue }
      results[unit] = configs.load(name)
    }
    let digests = results.mapValues { result -> [FilePath: ContentDigest]? in
      if case .content(let content) = result { content.digests } else { nil }
    }
    state.withLock { state in
      guard state.machine.running?.id == id else { return }
      state.readBefore = state.read
      state.read.merge(digests) { $1 }
    }
    step(.loaded(id, results))
  }

  /// Decodes into every type that is asked for, and asks the validators.
  func validate(_ id: Machine.Transaction, _ contents: [UnitID: ConfigContent]) {
    let (slots, validators, generation) = state.withLock { state in
      var slots: [UnitID: [any AnyConfigSlot]] = [:]
      var validators: [UnitID: [ConfigValidator]] = [:]
      for unit in contents.keys {
        guard let name = unit.configName else { continue }
        slots[unit] = state.slots[name]?.values.compactMap(\.slot) ?? []
        if isValidating { validators[unit] = state.validators[name] }
      }
      return (slots, validators, state.machine.generation + 1)
    }
    var prepared: [UnitID: [PreparedValue]] = [:]
    var errors: [UnitID: [ConfigDiagnostic]] = [:]
    for (unit, content) in contents {
      for slot in slots[unit] ?? [] {
        do {
          let value = try Reentrancy.run {
            try slot.makeValue(
              from: content.loaded, generation: generation, validating: isValidating)
          }
          prepared[unit, default: []].append(PreparedValue(index: slot.index, value: value))
        } catch {
          errors[unit, default: []].append(new: (error as? ConfigError)?.diagnostics ?? [])
        }
      }
    }
    guard !validators.isEmpty else { return finishValidation(id, prepared, errors) }
    Task { [prepared, errors] in
      var errors = errors
      for (unit, validators) in validators {
        guard let content = contents[unit] else { continue }
        for validator in validators {
          errors[unit, default: []].append(new: await validator.check(content))
        }
      }
      finishValidation(id, prepared, errors)
    }
  }

  private func finishValidation(
    _ id: Machine.Transaction, _ prepared: [UnitID: [PreparedValue]],
    _ errors: [UnitID: [ConfigDiagnostic]]
  ) {
    state.withLock { state in
      if state.machine.running?.id == id { state.prepared = prepared }
    }
    step(.validated(id, errors))
  }

  /// Puts the new contents in force, all at once.
  func swap(
    _ id: Machine.Transaction, generation: UInt64, _ contents: [UnitID: ConfigContent]
  ) {
    let old = cell.storage
    var configs = old.configs
    var values = old.values
    let prepared = state.withLock { state in
      for index in values.indices where state.places[index].slot == nil { values[index] = nil }
      defer { state.prepared = [:] }
      return state.prepared
    }
    for (unit, content) in contents {
      guard let name = unit.configName else { continue }
      configs[name] = .init(content: content, generation: generation)
      for new in prepared[unit] ?? [] { values[new.index] = new.value }
    }
    cell.store(SnapshotStorage(generation: generation, configs: configs, values: values))
    step(.swapped(id))
  }

  /// Tells everybody: first the streams, then those who listen for events.
  func publish(_ id: Machine.Transaction, _ publication: Machine.Publication) {
    let changed = publication.units.filter(\.isChanged).compactMap(\.unit.configName)
    let (slots, before, after) = state.withLock { state in
      (
        changed.flatMap { state.slots[$0]?.values.compactMap(\.slot) ?? [] }, state.readBefore,
        state.read
      )
    }
    for slot in slots { slot.wake() }
    let events = ReloadEvents(
      publication: publication, before: before, after: after, configs: configs)
    bus.publish(events.all())
    log.published(publication)
    step(.published(id))
  }
}

extension [ConfigDiagnostic] {
  /// Adds those that are not there yet: two types may find the same thing wrong.
  mutating func append(new diagnostics: [ConfigDiagnostic]) {
    for diagnostic in diagnostics where !contains(diagnostic) { append(diagnostic) }
  }
}
