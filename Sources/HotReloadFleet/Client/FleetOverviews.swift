/// A fleet, anew each time that something changes: an `AsyncSequence` that ends when the store is closed and when the task is
/// cancelled.
public struct FleetOverviews: AsyncSequence, Sendable {
  /// What can go wrong.
  public typealias Failure = StoreError

  let following: StoreFollowing
  let keys: FleetKeys
  /// Told when the store cannot be heard, and, with nil, when it can be again.
  let reachability: @Sendable (StoreError?) -> Void

  /// Starts to follow.
  public func makeAsyncIterator() -> Iterator {
    Iterator(
      following: following.makeAsyncIterator(), keys: keys, reachability: reachability)
  }

  /// One that follows.
  public struct Iterator: AsyncIteratorProtocol {
    var following: StoreFollowing.Iterator
    let keys: FleetKeys
    let reachability: @Sendable (StoreError?) -> Void
    private var isInterrupted = false

    init(
      following: StoreFollowing.Iterator, keys: FleetKeys,
      reachability: @escaping @Sendable (StoreError?) -> Void
    ) {
      self.following = following
      self.keys = keys
      self.reachability = reachability
    }

    /// The next one; nil at the end.
    /// - Throws: ``StoreError`` for what does not mend by itself.
    public mutating func next() async throws(StoreError) -> FleetOverview? {
      while let event = try await following.next() {
        switch event {
        case .changed(let mirror, _):
          hear(nil)
          return FleetOverview(mirror.entries.values, of: keys, at: mirror.revision)
        case .current: hear(nil)
        case .interrupted(let error): hear(error)
        }
      }
      return nil
    }

    private mutating func hear(_ error: StoreError?) {
      guard (error != nil) != isInterrupted else { return }
      isInterrupted = error != nil
      reachability(error)
    }
  }
}

/// What becomes of one proposal: an `AsyncSequence` of its states, each once, that ends after one with ``State/isFinal``.
public struct ProposalProgress: AsyncSequence, Sendable {
  /// What can go wrong.
  public typealias Failure = StoreError

  /// How far a proposal is.
  public enum State: Sendable, Hashable {
    /// It waits for a controller, or for the rollout before it.
    case waiting
    /// It is rolled out.
    case running(Release, stage: Int, of: Int, FleetOverview.Phase)
    /// It waits for people.
    case paused(Release, PauseReason)
    /// It is being taken back.
    case rollingBack(Release, RolloutFailure)
    /// It came to nothing.
    case refused(String)
    /// Another proposal took its place before it began.
    case replaced
    /// The fleet runs it.
    case committed(Release)
    /// It was taken back.
    case rolledBack(Release, RolloutFailure, unreverted: Int)

    /// Whether nothing comes after it.
    public var isFinal: Bool {
      switch self {
      case .waiting, .running, .paused, .rollingBack: false
      case .refused, .replaced, .committed, .rolledBack: true
      }
    }
  }

  let overviews: FleetOverviews
  let proposal: Proposal

  /// Starts to follow.
  public func makeAsyncIterator() -> Iterator {
    Iterator(overviews: overviews, proposal: proposal)
  }

  /// One that follows.
  public struct Iterator: AsyncIteratorProtocol {
    private var overviews: FleetOverviews.Iterator
    private let store: any FleetStore
    private let keys: FleetKeys
    private let clock: StoreClock
    private let proposal: Proposal
    private var last: State?

    fileprivate init(overviews: FleetOverviews, proposal: Proposal) {
      self.overviews = overviews.makeAsyncIterator()
      store = overviews.following.store
      clock = overviews.following.clock
      keys = overviews.keys
      self.proposal = proposal
    }

    /// The next state; nil at the end.
    /// - Throws: ``StoreError`` for what does not mend by itself.
    public mutating func next() async throws(StoreError) -> State? {
      if last?.isFinal == true { return nil }
      while let overview = try await overviews.next() {
        var state = overview.state(of: proposal)
        // A large fleet is read in pages, between which a proposal may have become a rollout.
        if state == .replaced {
          guard let confirmed = try await store.state(of: proposal, keys, clock) else { return nil }
          state = confirmed
        }
        guard state != last else { continue }
        last = state
        return state
      }
      return nil
    }
  }
}

extension FleetOverview {
  /// How far a proposal is.
  func state(of proposal: Proposal) -> ProposalProgress.State {
    if self.proposal?.id == proposal.id { return .waiting }
    if refusal?.proposal == proposal.id { return .refused(refusal?.reason ?? "") }
    let past = history.last { $0.proposal == proposal.id }
    guard let rollout = rollout?.proposal == proposal.id ? rollout : past else { return .replaced }
    switch rollout.state {
    case .running:
      return .running(
        rollout.release, stage: rollout.step.stage, of: rollout.stages.count, phase ?? .applying)
    case .paused(let reason): return .paused(rollout.release, reason)
    case .rollingBack(let failure): return .rollingBack(rollout.release, failure)
    case .ended(.committed): return .committed(rollout.release)
    case .ended(.rolledBack(let failure, let unreverted)):
      return .rolledBack(rollout.release, failure, unreverted: unreverted)
    }
  }
}

extension FleetStore {
  /// How far a proposal is, for certain: what it becomes is read after what it was, so that it is not missed on its way.
  /// - Returns: nil if the store was closed or the task cancelled.
  fileprivate func state(
    of proposal: Proposal, _ keys: FleetKeys, _ clock: StoreClock
  ) async throws(StoreError) -> ProposalProgress.State? {
    var pause = StoreFollowing.firstPause
    while !Task.isCancelled {
      do throws(StoreError) {
        var entries: [StoreEntry] = []
        for range in [.key(keys.proposal), .key(keys.refusal), .key(keys.rollout), keys.history] {
          entries += try await readAll(range).0
        }
        return FleetOverview(entries, of: keys, at: .zero).state(of: proposal)
      } catch {
        if error.code == .closed || error.code == .cancelled { return nil }
        guard error.isSafeToRetry else { throw error }
      }
      try? await clock.sleep(clock.now() + pause)
      pause = min(pause * 2, StoreFollowing.longestPause)
    }
    return nil
  }
}
