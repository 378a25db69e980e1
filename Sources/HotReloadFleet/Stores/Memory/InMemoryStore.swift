import Synchronization

/// A store within one process, for tests and simulations: exact, with the time of whatever clock it is given, and with
/// faults on demand.
///
/// ```swift
/// let clock = ManualClock()
/// let store = InMemoryStore(clock: clock)
/// store.inject { request in if case .commit = request { .answerLost } else { nil } }
/// ```
/// It has no tasks of its own. Leases end, by its clock, when somebody calls it or waits for a watch.
public final class InMemoryStore: FleetStore {
  /// The most requests that are kept to arrive late; beyond it they are lost.
  public static let lateRequestLimit = 1_024

  private struct State {
    var store: StoreState
    var fault: (@Sendable (StoreRequest) -> StoreFault?)?
    var late: [@Sendable (inout StoreState, Duration) -> Void] = []
    var isClosed = false
  }

  private let state: Mutex<State>
  private let clock: StoreClock
  private let changed = ChangeSignal()

  /// An empty store.
  ///
  /// - Parameters:
  ///   - clock: what leases are measured by.
  ///   - retainedCommits: how many commits are kept for watches, 1 at least.
  public convenience init(
    clock: some Clock<Duration> = ContinuousClock(),
    retainedCommits: Int = StoreState.defaultRetainedCommits
  ) {
    self.init(StoreState(retainedCommits: retainedCommits), clock: StoreClock(clock))
  }

  /// A store that goes on from a state.
  public init(_ store: StoreState, clock: StoreClock) {
    state = Mutex(State(store: store))
    self.clock = clock
  }

  /// What is in the store now.
  public var snapshot: StoreState { state.withLock { $0.store } }

  /// From now on, what goes wrong with each request; nil for nothing. It is called under no lock, once for each request.
  public func inject(_ fault: (@Sendable (StoreRequest) -> StoreFault?)?) {
    state.withLock { $0.fault = fault }
  }

  /// Lets the requests arrive that were late, in their order. Nobody gets their answers.
  public func deliverLateRequests() {
    let now = clock.now()
    state.withLock { state in
      let late = state.late
      state.late = []
      for request in late { request(&state.store, now) }
    }
    changed.ring()
  }

  /// Ends the leases whose time is over, and wakes the watches of what depended on them. Only a test that moves the clock and
  /// looks at a ``snapshot`` needs it.
  public func endLeases() {
    let now = clock.now()
    state.withLock { $0.store.endLeases(at: now) }
    changed.ring()
  }

  /// Forgets the commits up to a revision; see ``StoreState/compact(through:)``.
  public func compact(through revision: StoreRevision) {
    state.withLock { $0.store.compact(through: revision) }
    changed.ring()
  }

  /// Reads a range as it is now.
  public func read(_ range: StoreRange, limit: Int) async throws(StoreError) -> StorePage {
    try await answer(.read(range)) { store, now throws(StoreError) in
      try store.read(range, limit: limit, at: now)
    }
  }

  /// Makes a transaction if its conditions hold.
  public func commit(_ transaction: StoreTransaction) async throws(StoreError) -> CommitOutcome {
    try transaction.validate()
    let reply = try await call(.commit(transaction)) { store, now throws(StoreError) in
      try store.commit(transaction, at: now)
    }
    return reply
      ?? .unknown(UnknownOutcome(operation: transaction.operation, error: .noAnswer))
  }

  /// Finds out what became of a transaction.
  public func resolve(_ operation: StoreOperationID) async throws(StoreError) -> ResolvedOutcome {
    try await answer(.resolve(operation)) { store, now in store.resolve(operation, at: now) }
  }

  /// Watches a range.
  public func watch(_ range: StoreRange, after revision: StoreRevision) -> StoreWatch {
    StoreWatch { MemoryWatch(self, StoreWatchCursor(range, after: revision)) }
  }

  /// Makes a lease.
  public func grantLease(timeToLive: Duration) async throws(StoreError) -> StoreLease {
    try await answer(.grantLease) { store, now throws(StoreError) in
      try store.grantLease(timeToLive: timeToLive, at: now)
    }
  }

  /// Begins a lease's time to live anew.
  public func keepAlive(_ lease: StoreLeaseID) async throws(StoreError) -> StoreLease {
    try await answer(.keepAlive(lease)) { store, now throws(StoreError) in
      try store.keepAlive(lease, at: now)
    }
  }

  /// Ends a lease.
  public func revoke(_ lease: StoreLeaseID) async throws(StoreError) {
    try await answer(.revoke(lease)) { store, now in store.revoke(lease, at: now) }
  }

  /// Ends all watches; what is called later throws `closed`.
  public func close() async {
    state.withLock { $0.isClosed = true }
    changed.ring()
  }
}

// MARK: Requests and their faults

extension InMemoryStore {
  private typealias Work<Reply> =
    @Sendable (inout StoreState, Duration) throws(StoreError) -> Reply

  private func answer<Reply: Sendable>(
    _ request: StoreRequest, _ work: @escaping Work<Reply>
  ) async throws(StoreError) -> Reply {
    guard let reply = try await call(request, work) else { throw .noAnswer }
    return reply
  }

  /// Nil if nobody answers.
  private func call<Reply: Sendable>(
    _ request: StoreRequest, _ work: @escaping Work<Reply>
  ) async throws(StoreError) -> Reply? {
    guard !Task.isCancelled else { throw .cancelled }
    let fault = state.withLock { $0.fault }?(request)
    switch fault {
    case nil: return try perform(work)
    case .delayed(let time):
      do {
        try await clock.sleep(clock.now() + time)
      } catch {
        throw .cancelled
      }
      return try perform(work)
    case .refused:
      throw StoreError(.unavailable, "the store in memory refuses, as it was told to; try again")
    case .requestLost: return nil
    case .answerLost:
      _ = try? perform(work)
      return nil
    case .late:
      state.withLock { state in
        guard state.late.count < Self.lateRequestLimit else { return }
        state.late.append { store, now in _ = try? work(&store, now) }
      }
      return nil
    }
  }

  private func perform<Reply: Sendable>(_ work: Work<Reply>) throws(StoreError) -> Reply {
    let now = clock.now()
    var hasChanged = false
    defer { if hasChanged { changed.ring() } }
    return try state.withLock { state throws(StoreError) in
      if state.isClosed { throw .closed }
      let before = (state.store.revision, state.store.nextLeaseEnd)
      defer { hasChanged = before != (state.store.revision, state.store.nextLeaseEnd) }
      return try work(&state.store, now)
    }
  }

  fileprivate func next(
    _ cursor: inout StoreWatchCursor
  ) async -> StoreWatchEvent? {
    while !Task.isCancelled, !cursor.hasEnded {
      let count = changed.count
      let now = clock.now()
      var moved = cursor
      let step = state.withLock {
        state -> (event: StoreWatchEvent?, isOver: Bool, end: Duration?) in
        if state.isClosed { return (nil, true, nil) }
        state.store.endLeases(at: now)
        return (moved.next(in: state.store), false, state.store.nextLeaseEnd)
      }
      cursor = moved
      if let event = step.event { return event }
      if step.isOver { return nil }
      await changed.wait(after: count, until: step.end, clock)
    }
    return nil
  }
}

extension StoreError {
  fileprivate static var noAnswer: StoreError {
    StoreError(.unavailable, "the store in memory does not answer, as it was told to; try again")
  }
}

private final class MemoryWatch: StoreWatch.Source {
  private let store: InMemoryStore
  private let cursor: Mutex<StoreWatchCursor>

  init(_ store: InMemoryStore, _ cursor: StoreWatchCursor) {
    self.store = store
    self.cursor = Mutex(cursor)
  }

  func next() async throws(StoreError) -> StoreWatchEvent? {
    var moved = cursor.withLock { $0 }
    let event = await store.next(&moved)
    let place = moved
    cursor.withLock { $0 = place }
    return event
  }

  func stop() {}
}
