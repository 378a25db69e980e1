/// A fleet, anew each time that something changes: an `AsyncSequence` that ends when the store is closed and when the task is
/// cancelled.
public struct FleetOverviews: AsyncSequence, Sendable {
  /// What can go wrong.
  public typealias Failure = StoreError

  let following: StoreFollowing
  let keys: FleetKeys

  /// Starts to follow.
  public func makeAsyncIterator() -> Iterator {
    Iterator(following: following.makeAsyncIterator(), keys: keys)
  }

  /// One that follows.
  public struct Iterator: AsyncIteratorProtocol {
    var following: StoreFollowing.Iterator
    let keys: FleetKeys

    /// The next one; nil at the end.
    /// - Throws: ``StoreError`` for what does not mend by itself.
    public mutating func next() async throws(StoreError) -> FleetOverview? {
      while let event = try await following.next() {
        guard case .changed(let mirror, _) = event else { continue }
        return FleetOverview(mirror.entries.values, of: keys, at: mirror.revision)
      }
      return nil
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
    Iterator(overviews: overviews.makeAsyncIterator(), proposal: proposal)
  }

  /// One that follows.
  public struct Iterator: AsyncIteratorProtocol {
    var overviews: FleetOverviews.Iterator
    let proposal: Proposal
    private var last: State?

    init(overviews: FleetOverviews.Iterator, proposal: Proposal) {
      self.overviews = overviews
      self.proposal = proposal
    }

    /// The next state; nil at the end.
    /// - Throws: ``StoreError`` for what does not mend by itself.
    public mutating func next() async throws(StoreError) -> State? {
      if last?.isFinal == true { return nil }
      while let overview = try await overviews.next() {
        let state = overview.state(of: proposal)
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
