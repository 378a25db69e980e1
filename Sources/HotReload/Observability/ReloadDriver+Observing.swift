import Tracing

/// What one step of the machine has brought that others are to be told of.
struct Observation: Sendable {
  var ended: EndedTransaction?
  /// Whether anything that a gauge shows may have changed.
  var hasNews = false
}

extension ReloadDriver {
  /// What the machine's state amounts to, as far as it is not told by reports.
  struct Condition: Sendable, Equatable {
    var isPaused = false
    var isBaking = false
    var isUnhealthy = false
    var overdue = 0

    var isTroubled: Bool { isPaused || isUnhealthy || overdue > 0 }
  }

  /// Tells the program's metrics and tracing what came of a step.
  func tell(_ observation: Observation) {
    if let ended = observation.ended {
      tracing?.end(ended)
      if let report = ended.report { metrics?.note(report, at: nanosecondsSince1970()) }
    }
    if observation.hasNews { metrics?.tellNews() }
  }

  /// Settles how the manager is doing after something that was no step of the machine.
  func noteCondition() {
    let hasNews = state.withLock { $0.settleCondition() }
    if hasNews { metrics?.tellNews() }
  }

  /// Takes in how many events were dropped.
  func noteDroppedEvents() {
    metrics?.note(bus.counts)
  }

  /// What the program's code in the present phase of this transaction runs in.
  func context(of phase: ReloadPhase, in id: Machine.Transaction) -> PhaseContext {
    guard let tracing else { return PhaseContext() }
    let mark = state.withLock { state in
      state.machine.running?.id == id ? TransactionMark(state.machine.running) : nil
    }
    guard let mark else { return PhaseContext() }
    return PhaseContext(context: tracing.context(of: phase, in: mark, at: clock.now()))
  }

  /// What links a candidate to the span of whoever makes it.
  var origins: [ServiceContext] {
    guard tracing != nil, let current = ServiceContext.current else { return [] }
    return [current]
  }
}

extension ReloadDriver.State {
  /// Takes in what a step has brought. To be called right after it.
  /// - Parameter mark: the transaction that was under way before, if anybody wants to know.
  mutating func observe(
    _ actions: [ReloadDriver.Machine.Action], after mark: TransactionMark?, at now: Duration
  ) -> Observation {
    var observation = Observation()
    for action in actions {
      switch action {
      case .finished(let report):
        account.note(report, machine.units, at: nanosecondsSince1970())
        observation.ended = EndedTransaction(mark: mark, report: report, time: now)
      case .publish(_, let publication): account.note(publication.notices)
      default: break
      }
    }
    if observation.ended == nil, let mark, machine.running?.id.number != mark.number {
      observation.ended = EndedTransaction(mark: mark, time: now)
    }
    observation.hasNews = settleCondition() || observation.ended != nil
    if observation.ended != nil { account.settle(isTroubled: condition.isTroubled) }
    return observation
  }

  /// True if it is another than before.
  mutating func settleCondition() -> Bool {
    let present = ReloadDriver.Condition(
      isPaused: machine.isPaused, isBaking: machine.bake?.until != nil,
      isUnhealthy: machine.healthFailure != nil, overdue: retirement.overdue.count)
    guard present != condition else { return false }
    condition = present
    account.settle(isTroubled: present.isTroubled)
    return true
  }
}
