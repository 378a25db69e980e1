/// The rules by which one of a fleet's instances moves the record, without store, thread or clock: events and the time go in,
/// actions come out.
///
/// Each instance has one. It follows until there is no controller, and then tries to become it after a wait that is the longer, the
/// earlier the instance takes a change: so the controller is one that a bad change reaches late.
///
/// **It dies safely anywhere**, because it knows nothing that matters: each move is one transaction, which says in full
/// what comes next and was decided on what the store had. Another one finds what the store has and goes on. What it cannot
/// find there are only times, and who was seen to leave; so it begins with both anew, and waits longer.
///
/// **Judging by absence** is where a controller can do harm, so it is slow to do it. A lost instance is a failure of the change only
/// if it had the change, was seen to go (by a watch without a gap), the store answered all the time from before its lease
/// began to run out until ``RolloutTimes/grace`` later, and a read that began then does not find it. If many are lost at once, or some
/// are gone and it was not seen how, then the rollout pauses and people decide. What instances *say* counts at once.
///
/// See ``RolloutRecord`` for why two of them never both move the record.
struct ControllerMachine: Sendable {
  enum Event: Sendable {
    /// The orders changed. Everybody is told that.
    case ordered(FleetOrders)
    /// Everything that the store has, from a read that was asked for at that time.
    case opened(FleetView, asked: Duration)
    /// What one commit changed.
    case changed([FleetChange], StoreRevision)
    case written(WriteNumber, WriteOutcome)
    /// The store answered something that was sent at that time: keeping the lease alive, at least.
    case heard(since: Duration)
    case leased(StoreLeaseID)
    case leaseLost
    case timePassed
    /// The process stops: lead no more, and let somebody else.
    case retire
  }

  enum Action: Sendable {
    /// Answer: `written`, once the outcome is known.
    case commit(WriteNumber, StoreTransaction)
    /// Read everything. Answer: `opened`, and from then on `changed`, until `unfollow`. If it is followed already: only read.
    case follow
    /// Nothing but the orders matters any more.
    case unfollow
    /// Something for the log.
    case note(Note)
  }

  /// Something for the log.
  enum Note: Sendable, Hashable {
    case leads(fence: StoreRevision)
    case steppedDown(reason: String)
    case moved(Move)
    case lost(String)
    case returned(String)
    case refused(String, reason: String)
  }

  /// One write to the store.
  enum Move: Sendable, Hashable {
    case campaign
    case resign
    case begin(Release)
    case refuse(Proposal, reason: String)
    case enter(stage: Int)
    case commit
    case pause(PauseReason)
    case resume
    case rollBack(RolloutFailure)
    case end(RolloutOutcome)
    case dropCommand
  }

  /// What a controller knows beyond what is in the store.
  struct Leading: Sendable {
    let fence: StoreRevision
    var view: FleetView?
    /// Nothing is decided before the view has this revision.
    var awaited: StoreRevision
    /// Since when the store has answered without a gap.
    var seenSince: Duration
    /// When the last full read was asked for, of those that were answered.
    var confirmed: Duration
    /// When one was asked for that was not answered yet.
    var confirming: Duration?
    /// The revision of the record that the following is about.
    var record = StoreRevision.zero
    /// Since when all whose turn it is have applied the release.
    var baking: Duration?
    /// Instances that are gone and may come back.
    var lost: [String: Loss] = [:]
    /// Instances of the step that are gone, with a good reason.
    var excused: Set<String> = []
    /// Since when each target that has not applied the release is waited for.
    var waiting: [String: Duration] = [:]
    /// None of them is overdue before this time.
    var uptakeDue: Duration?
    /// When the roll-back was seen first.
    var rollingBack: Duration?
  }

  /// An instance that is gone.
  struct Loss: Sendable, Hashable {
    var report: InstanceReport
    var at: Duration
    /// Whether it was seen to go, by a watch without a gap.
    var isSeen: Bool
  }

  let identity: InstanceMachine.Identity
  let hash: InstanceHash
  let keys: FleetKeys
  let times: RolloutTimes
  /// The plan of proposals that have none.
  let stages: [RolloutStage]
  /// The time of day in milliseconds since 1970. It is written down for people; nothing is decided by it.
  let wallClock: @Sendable () -> Int64
  var lease: StoreLeaseID?
  /// When the last request was sent that the store answered.
  var heard = Duration.zero
  var orders: FleetOrders?
  /// When it is this instance's turn to try to become the controller.
  var turn: Duration?
  var leading: Leading?
  var write: (number: WriteNumber, move: Move, sent: Duration)?
  var isRetired = false
  private var lastNumber: UInt64 = 0

  init(
    identity: InstanceMachine.Identity, keys: FleetKeys, times: RolloutTimes = RolloutTimes(),
    stages: [RolloutStage] = RolloutStage.standard,
    wallClock: @escaping @Sendable () -> Int64 = { 0 }
  ) {
    self.identity = identity
    self.keys = keys
    self.times = times
    self.stages = stages.isEmpty ? RolloutStage.atOnce : stages
    self.wallClock = wallClock
    hash = InstanceHash(of: identity.name)
  }

  /// Takes an event in, at a time that never runs backwards.
  mutating func handle(_ event: Event, at now: Duration) -> [Action] {
    var actions: [Action] = []
    switch event {
    case .ordered(let newer): take(newer, at: now, &actions)
    case .opened(let view, let asked): open(view, asked: asked, at: now, &actions)
    case .changed(let changes, let revision): take(changes, at: revision, now, &actions)
    case .written(let number, let outcome): take(outcome, of: number, at: now, &actions)
    case .heard(let since): hear(since, at: now)
    case .leased(let granted): lease = granted
    case .leaseLost:
      lease = nil
      stepDown("its lease has ended", &actions)
    case .timePassed: break
    case .retire: isRetired = true
    }
    expireLease(at: now, &actions)
    decide(at: now, &actions)
    return actions
  }

  // MARK: Becoming the controller

  private mutating func take(_ newer: FleetOrders, at now: Duration, _ actions: inout [Action]) {
    guard newer.revision >= orders?.revision ?? .zero else { return }
    orders = newer
    checkSeat(newer, &actions)
    // Those who take a change last come first.
    let wait = times.campaign * (1 - Double(hash.value) / 0x1p64)
    turn = newer.controller == nil ? turn ?? now + wait : nil
  }

  /// Steps down if the key is gone or somebody else's.
  private mutating func checkSeat(_ orders: FleetOrders, _ actions: inout [Action]) {
    guard let fence = leading?.fence, orders.revision >= fence,
      orders.controller?.created != fence
    else { return }
    stepDown("somebody else leads, or its key is gone", &actions)
  }

  mutating func stepDown(_ reason: String, _ actions: inout [Action]) {
    guard leading != nil else { return }
    leading = nil
    actions += [.unfollow, .note(.steppedDown(reason: reason))]
  }

  private mutating func expireLease(at now: Duration, _ actions: inout [Action]) {
    // Nothing depends on it but time: the fence keeps its writes out.
    if leading != nil, now - heard >= times.lease {
      stepDown("the store did not answer for \(times.lease)", &actions)
    }
  }

  private mutating func hear(_ since: Duration, at now: Duration) {
    if since - heard > times.longestGap, leading != nil {
      leading?.seenSince = since
      // What was lost meanwhile may have been lost because the store was away.
      for name in leading?.lost.keys ?? [:].keys { leading?.lost[name]?.isSeen = false }
    }
    heard = max(heard, since)
  }

  private mutating func campaign(at now: Duration, _ actions: inout [Action]) {
    guard let lease, let turn, now >= turn, !isRetired, orders?.controller == nil,
      let value = try? FleetKeys.encode(
        ControllerSeat(instance: identity.name, incarnation: identity.incarnation))
    else { return }
    commit(
      .campaign,
      StoreTransaction(
        if: [StoreCondition(keys.controller, .absent)],
        then: [.put(keys.controller, value, lease: lease)]), at: now, &actions)
  }

  /// The seat that this process has in the store without leading, because it lost sight of the store and found it again.
  private var ownSeat: StoreRevision? {
    guard let seat = orders?.controller, seat.value.incarnation == identity.incarnation else {
      return nil
    }
    return seat.created
  }

  private mutating func lead(
    fencedBy fence: StoreRevision, at now: Duration, _ actions: inout [Action]
  ) {
    leading = Leading(
      fence: fence, awaited: fence, seenSince: now, confirmed: now, confirming: now)
    actions += [.note(.leads(fence: fence)), .follow]
  }

  // MARK: Writing

  mutating func commit(
    _ move: Move, _ transaction: StoreTransaction, at now: Duration, _ actions: inout [Action]
  ) {
    lastNumber += 1
    let number = WriteNumber(number: lastNumber)
    write = (number, move, now)
    actions.append(.commit(number, transaction))
  }

  private mutating func take(
    _ outcome: WriteOutcome, of number: WriteNumber, at now: Duration, _ actions: inout [Action]
  ) {
    guard let done = write, done.number == number else { return }
    write = nil
    hear(done.sent, at: now)
    switch (done.move, outcome) {
    case (.campaign, .made(let fence)):
      turn = nil
      // Newer orders may say already that the key is gone again.
      guard lease != nil,
        orders.map({ $0.revision < fence || $0.controller?.created == fence })
          ?? true
      else { return }
      lead(fencedBy: fence, at: now, &actions)
    case (.campaign, _):
      turn = now + times.campaign
    case (let move, .made(let revision)):
      leading?.awaited = revision
      actions.append(.note(.moved(move)))
      if move == .resign { stepDown("it was asked to", &actions) }
    case (_, .conflict), (_, .notMade):
      // The store has something else than was thought. Look at all of it again.
      refresh(at: now, &actions)
    }
  }

  /// Reads everything again.
  mutating func refresh(at now: Duration, _ actions: inout [Action]) {
    guard leading != nil else { return }
    leading?.confirming = now
    actions.append(.follow)
  }

  private mutating func decide(at now: Duration, _ actions: inout [Action]) {
    guard write == nil else { return }
    guard let leading else {
      guard let ownSeat, lease != nil, !isRetired else { return campaign(at: now, &actions) }
      if now - heard < times.lease { lead(fencedBy: ownSeat, at: now, &actions) }
      return
    }
    guard let view = leading.view, view.revision >= leading.awaited else { return }
    if isRetired {
      return commit(
        .resign,
        StoreTransaction(
          if: [StoreCondition(keys.controller, .created(leading.fence))],
          then: [.delete(keys.controller)]), at: now, &actions)
    }
    guard let move = nextMove(view, at: now, &actions), mayMake(move, view),
      let transaction = transaction(for: move, view, fence: leading.fence)
    else { return }
    commit(move, transaction, at: now, &actions)
  }

  /// Who cannot read all that there is lets nothing go on, but may take back.
  private func mayMake(_ move: Move, _ view: FleetView) -> Bool {
    if view.unreadable.isEmpty { return true }
    if case .rollBack = move { return true }
    return false
  }
}
