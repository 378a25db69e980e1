@testable import HotReloadFleet

extension FleetSimulation {
  func perform(_ action: InstanceMachine.Action, for process: SimulatedProcess) {
    switch action {
    case .grantLease: grantLease(process)
    case .readOrders: readOrders(process)
    case .commit(let number, let transaction):
      cost.reportWrites[process.host.name, default: 0] += 1
      commit(transaction, for: process) { [self] outcome in
        send(InstanceMachine.Event.written(number, outcome), to: process)
      }
    case .validate(let task, let release): validate(task, release, process)
    case .remember(let memory): process.host.memory = memory
    case .apply(let task, let release): apply(task, release, process)
    case .revert(let task, let good): revert(task, to: good, process)
    case .checkHealth(let task): checkHealth(task, process)
    case .departed:
      log("\(process.incarnation) has departed")
      end(process)
    case .settled, .propose, .drifted, .failed: break
    case .superseded: rules.fail("\(process.incarnation) was superseded")
    }
  }

  func perform(_ action: ControllerMachine.Action, for process: SimulatedProcess) {
    switch action {
    case .commit(let number, let transaction):
      cost.controllerWrites += 1
      commit(planted(transaction), for: process) { [self] outcome in
        send(ControllerMachine.Event.written(number, outcome), to: process)
      }
    case .follow: follow(process)
    case .unfollow:
      process.isFollowing = false
      process.fullWatch.isOpen = false
    case .note(let note): log("\(process.incarnation) \(note)")
    }
  }

  private func nature(of release: Release) -> Nature { natures[release.content] ?? .good }

  private func validate(
    _ task: InstanceMachine.Task, _ release: Release, _ process: SimulatedProcess
  ) {
    if bug == .skipValidation { return send(.validated(task, failure: nil), to: process) }
    after(duration(.milliseconds(30))) { [self] in
      let host = process.host
      if case .invalid = nature(of: release), nature(of: release).isBad(for: host.index) {
        return send(.validated(task, failure: "app.toml:1:1: it is invalid"), to: process)
      }
      process.validated.insert(release.content)
      send(.validated(task, failure: nil), to: process)
    }
  }

  private func apply(
    _ task: InstanceMachine.Task, _ release: Release, _ process: SimulatedProcess
  ) {
    let nature = nature(of: release)
    let isBad = nature.isBad(for: process.host.index)
    rules.noteApply(of: release, on: process, now)
    var time = duration(options.applying) * (process.host.isSlow ? 5 : 1)
    if case .hanging = nature, isBad { time = options.times.apply + duration(.seconds(2)) }
    after(time) { [self] in
      guard process.isAlive else { return }
      if case .inapplicable = nature, isBad {
        return send(.applied(task, failure: "the pool refuses it"), to: process)
      }
      process.running = release
      process.runningSince = now
      if case .deadly(_, let delay) = nature, isBad {
        after(delay) { [self] in
          if process.running == release { crash(process, because: "of \(release)") }
        }
      }
      send(.applied(task, failure: nil), to: process)
    }
  }

  private func revert(
    _ task: InstanceMachine.Task, to good: Release?, _ process: SimulatedProcess
  ) {
    after(duration(.milliseconds(20))) { [self] in
      guard process.isAlive else { return }
      if bug != .forgetRevert { process.running = good }
      send(.reverted(task), to: process)
    }
  }

  private func checkHealth(_ task: InstanceMachine.Task, _ process: SimulatedProcess) {
    after(duration(.milliseconds(20))) { [self] in
      guard process.isAlive else { return }
      var failure: String?
      if let release = process.running, case .unhealthy(_, let delay) = nature(of: release),
        nature(of: release).isBad(for: process.host.index), now >= process.runningSince + delay
      {
        failure = "5 of 10 requests failed"
      }
      if let lie = process.host.lie { failure = lie }
      // One that does not answer at all.
      if failure == "hangs" { return }
      send(.healthChecked(task, failure: failure), to: process)
    }
  }

  // MARK: People

  /// Somebody outside of the fleet writes, and is heard at once.
  func write(_ mutations: [StoreMutation]) {
    let transaction = StoreTransaction(
      then: mutations, operation: StoreOperationID(using: &random))
    _ = try? state.commit(transaction, at: now)
    drainTap()
  }

  func propose(_ nature: Nature, stages: [RolloutStage]? = nil) {
    let content = BundleDigest(rawValue: "bundle-\(natures.count + 1)")
    natures[content] = nature
    log("\(content) is proposed: \(nature)")
    let proposal = Proposal(
      id: "p\(natures.count)", content: content, proposedBy: "somebody", stages: stages)
    if let value = try? FleetKeys.encode(proposal) { write([.put(keys.proposal, value)]) }
  }

  func order(_ order: RolloutCommand.Order) {
    guard let release = rules.record?.release.number,
      let value = try? FleetKeys.encode(RolloutCommand(order, release: release, by: "somebody"))
    else { return }
    write([.put(keys.command, value)])
  }
}
