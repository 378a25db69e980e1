import WorkspaceTools

extension ReloadDriver {
  /// Adds a participant, between two transactions, with a product of what is in force.
  func join<P: ReloadParticipant>(
    _ participant: P, as name: String, units: Set<UnitID>
  ) async throws -> ParticipantRegistration<P.Product> {
    try await asyncJob {
      let (id, index) = self.reservePlace()
      let slot = ValueSlot<P.Product>(id: id, name: name, index: index, cell: self.cell)
      self.state.withLock { $0.places[index].slot = slot }
      let member = Membership(participant, units: units, slot: slot)
      try await self.join(member)
      return ParticipantRegistration(products: ValueStream(slot: slot), driver: self)
    }
  }

  private func join(_ member: any AnyMembership) async throws {
    let storage = cell.storage
    let (first, second, toRollBack) = state.withLock { state in
      (
        Machine.Product(number: state.machine.nextNumber()),
        Machine.Product(number: state.machine.nextNumber()),
        state.machine.contentsToRollBack(of: member.units)
      )
    }
    var contents: [UnitID: UnitContent] = [:]
    for unit in member.units { contents[unit] = storage.units[unit]?.content }
    try await make(first, by: member, of: contents, at: storage.generation)
    if !toRollBack.isEmpty {
      // Whoever joins during a bake must be able to go back with all the others.
      do {
        let before = contents.merging(toRollBack) { $1 }
        try await make(second, by: member, of: before, at: storage.generation)
      } catch {
        retire([first])
        throw error
      }
    }
    let participant = Machine.Participant(number: member.id)
    let (product, actions) = state.withLock { state in
      state.members[participant] = member
      let actions = state.machine.join(
        participant, as: member.name, units: member.units, product: first,
        rollBackProduct: toRollBack.isEmpty ? nil : second)
      return (state.products[first], actions)
    }
    for case .retire(let products) in actions { retire(products) }
    recorder?.accepted(member.units)
    guard let product else { return }
    var values = storage.values
    while values.count <= member.index { values.append(nil) }
    values[member.index] = product.typedValue(at: storage.generation)
    cell.store(
      SnapshotStorage(generation: storage.generation, units: storage.units, values: values))
    _ = await within(state.withLock { $0.machine.limits.activate }) {
      await Reentrancy.run { await product.activate(replacing: nil) }
    }
  }

  /// Has the participant make a product, within the time that it has.
  private func make(
    _ product: Machine.Product, by member: any AnyMembership, of contents: [UnitID: UnitContent],
    at generation: UInt64
  ) async throws {
    let change = ReloadChange(
      generation: generation, changed: Set(contents.keys), contents: contents)
    let limit = state.withLock { $0.machine.limits.prepare }
    let late = ConfigDiagnostic(location: nil, message: "it was not ready within \(limit)")
    let result =
      await within(limit) {
        await self.make(product, by: member, of: change)
      } late: { result in
        // Nobody waits for it any more.
        if result == .made { self.retire([product]) }
      } ?? .refused([late])
    guard case .refused(let diagnostics) = result else { return }
    if state.withLock({ $0.isStopping }) { throw HotReloadError.shutDown }
    throw HotReloadError(
      code: .participantRefused,
      message: "\(member.name) cannot make anything of what is in force, so it was not registered",
      diagnostics: diagnostics)
  }

  /// Removes a participant, between two transactions.
  func leave(_ id: UInt64) async throws {
    let participant = Machine.Participant(number: id)
    let (isMember, isStopping) = state.withLock { state in
      (state.members[participant] != nil, state.isStopping)
    }
    if isStopping { throw HotReloadError.shutDown }
    guard isMember else { return }
    try await job {
      let actions = self.state.withLock { state in
        state.members[participant] = nil
        return state.machine.leave(participant)
      }
      for case .retire(let products) in actions { self.retire(products) }
      return .success(())
    }
  }

  /// What `body` returns, or nil if it takes longer than that or the driver stops; then its task is cancelled, and
  /// what it brings late is given to `late`.
  func within<Result: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async -> Result,
    late: @escaping @Sendable (Result) -> Void = { _ in }
  ) async -> Result? {
    let deadline = clock.now() + limit
    let answer = Answer<Result?>()
    let cancel = tasks.start {
      let result = await body()
      if !answer.give(result) { late(result) }
    }
    let giveUp: Cancel = { if answer.give(nil) { cancel() } }
    let cancelTimer = tasks.start {
      guard (try? await self.clock.sleep(deadline)) != nil else { return }
      giveUp()
    }
    let number = newNumber()
    let isStopping = state.withLock { state in
      state.registrations[number] = giveUp
      return state.isStopping
    }
    if isStopping { giveUp() }
    let result = await answer.value
    state.withLock { $0.registrations[number] = nil }
    cancelTimer()
    return result
  }
}
