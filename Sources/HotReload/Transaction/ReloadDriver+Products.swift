import WorkspaceTools

extension ReloadDriver {
  /// Has participants make products, all at once.
  func prepare(
    _ id: Machine.Transaction, generation: UInt64, _ makings: [Machine.Making],
    _ contents: [UnitID: UnitContent]
  ) {
    let inForce = cell.storage
    let context = context(of: .prepare, in: id)
    for making in makings {
      guard let member = state.withLock({ $0.members[making.participant] }) else {
        step(.prepared(id, making.product, .refused([])))
        continue
      }
      var seen: [UnitID: UnitContent] = [:]
      for unit in member.units { seen[unit] = contents[unit] ?? inForce.units[unit]?.content }
      let change = ReloadChange(
        generation: generation, changed: making.changed, contents: seen)
      if let refusal = refusalOfTasks {
        step(.prepared(id, making.product, .refused([refusal])))
        continue
      }
      startPhaseTask(id, .prepare) {
        let result = await context.run {
          await self.make(making.product, by: member, of: change)
        }
        self.step(.prepared(id, making.product, result))
      }
    }
  }

  /// Has one participant make a product, which is kept under its number.
  func make(
    _ product: Machine.Product, by member: any AnyMembership, of change: ReloadChange
  ) async -> Machine.PrepareResult {
    do {
      let made = try await Reentrancy.run { try await member.prepare(change) }
      state.withLock { $0.products[product] = made }
      return .made
    } catch {
      return .refused(Self.diagnostics(of: error, for: change))
    }
  }

  /// What a participant's error says, with the place of the key that it names where it names one.
  static func diagnostics(
    of error: any Error, for change: ReloadChange
  ) -> [ConfigDiagnostic] {
    if let error = error as? ConfigError { return error.diagnostics }
    if let refusal = error as? ReloadRefusal { return refusal.diagnostics }
    // Keys can be placed only if it is clear whose they are.
    let configs = change.changed.compactMap(\.configName).compactMap(change.config)
    guard configs.count == 1 else {
      return [ConfigDiagnostic(location: nil, message: "\(error)")]
    }
    return configs[0].diagnostics(of: error)
  }

  /// Tells products that they came into force, all at once.
  func activate(_ id: Machine.Transaction, _ activations: [Machine.Activation]) {
    let pairs = state.withLock { state in
      activations.compactMap { activation in
        state.products[activation.product].map { product in
          (product, activation.replaced.flatMap { state.products[$0] })
        }
      }
    }
    let context = context(of: .activate, in: id)
    tasks.start {
      await context.run {
        await withTaskGroup(of: Void.self) { group in
          for (product, replaced) in pairs {
            group.addTask { await Reentrancy.run { await product.activate(replacing: replaced) } }
          }
        }
      }
      self.step(.activated(id))
    }
  }

  /// Asks the program whether all is well. One that has not answered yet is too late: it is cancelled, and the next
  /// one begins when it has ended, so that there are never two.
  func checkHealth(_ check: Machine.HealthCheck) {
    guard let healthCheck else { return step(.healthChecked(check, failure: nil)) }
    let late = state.withLock { state -> Cancel? in
      if let late = state.cancelHealthCheck {
        state.nextHealthCheck = check
        return late
      }
      start(check, healthCheck, &state)
      return nil
    }
    late?()
  }

  private func start(
    _ check: Machine.HealthCheck, _ body: @escaping @Sendable (Snapshot) async throws -> Void,
    _ state: inout State
  ) {
    let snapshot = Snapshot(storage: cell.storage)
    state.cancelHealthCheck = tasks.start {
      var failure: String?
      do { try await Reentrancy.run { try await body(snapshot) } } catch {
        failure = "the health check failed: \(error)"
      }
      self.step(.healthChecked(check, failure: failure))
      self.state.withLock { state in
        state.cancelHealthCheck = nil
        guard let next = state.nextHealthCheck.take(), !state.isStopping else { return }
        self.start(next, body, &state)
      }
    }
  }

  /// What came into force is good.
  func finishBake(_ baked: Machine.Baked) {
    state.withLock { $0.beforeBake = nil }
    failpoint?(.baked)
    recorder?.baked(baked.generation, baked.contents)
    log.baked(baked)
  }
}
