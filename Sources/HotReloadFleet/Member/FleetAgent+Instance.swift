extension FleetAgent {
  /// Does what the instance's rules ask for, in their order.
  func perform(
    _ actions: [InstanceMachine.Action], _ machines: inout Machines,
    _ group: inout DiscardingTaskGroup
  ) async {
    for action in actions {
      switch action {
      case .remember(let memory): machines.forgets = !(await remember(memory))
      case .apply(let task, _) where machines.forgets:
        // Content that might bring the process down is not tried when nobody would know afterwards.
        group.addTask {
          await self.answer(
            .applied(task, failure: "nothing can be written to this instance's data folder"))
        }
      case .settled(let release):
        log.settled(release)
        let memory = machines.instance.memory
        group.addTask { await self.host.settle(on: memory) }
      case .grantLease:
        // One that was lost is not kept alive any more.
        machines.leaseKeeper?.stop()
        let keeper = StopSignal()
        machines.leaseKeeper = keeper
        group.addTask { await keeper.run { await self.holdLease() } }
      default: perform(action, &group)
      }
    }
  }

  private func perform(_ action: InstanceMachine.Action, _ group: inout DiscardingTaskGroup) {
    switch action {
    case .readOrders: group.addTask { await self.readOrders() }
    case .commit(let number, let transaction):
      group.addTask {
        guard let outcome = await self.write(transaction) else { return }
        await self.answer(.written(number, outcome))
      }
    case .validate(let task, let release):
      group.addTask {
        await self.answer(.validated(task, failure: await self.host.validate(release)))
      }
    case .apply(let task, let release):
      log.applies(release)
      group.addTask {
        await self.answer(.applied(task, failure: await self.host.apply(release)))
      }
    case .revert(let task, let good):
      log.reverts(to: good)
      group.addTask {
        await self.host.revert(to: good)
        await self.answer(.reverted(task))
      }
    case .checkHealth(let task):
      group.addTask {
        await self.answer(.healthChecked(task, failure: await self.host.checkHealth()))
      }
    case .propose(let content):
      log.proposes(content)
      group.addTask {
        guard let reason = await self.host.propose(content), !Task.isCancelled else { return }
        self.log.refusedProposal(reason)
        // From then on it is drift.
        await self.answer(.edited(content, isNew: false))
      }
    case .drifted(let content): log.drifted(content)
    case .failed(let release, let reason): log.failed(release, reason)
    case .superseded(let incarnation):
      log.superseded(by: incarnation)
      note { $0.supersededBy = incarnation }
    case .departed: log.departed()
    case .remember, .settled, .grantLease: break
    }
  }

  private func answer(_ event: InstanceMachine.Event) async {
    // The answer of a task that was cancelled is none.
    if Task.isCancelled { return }
    await inbox.send(.instance(event))
  }

  private func remember(_ memory: InstanceMemory) async -> Bool {
    do {
      try await host.remember(memory)
      return true
    } catch {
      log.cannotRemember(error)
      return false
    }
  }
}
