/// The rules by which one instance takes part in rollouts, without store, manager, thread or clock: events and the
/// time go in, actions come out.
///
/// **What it runs** is a function of what the store says (``FleetOrders``), of its own hash, and of what it knows to be bad:
/// the release on trial if it is one of those whose turn it is, else what is committed. Nobody commands an
/// instance; it computes what it has to do, so what was missed, repeated or late changes nothing.
///
/// **What it does not run.** Nothing that did not pass its own validation. Nothing that it failed with, or died on:
/// before content is applied, an attempt is remembered durably, and it is forgotten when the content is committed, taken back, or
/// the process stops as it should. One that starts and finds an attempt refuses that release while it is on trial. (What the
/// fleet committed all the same is tried once more: the others lived with it.)
///
/// **When it begins.** The report `applying` is written under the condition that the record is at the very revision that
/// allowed it, and the content is applied after the store has said that this was so. So an instance that
/// cannot reach the store begins nothing, and none begins what was already taken back when it said so.
///
/// **When it goes back.** At once if it failed; within ``RolloutTimes/jitter`` if the record says so; and after
/// ``RolloutTimes/expiry`` without a word of what the fleet wants. So content that is not committed is gone everywhere within
/// bounded time, also where nobody can be told.
///
/// **What it writes** for a rollout: `applying`, `applied`, and one more if it failed or went back.
///
/// Whoever drives it performs the actions in their order, and answers those that ask for it.
struct InstanceMachine: Sendable {
  enum Event: Sendable {
    /// The machine begins.
    case start
    /// A lease was granted. Its keeping alive is the driver's.
    case leased(StoreLeaseID)
    /// The lease has ended.
    case leaseLost
    /// What the store says, by a watch or a read.
    case ordered(FleetOrders)
    case written(WriteNumber, WriteOutcome)
    /// What is wrong with the content; nil if nothing is.
    case validated(Task, failure: String?)
    /// Whether the content came into force.
    case applied(Task, failure: String?)
    /// The last good content is in force again.
    case reverted(Task)
    case healthChecked(Task, failure: String?)
    /// Somebody edited the instance's own files, and they have this content now. It is not new if the fleet has refused it.
    case edited(BundleDigest, isNew: Bool)
    /// A deadline may have passed.
    case timePassed
    /// The process is asked to stop.
    case depart
  }

  enum Action: Sendable {
    /// Have a lease granted. Answer: `leased`, tried for as long as it takes.
    case grantLease
    /// Read the orders. Answer: `ordered`, if the store answers.
    case readOrders
    /// Answer: `written`, once the outcome is known.
    case commit(WriteNumber, StoreTransaction)
    /// Check the content, and put nothing in force. Answer: `validated`.
    case validate(Task, Release)
    /// Make this durable before anything that follows.
    case remember(InstanceMemory)
    /// Put this in force. Answer: `applied`.
    case apply(Task, Release)
    /// Put in force again what was good before; nil for what the instance has of its own. Answer: `reverted`.
    case revert(Task, Release?)
    /// Answer: `healthChecked`.
    case checkHealth(Task)
    /// What runs is committed: it is the last good one.
    case settled(Release)
    /// The instance's own files changed, and the instance is one from which changes come.
    case propose(BundleDigest)
    /// The instance's own files have something that the fleet did not agree on. Nothing is applied.
    case drifted(BundleDigest)
    /// The instance refuses a release, or went back from it.
    case failed(Release, reason: String)
    /// Another process reports under the same name. This one reports no more and keeps to what is committed.
    case superseded(by: String)
    /// The process may stop.
    case departed
  }

  /// The number of something that was asked for, by which an answer that comes late is known.
  struct Task: Sendable, Hashable { var number: UInt64 }

  /// Who the instance is.
  struct Identity: Sendable, Hashable {
    /// Its name, the same in each of its lives.
    var name: String
    /// What tells this life from the others.
    var incarnation: String
    /// Whether changes of its own files are proposals.
    var isSource = false
  }

  /// What is going on between two things that run.
  enum Activity: Sendable, Hashable {
    case none
    case validating(Task, Release, until: Duration)
    /// `applying` is being written.
    case announcing(Release)
    case applying(Task, Release, until: Duration?)
    /// The first health check after a change.
    case proving(Task, Release, until: Duration)
    /// Waiting for its turn to go back.
    case goingBack(at: Duration)
    /// The failure is told when it is back, or at that time.
    case reverting(Task, failure: Failure?, until: Duration?)
  }

  /// Why a release is refused.
  struct Failure: Sendable, Hashable {
    var release: Release
    var reason: String
    /// What the health check said, if it was that.
    var health: String?
  }

  /// A health check while a release is on trial.
  enum HealthWatch: Sendable, Hashable {
    case none
    case due(at: Duration)
    case asked(Task, until: Duration)
  }

  /// With so many failures a release is refused even if the fleet committed it.
  static let maximumStrikes = 2
  /// How many health checks there are in a bake, at least, unless it is very short.
  static let checksInBake = 3
  /// No two health checks follow each other faster than this.
  static let shortestHealthInterval = Duration.milliseconds(100)

  let identity: Identity
  let hash: InstanceHash
  let keys: FleetKeys
  let times: RolloutTimes
  var memory: InstanceMemory
  var orders: FleetOrders?
  /// When the fleet's will was heard last.
  var heard = Duration.zero
  /// When it was asked for last.
  var asked = Duration.zero
  /// What is in force.
  var running: Release?
  var activity = Activity.none
  var health = HealthWatch.none
  /// Releases that did not pass validation.
  var invalid: Set<UInt64> = []
  var lease: StoreLeaseID?
  /// What is to be told.
  var report: InstanceReport
  /// What the store was told under this lease.
  var told: InstanceReport?
  /// The revision at which the store has the instance's key; nil if it does not.
  var ownRevision: StoreRevision?
  /// A failure that others must be kept from.
  var alarm: Failure?
  /// Nothing is announced before the record has this revision.
  var awaitedRecord = StoreRevision.zero
  var write: (number: WriteNumber, report: InstanceReport, alarm: Failure?)?
  var departure: Duration?
  var hasDeparted = false
  var isSuperseded = false
  /// What the instance's own files were edited to, and, if that was proposed and has not come to its end, the same.
  var own: BundleDigest?
  var proposed: BundleDigest?
  private var lastNumber: UInt64 = 0

  init(
    identity: Identity, keys: FleetKeys, times: RolloutTimes = RolloutTimes(),
    memory: InstanceMemory = InstanceMemory()
  ) {
    self.identity = identity
    self.keys = keys
    self.times = times
    self.memory = memory
    hash = InstanceHash(of: identity.name)
    running = memory.good
    report = InstanceReport(
      instance: identity.name, incarnation: identity.incarnation, running: memory.good)
  }

  /// Whether what runs is not what the fleet agreed on.
  var isOnTrial: Bool { running != memory.good }

  /// Takes an event in, at a time that never runs backwards.
  mutating func handle(_ event: Event, at now: Duration) -> [Action] {
    guard !hasDeparted else { return [] }
    var actions: [Action] = []
    switch event {
    case .start: start(at: now, &actions)
    case .leased(let granted):
      lease = granted
      told = nil
    case .leaseLost: loseLease(&actions)
    case .ordered(let newer): take(newer, at: now)
    case .written(let number, let outcome): take(outcome, of: number, at: now, &actions)
    case .validated(let task, let failure): takeValidation(task, failure, at: now, &actions)
    case .applied(let task, let failure): takeApplication(task, failure, at: now, &actions)
    case .reverted(let task): takeReversion(task, &actions)
    case .healthChecked(let task, let failure): takeHealth(task, failure, at: now, &actions)
    case .edited(let content, let isNew): takeEdit(content, isNew: isNew, &actions)
    case .timePassed: expire(at: now, &actions)
    case .depart: depart(at: now, &actions)
    }
    step(at: now, &actions)
    noteDrift(&actions)
    tell(&actions)
    return actions
  }

  private mutating func start(at now: Duration, _ actions: inout [Action]) {
    heard = now
    asked = now
    // What it started with for want of anything else has not killed it yet.
    if let died = memory.attempt, died != memory.good {
      memory.strike(died)
      memory.attempt = nil
      actions.append(.remember(memory))
    }
    actions += [.grantLease, .readOrders]
  }

  private mutating func take(_ newer: FleetOrders, at now: Duration) {
    heard = now
    guard newer.revision >= orders?.revision ?? .zero else { return }
    orders = newer
  }

  private mutating func takeEdit(
    _ content: BundleDigest, isNew: Bool, _ actions: inout [Action]
  ) {
    own = content
    proposed = nil
    let isKnown = content == running?.content || content == orders?.committed?.value.release.content
    guard identity.isSource, isNew, !isKnown else { return }
    proposed = content
    actions.append(.propose(content))
  }

  /// The instance's own files drift if the fleet has agreed on something else, and they are neither what is being tried nor a
  /// proposal that has not come to its end.
  private mutating func noteDrift(_ actions: inout [Action]) {
    let record = orders?.record?.value
    if let record, record.release.content == proposed, case .ended = record.state { proposed = nil }
    guard let own, let agreed = orders?.committed?.value.release.content else { return }
    if own == agreed {
      // What the fleet has agreed on is no edit any more, whatever it agrees on later.
      self.own = nil
      report.drift = nil
      return
    }
    let trial = record.flatMap { $0.isOnTrial ? $0.release.content : nil }
    let isDrift = ![trial, running?.content, proposed].contains(own)
    guard report.drift != (isDrift ? own : nil) else { return }
    report.drift = isDrift ? own : nil
    if isDrift { actions.append(.drifted(own)) }
  }

  private mutating func depart(at now: Duration, _ actions: inout [Action]) {
    guard departure == nil else { return }
    departure = now + times.departure
    report.phase = .departed
    report.running = running
    alarm = nil
    if memory.attempt != nil {
      memory.attempt = nil
      actions.append(.remember(memory))
    }
    if isSuperseded { endDeparture(&actions) }
  }

  mutating func endDeparture(_ actions: inout [Action]) {
    hasDeparted = true
    actions.append(.departed)
  }

  mutating func nextNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  mutating func nextTask() -> Task { Task(number: nextNumber()) }
}
