import Logging
import Synchronization

/// Drives the two machines of an instance against a store and a process.
///
/// One task has the machines, and hands them one event after the other. What they ask for is done by tasks of its group, each
/// of which sends its answer and ends; only what must be durable before anything else happens is waited for. All tasks
/// have ended when ``run()`` returns.
final class FleetAgent: Sendable {
  /// What the machines are told.
  enum Input: Sendable {
    case ordered(FleetOrders)
    case heard(since: Duration)
    case leased(StoreLeaseID)
    case leaseLost(StoreLeaseID)
    case instance(InstanceMachine.Event)
    case controller(ControllerMachine.Event)
    /// The process is asked to stop.
    case depart
  }

  let store: any FleetStore
  let host: any FleetHost
  let keys: FleetKeys
  let times: RolloutTimes
  let clock: StoreClock
  let log: FleetLog
  let inbox = Inbox<Input>()
  private let departure = StopSignal()
  /// Rings when ``status`` changes.
  let changed = ChangeSignal()
  private let state: Mutex<FleetMemberStatus>
  private let machines: Mutex<Machines?>

  /// The machines, before the agent runs.
  struct Machines: Sendable {
    var instance: InstanceMachine
    var controller: ControllerMachine
    /// What ends the watch of everything; nil if there is none.
    var follower: StopSignal?
    var lease: StoreLeaseID?
    /// What ends the keeping alive of the lease; nil if there is none.
    var leaseKeeper: StopSignal?
    /// Whether the last attempt to remember something failed.
    var forgets = false
    /// When a departure is given up; nil if there is none.
    var departure: Duration?
  }

  /// - Parameters:
  ///   - clock: a monotonic clock.
  ///   - wallClock: the time of day in milliseconds since 1970.
  init(
    identity: InstanceMachine.Identity, keys: FleetKeys, times: RolloutTimes,
    stages: [RolloutStage], memory: InstanceMemory, store: any FleetStore, host: any FleetHost,
    logger: Logger, clock: StoreClock = .continuous,
    wallClock: @escaping @Sendable () -> Int64
  ) {
    self.store = store
    self.host = host
    self.keys = keys
    self.times = times
    self.clock = clock
    log = FleetLog(logger: logger, instance: identity.name)
    let instance = InstanceMachine(identity: identity, keys: keys, times: times, memory: memory)
    let controller = ControllerMachine(
      identity: identity, keys: keys, times: times, stages: stages, wallClock: wallClock)
    state = Mutex(FleetMemberStatus(report: instance.report))
    machines = Mutex(Machines(instance: instance, controller: controller))
  }

  /// How the instance is doing.
  var status: FleetMemberStatus { state.withLock { $0 } }

  /// Takes part until the process departs or the task is cancelled. It is called once.
  func run() async {
    guard var machines = machines.withLock({ $0.take() }) else { return }
    await withDiscardingTaskGroup { group in
      let actions = machines.instance.handle(.start, at: clock.now())
      await perform(actions, &machines, &group)
      group.addTask { await self.followOrders() }
      group.addTask { await self.host.prepareOffers() }
      group.addTask {
        await self.departure.wait()
        await self.inbox.send(.depart)
      }
      while !Task.isCancelled, !hasEnded(machines) {
        let now = clock.now()
        let due = [
          machines.instance.nextDeadline(after: now), machines.controller.nextDeadline(after: now),
          machines.departure,
        ].compactMap { $0 }.min()
        if let input = await inbox.next(until: due, clock) {
          await take(input, &machines, &group)
        } else {
          await give(instance: .timePassed, controller: .timePassed, &machines, &group)
        }
        publish(machines)
      }
      inbox.close()
      group.cancelAll()
    }
    await revoke(machines.lease)
  }

  /// Has the instance leave the fleet: ``run()`` then returns within ``RolloutTimes/departure``.
  func depart() { departure.stop() }

  /// Tells what the workspace's own files have. Returns when that was taken in.
  func edited(_ content: BundleDigest, isNew: Bool) async {
    await inbox.send(.instance(.edited(content, isNew: isNew)))
  }

  private func hasEnded(_ machines: Machines) -> Bool {
    guard let departure = machines.departure else { return false }
    if clock.now() >= departure { return true }
    return machines.instance.hasDeparted && machines.controller.leading == nil
  }

  private func take(
    _ input: Input, _ machines: inout Machines, _ group: inout DiscardingTaskGroup
  ) async {
    switch input {
    case .ordered(let orders):
      await give(instance: .ordered(orders), controller: .ordered(orders), &machines, &group)
    case .heard(let since):
      await give(instance: nil, controller: .heard(since: since), &machines, &group)
    case .leased(let lease):
      machines.lease = lease
      await give(instance: .leased(lease), controller: .leased(lease), &machines, &group)
    case .leaseLost(let lost):
      // Another one may have been granted by now.
      guard machines.lease == lost else { return }
      machines.lease = nil
      await give(instance: .leaseLost, controller: .leaseLost, &machines, &group)
    case .instance(let event):
      await give(instance: event, controller: nil, &machines, &group)
    case .controller(let event):
      await give(instance: nil, controller: event, &machines, &group)
    case .depart:
      guard machines.departure == nil else { return }
      machines.departure = clock.now() + times.departure
      await give(instance: .depart, controller: .retire, &machines, &group)
    }
  }

  private func give(
    instance: InstanceMachine.Event?, controller: ControllerMachine.Event?,
    _ machines: inout Machines, _ group: inout DiscardingTaskGroup
  ) async {
    if let instance {
      let actions = machines.instance.handle(instance, at: clock.now())
      await perform(actions, &machines, &group)
    }
    if let controller {
      let actions = machines.controller.handle(controller, at: clock.now())
      for action in actions { perform(action, &machines, &group) }
    }
  }

  /// Lets everybody see how it stands.
  private func publish(_ machines: Machines) {
    let new = FleetMemberStatus(machines, at: clock.now())
    let isNew = state.withLock { state in
      var new = new
      new.storeFailure = state.storeFailure
      new.supersededBy = state.supersededBy
      defer { state = new }
      return state != new
    }
    if isNew { changed.ring() }
  }

  func note(_ change: (inout FleetMemberStatus) -> Void) {
    state.withLock { change(&$0) }
    changed.ring()
  }

  /// Has the report deleted now, rather than when its lease ends.
  private func revoke(_ lease: StoreLeaseID?) async {
    guard let lease else { return }
    _ = await clock.within(times.departure) { try? await self.store.revoke(lease) }
  }
}
