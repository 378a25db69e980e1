import FileWatching
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

extension ReloadDriver {
  /// Decodes into every type that is asked for, and asks the validators.
  func validate(_ id: Machine.Transaction, _ contents: [UnitID: UnitContent]) {
    let (streams, validators, generation) = state.withLock { state in
      var streams: [UnitID: [StreamEntry]] = [:]
      var validators: [UnitID: [ConfigValidator]] = [:]
      for unit in contents.keys {
        streams[unit] = state.streams[unit].map { Array($0.values) }
        guard isValidating, let name = unit.configName else { continue }
        validators[unit] = state.validators[name]
      }
      return (streams, validators, state.machine.generation + 1)
    }
    var prepared: [UnitID: [PreparedValue]] = [:]
    var errors: [UnitID: [ConfigDiagnostic]] = [:]
    for (unit, content) in contents {
      let made = Self.values(
        of: content, for: streams[unit] ?? [], at: generation, validating: isValidating)
      prepared[unit] = made.values
      if !made.errors.isEmpty { errors[unit] = made.errors }
    }
    guard !validators.isEmpty else { return finishValidation(id, prepared, errors) }
    if let refusal = refusalOfTasks {
      for unit in validators.keys { errors[unit, default: []].append(refusal) }
      return finishValidation(id, prepared, errors)
    }
    let context = context(of: .validate, in: id)
    startPhaseTask(id, .validate) { [prepared, errors] in
      var errors = errors
      for (unit, validators) in validators {
        guard let config = contents[unit]?.config else { continue }
        for validator in validators {
          errors[unit, default: []].append(new: await context.run { await validator.check(config) })
        }
      }
      self.finishValidation(id, prepared, errors)
    }
  }

  /// The values that streams have of a content, and what is wrong with it for any of them.
  static func values(
    of content: UnitContent, for streams: [StreamEntry], at generation: UInt64, validating: Bool
  ) -> (values: [PreparedValue], errors: [ConfigDiagnostic]) {
    var values: [PreparedValue] = []
    var errors: [ConfigDiagnostic] = []
    for stream in streams {
      guard let slot = stream.slot else { continue }
      do {
        let value = try Reentrancy.run { try stream.makeValue(content, generation, validating) }
        values.append(PreparedValue(index: slot.index, value: value))
      } catch {
        errors.append(new: diagnostics(of: error, in: content))
      }
    }
    return (values, errors)
  }

  static func diagnostics(of error: any Error, in content: UnitContent) -> [ConfigDiagnostic] {
    if let error = error as? ConfigError { return error.diagnostics }
    return content.config?.diagnostics(of: error)
      ?? [ConfigDiagnostic(location: nil, message: "\(error)")]
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

  /// Starts a task that a phase of a transaction waits for. It is cancelled when that goes on without it.
  func startPhaseTask(
    _ id: Machine.Transaction, _ phase: ReloadPhase, _ body: @escaping @Sendable () async -> Void
  ) {
    let cancel = tasks.start(body)
    let isNeeded = state.withLock { state in
      guard state.machine.running?.id == id, state.machine.running?.phase == phase else {
        return false
      }
      state.phaseTasks.append(cancel)
      return true
    }
    if !isNeeded { cancel() }
  }

  /// Why no more tasks can be started; nil if they can.
  var refusalOfTasks: ConfigDiagnostic? {
    guard tasks.count >= Self.maximumTasks else { return nil }
    return ConfigDiagnostic(
      location: nil,
      message:
        "\(Self.maximumTasks) earlier calls of participants and validators have not ended yet, "
        + "so no other is made")
  }

  /// Puts the new contents and what was made of them in force, all at once.
  func swap(_ id: Machine.Transaction, generation: UInt64, _ swap: Machine.Swap) {
    recorder?.willSwap(to: generation, swap.contents, isRollBack: swap.isRollBack)
    let old = cell.storage
    let before = state.withLock { state in
      defer { state.beforeBake = swap.isRollBack ? nil : state.beforeBake ?? old }
      return state.beforeBake
    }
    var units = old.units
    var values = old.values
    for unit in swap.removed { units[unit] = nil }
    for (unit, content) in swap.contents {
      units[unit] = .init(content: content, generation: generation)
    }
    let new = valuesToSwapIn(swap, generation, before)
    state.withLock { state in
      while values.count < state.places.count { values.append(nil) }
      for new in new { values[new.index] = new.value }
      for index in values.indices where state.places[index].slot == nil { values[index] = nil }
      for product in swap.products.values {
        guard let held = state.products[product] else { continue }
        values[held.index] = held.typedValue(at: generation)
      }
    }
    cell.store(SnapshotStorage(generation: generation, units: units, values: values))
    failpoint?(.swapped)
    step(.swapped(id))
  }

  private func valuesToSwapIn(
    _ swap: Machine.Swap, _ generation: UInt64, _ before: SnapshotStorage?
  ) -> [PreparedValue] {
    let (prepared, streams) = state.withLock { state in
      defer { state.prepared = [:] }
      return (state.prepared, swap.isRollBack ? state.streams : [:])
    }
    guard swap.isRollBack else { return swap.contents.keys.flatMap { prepared[$0] ?? [] } }
    return swap.contents.flatMap { unit, content -> [PreparedValue] in
      var values: [PreparedValue] = []
      var missing: [StreamEntry] = []
      let isKept = before?.units[unit]?.content == content
      for entry in streams[unit]?.values.map({ $0 }) ?? [] {
        if isKept, let slot = entry.slot, let kept = before?.value(at: slot.index),
          kept.slot == slot.id
        {
          values.append(PreparedValue(index: slot.index, value: kept.again(at: generation)))
        } else {
          missing.append(entry)
        }
      }
      // Streams that came later were made sure to go back with the others.
      return values
        + Self.values(of: content, for: missing, at: generation, validating: false).values
    }
  }

  /// Tells everybody: first the streams, then those who listen for events.
  func publish(_ id: Machine.Transaction, _ publication: Machine.Publication) {
    let changed = publication.units.filter(\.isChanged).map(\.unit)
    let (slots, before, after) = state.withLock { state in
      let made = state.machine.running?.activations ?? []
      let products = made.compactMap { state.products[$0.product]?.index }
      defer {
        // What comes back was not read.
        if state.machine.running?.isRollBack != true {
          for unit in publication.units { state.readBefore[unit.unit] = state.read[unit.unit] }
        }
      }
      return (
        changed.flatMap { state.streams[$0]?.values.compactMap(\.slot) ?? [] }
          + products.compactMap { state.places[$0].slot },
        state.readBefore, state.read
      )
    }
    for slot in slots { slot.wake() }
    let events = ReloadEvents(
      publication: publication, before: before, after: after, classifier: classifier)
    let told = bus.publish(events.all(), isWanted: feed.isWanted)
    state.withLock { $0.told = told }
    noteDroppedEvents()
    metrics?.note(publication.notices)
    recorder?.published(publication)
    demandFiles(of: publication)
    log.published(publication)
    failpoint?(.published)
    step(.published(id))
  }
}

extension [ConfigDiagnostic] {
  /// Adds those that are not there yet: two types may find the same thing wrong.
  mutating func append(new diagnostics: [ConfigDiagnostic]) {
    for diagnostic in diagnostics where !contains(diagnostic) { append(diagnostic) }
  }
}
