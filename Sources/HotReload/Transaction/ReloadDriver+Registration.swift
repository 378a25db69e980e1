import WorkspaceTools

extension ReloadDriver {
  /// A slot for a config that is in force, made or found between two transactions.
  func slot<T: Decodable & Sendable>(
    for name: String, as type: T.Type
  ) async throws -> ConfigSlot<T> {
    try await job { Result { try self.makeSlot(for: name, as: type) } }
  }

  private func makeSlot<T: Decodable & Sendable>(
    for name: String, as type: T.Type
  ) throws -> ConfigSlot<T> {
    let known = state.withLock { $0.slots[name]?[ObjectIdentifier(type)]?.slot }
    if let known = known as? ConfigSlot<T> { return known }
    let old = cell.storage
    guard let config = old.configs[name] else {
      throw HotReloadError(
        code: .configRejected, message: "config \(name) was not accepted, so there is no value")
    }
    let (id, index) = reservePlace()
    let slot = ConfigSlot<T>(id: id, config: name, index: index, cell: cell)
    let value: any AnyTypedValue
    do {
      value = try Reentrancy.run {
        try slot.makeValue(
          from: config.content.loaded, generation: config.generation, validating: isValidating)
      }
    } catch {
      throw HotReloadError.rejected(name, (error as? ConfigError)?.diagnostics ?? [])
    }
    var values = old.values
    while values.count <= index { values.append(nil) }
    values[index] = value
    cell.store(
      SnapshotStorage(generation: old.generation, configs: old.configs, values: values))
    state.withLock { state in
      state.places[index].slot = slot
      state.slots[name, default: [:]][ObjectIdentifier(type)] = SlotReference(slot: slot)
    }
    return slot
  }

  /// A place in the snapshot that nobody has. Only jobs take places, and one runs at a time.
  private func reservePlace() -> (id: UInt64, index: Int) {
    state.withLock { state in
      state.lastNumber += 1
      for name in state.slots.keys {
        state.slots[name] = state.slots[name]?.filter { $0.value.slot != nil }
        if state.slots[name]?.isEmpty ?? false { state.slots[name] = nil }
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
    let (validator, content) = try await job {
      let validator = self.state.withLock { state in
        state.lastNumber += 1
        let validator = ConfigValidator(id: state.lastNumber, body: body)
        state.validators[name, default: []].append(validator)
        return validator
      }
      return .success((validator, self.cell.storage.configs[name]?.content))
    }
    // From here on no transaction passes it by, so what is in force may be checked apart from the queue.
    if isValidating, let content {
      let diagnostics = await validator.check(content)
      guard diagnostics.isEmpty else {
        removeValidator(validator.id, of: name)
        throw HotReloadError.rejected(name, diagnostics)
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
  static func rejected(_ name: String, _ diagnostics: [ConfigDiagnostic]) -> HotReloadError {
    HotReloadError(
      code: .configRejected,
      message: "config \(name) is not good, so there is no value to begin with",
      diagnostics: diagnostics)
  }
}
