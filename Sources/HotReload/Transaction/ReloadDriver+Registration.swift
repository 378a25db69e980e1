import WorkspaceTools

extension ReloadDriver {
  /// How a stream's values are made of a unit.
  typealias Make<T> = @Sendable (_ content: UnitContent, _ validating: Bool) throws -> MadeValue<T>

  /// A slot for a unit that is in force, made or found between two transactions.
  ///
  /// If what is on disk does not pass, and an earlier process knew something that does, that comes into force.
  func slot<T: Sendable>(
    for unit: UnitID, key: StreamKey, make: @escaping Make<T>
  ) async throws -> ValueSlot<T> {
    do {
      return try await job { Result { try self.makeSlot(for: unit, key: key, make: make) } }
    } catch let error as HotReloadError where error.code == .configRejected {
      recorder?.refused(unit)
      let slot = try await fallBack(unit, key: key, make: make, because: error.diagnostics)
      if let slot { return slot }
      // Somebody else may have had that put in force meanwhile.
      return try await job { Result { try self.makeSlot(for: unit, key: key, make: make) } }
    }
  }

  private func makeSlot<T: Sendable>(
    for unit: UnitID, key: StreamKey, make: @escaping Make<T>
  ) throws -> ValueSlot<T> {
    let known = state.withLock { $0.streams[unit]?[key]?.slot }
    let old = cell.storage
    // One that waits for its first value is nobody's yet.
    if let known = known as? ValueSlot<T>, old.value(of: known) != nil { return known }
    guard let inForce = old.units[unit] else {
      throw HotReloadError(
        code: .configRejected, message: "\(unit) was not accepted, so there is no value")
    }
    let (slot, entry) = newSlot(for: unit, make: make)
    let now = Self.values(
      of: inForce.content, for: [entry], at: inForce.generation, validating: isValidating)
    guard now.errors.isEmpty, let first = now.values.first else {
      throw HotReloadError.rejected(unit, now.errors)
    }
    try checkRollBack(of: unit, to: entry)
    var values = old.values
    while values.count <= slot.index { values.append(nil) }
    values[slot.index] = first.value
    cell.store(
      SnapshotStorage(generation: old.generation, units: old.units, values: values))
    state.withLock { state in
      state.streams[unit, default: [:]][key] = entry
      state.machine.accept([unit])
    }
    recorder?.accepted([unit])
    return slot
  }

  /// Whoever joins during a bake must be able to go back with all the others.
  private func checkRollBack(of unit: UnitID, to entry: StreamEntry) throws {
    let target = state.withLock { $0.machine.contentsToRollBack(of: [unit])[unit] }
    guard let target else { return }
    let errors = Self.values(of: target, for: [entry], at: 0, validating: isValidating).errors
    guard errors.isEmpty else {
      throw HotReloadError(
        code: .configRejected,
        message: "\(unit) is on trial, and what it goes back to if it fails is not good for this "
          + "stream; try again when its bake is over",
        diagnostics: errors)
    }
  }

  private func newSlot<T: Sendable>(
    for unit: UnitID, make: @escaping Make<T>
  ) -> (slot: ValueSlot<T>, entry: StreamEntry) {
    let (id, index) = reservePlace()
    let slot = ValueSlot<T>(
      id: id, name: unit.eventName ?? "\(unit)", index: index, cell: cell, exposures: exposures)
    let entry = StreamEntry(slot: slot) { content, generation, validating in
      let made = try make(content, validating)
      return TypedValue(made.value, generation: generation, slot: id, variants: made.variants)
    }
    state.withLock { $0.places[index].slot = slot }
    return (slot, entry)
  }

  /// Puts the last good content of a unit in force, if it passes for this stream too. Nil if there is none that is
  /// not in force already, or the configuration does not want it.
  private func fallBack<T: Sendable>(
    _ unit: UnitID, key: StreamKey, make: @escaping Make<T>, because diagnostics: [ConfigDiagnostic]
  ) async throws -> ValueSlot<T>? {
    let isUseful = state.withLock { $0.machine.contentToFallBack(to: unit) != nil }
    guard fallsBack, isUseful, !diagnostics.isEmpty else { return nil }
    let slot = try await job {
      let known = self.state.withLock { $0.streams[unit]?[key]?.slot }
      if let known = known as? ValueSlot<T> { return .success(known) }
      let (slot, entry) = self.newSlot(for: unit, make: make)
      self.state.withLock { $0.streams[unit, default: [:]][key] = entry }
      return .success(slot)
    }
    var candidate = ClassifiedCandidate(producers: [.registration], units: [unit])
    candidate.fallBacks = [unit: diagnostics]
    let classified = candidate
    _ = try await withTicket { .submit(classified, $0) }
    // Without a value the slot goes with the last who waits for it.
    return cell.storage.value(of: slot) == nil ? nil : slot
  }

  /// A place in the snapshot that nobody has. Only jobs take places, and one runs at a time.
  func reservePlace() -> (id: UInt64, index: Int) {
    state.withLock { state in
      state.lastNumber += 1
      for unit in state.streams.keys {
        state.streams[unit] = state.streams[unit]?.filter { $0.value.slot != nil }
        if state.streams[unit]?.isEmpty ?? false { state.streams[unit] = nil }
      }
      // A slot that is gone has no reader left, so its place can be given to another.
      if let index = state.places.firstIndex(where: { $0.slot == nil }) {
        return (state.lastNumber, index)
      }
      state.places.append(SlotReference(slot: nil))
      return (state.lastNumber, state.places.count - 1)
    }
  }

  /// Adds a validator, and asks it about what is in force.
  func addValidator(
    for name: String, _ body: @escaping @Sendable (LoadedConfig) async throws -> Void
  ) async throws -> ValidatorRegistration {
    let (validator, config) = try await job {
      let validator = self.state.withLock { state in
        state.lastNumber += 1
        let validator = ConfigValidator(id: state.lastNumber, body: body)
        state.validators[name, default: []].append(validator)
        return validator
      }
      return .success((validator, self.cell.storage.config(name)))
    }
    // From here on no transaction passes it by, so what is in force may be checked apart from the queue.
    if isValidating, let config {
      let limit = state.withLock { $0.machine.limits.validate }
      let late = ConfigDiagnostic(
        location: nil, message: "the validator did not answer within \(limit)")
      let diagnostics = await within(limit) { await validator.check(config) } ?? [late]
      guard diagnostics.isEmpty else {
        removeValidator(validator.id, of: name)
        if state.withLock({ $0.isStopping }) { throw HotReloadError.shutDown }
        throw HotReloadError.rejected(.config(name), diagnostics)
      }
    }
    return ValidatorRegistration(id: validator.id, config: name, driver: self)
  }

  func removeValidator(_ id: UInt64, of name: String) {
    state.withLock { state in
      state.validators[name]?.removeAll { $0.id == id }
      if state.validators[name]?.isEmpty ?? false { state.validators[name] = nil }
    }
  }
}

extension HotReloadError {
  static func rejected(_ unit: UnitID, _ diagnostics: [ConfigDiagnostic]) -> HotReloadError {
    HotReloadError(
      code: .configRejected,
      message: "\(unit) is not good, so there is no value to begin with",
      diagnostics: diagnostics)
  }
}
