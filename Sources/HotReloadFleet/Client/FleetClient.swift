/// Looks at a fleet, and asks things of it, from outside: what a command line or a deploy script needs. It never moves the
/// record; what it asks for is done by the fleet's controller.
public struct FleetClient: Sendable {
  /// How often content is published that others prune before it is proposed.
  static let maximumPublications = 3

  /// The fleet's store.
  public let store: any FleetStore
  /// Where the fleet is in it.
  public let keys: FleetKeys
  private let clock: StoreClock

  /// Creates a client; nothing is sent yet.
  /// - Parameters:
  ///   - fleet: the fleet's name, as its instances have it.
  ///   - clock: what pauses are measured by.
  public init(_ store: any FleetStore, fleet: String, clock: StoreClock = .continuous) {
    self.store = store
    keys = FleetKeys(prefix: fleet)
    self.clock = clock
  }

  /// The fleet's name.
  public var fleet: String { keys.prefix }

  // MARK: Looking

  /// The fleet as it is now.
  public func overview() async throws(StoreError) -> FleetOverview {
    let (entries, revision) = try await store.readAll(keys.all)
    return FleetOverview(entries, of: keys, at: revision)
  }

  /// The fleet as it is now, and anew each time that something changes; the newest only, if the consumer is slow.
  /// - Parameter reachability: is told when the store cannot be heard, which is waited for, and with nil when it can be again. It is
  ///   called by whoever asks for the next overview.
  public func overviews(
    reachability: @escaping @Sendable (StoreError?) -> Void = { _ in }
  ) -> FleetOverviews {
    FleetOverviews(
      following: store.follow(keys.all, clock: clock), keys: keys, reachability: reachability)
  }

  // MARK: Asking

  /// Proposes content, and publishes it before if the store does not have it. It takes the place of a proposal that has
  /// not begun. Content that is small comes along with the proposal, so that instances have it at once.
  ///
  /// - Parameters:
  ///   - by: who proposes it, for people.
  ///   - stages: the plan; nil for the controller's own.
  /// - Throws: ``FleetError``.
  public func propose(
    _ bundle: ContentBundle, by: String, stages: [RolloutStage]? = nil
  ) async throws(FleetError) -> Proposal {
    let encoded = bundle.encoded()
    let carried = encoded.count <= FleetKeys.maximumCarriedBytes ? encoded : nil
    for attempt in 0... {
      do throws(FleetError) {
        return try await propose(bundle.digest, carrying: carried, by: by, stages: stages)
      } catch {
        // It is new, or was pruned before anything named it.
        guard error.code == .contentMissing, attempt < Self.maximumPublications else { throw error }
      }
      do {
        try await store.publish(bundle, under: keys)
      } catch {
        throw .store(error as? StoreError ?? StoreError(.unavailable, "\(error)", cause: error))
      }
    }
    throw .contentMissing(bundle.digest)
  }

  /// Proposes content that is in the store already. It takes the place of a proposal that has not begun.
  ///
  /// - Parameters:
  ///   - content: see ``FleetStore/publish(_:under:)``.
  ///   - by: who proposes it, for people.
  ///   - stages: the plan; nil for the controller's own.
  /// - Throws: ``FleetError``; `contentMissing` if the store does not have the content.
  public func propose(
    _ content: BundleDigest, by: String, stages: [RolloutStage]? = nil
  ) async throws(FleetError) -> Proposal {
    try await propose(content, carrying: nil, by: by, stages: stages)
  }

  private func propose(
    _ content: BundleDigest, carrying encoded: [UInt8]?, by: String, stages: [RolloutStage]?
  ) async throws(FleetError) -> Proposal {
    let proposal = Proposal(
      id: StoreOperationID().description, content: content, proposedBy: by, stages: stages)
    let outcome = try await commit(
      StoreTransaction(
        if: [StoreCondition(keys.bundle(content), .present)],
        then: [
          .put(keys.proposal, try encode(proposal)), .delete(keys.refusal),
          encoded.map { .put(keys.content, $0) } ?? .delete(keys.content),
        ]))
    guard outcome else { throw .contentMissing(content) }
    return proposal
  }

  /// What became of a proposal, as it goes on: each state once. It ends when the proposal has come to its end.
  /// - Parameter reachability: as with ``overviews(reachability:)``.
  public func progress(
    of proposal: Proposal, reachability: @escaping @Sendable (StoreError?) -> Void = { _ in }
  ) -> ProposalProgress {
    ProposalProgress(overviews: overviews(reachability: reachability), proposal: proposal)
  }

  /// Asks for something to be done with a rollout, and waits until the controller has answered.
  ///
  /// - Parameters:
  ///   - release: of which rollout; nil for the one that is under way.
  ///   - by: who wants it, for people.
  ///   - limit: how long to wait for the answer; then the request is taken back.
  /// - Returns: the fleet as it is then.
  /// - Throws: ``FleetError``: `noRollout`, `notPossible`, `noAnswer`.
  @discardableResult
  public func order(
    _ order: RolloutCommand.Order, release: UInt64? = nil, by: String, within limit: Duration
  ) async throws(FleetError) -> FleetOverview {
    let before = try await read()
    guard let rollout = before.rollout, !rollout.state.isEnded else { throw .noRollout }
    let number = release ?? rollout.release.number
    guard number == rollout.release.number else { throw .otherRollout(rollout.release) }
    try Self.check(order, rollout)
    let command = RolloutCommand(order, release: number, by: by)
    let value = try encode(command)
    _ = try await commit(StoreTransaction(then: [.put(keys.command, value)]))
    guard let after = await answer(to: command, within: limit) else {
      _ = try await commit(
        StoreTransaction(
          if: [StoreCondition(keys.command, .value(value))], then: [.delete(keys.command)]))
      throw .noAnswer(limit)
    }
    return after
  }

  /// Lets quarantined content be proposed again.
  /// - Parameter content: which; nil for all.
  /// - Returns: what was in quarantine and is not any more.
  public func clearQuarantine(
    _ content: BundleDigest? = nil
  ) async throws(FleetError) -> [QuarantinedBundle] {
    let kept = try await read().quarantine.filter {
      content == nil || $0.release.content == content
    }
    for bundle in kept {
      _ = try await commit(
        StoreTransaction(then: [.delete(keys.quarantine(bundle.release.content))]))
    }
    return kept
  }

  // MARK: Parts

  private static func check(
    _ order: RolloutCommand.Order, _ rollout: RolloutRecord
  ) throws(FleetError) {
    switch (order, rollout.state) {
    case (.pause, .running), (.resume, .paused), (.rollBack, .running), (.rollBack, .paused): return
    case (.pause, .paused(let reason)): throw .notPossible("it is paused already: \(reason)")
    case (.resume, .running): throw .notPossible("it is running, and was not paused")
    case (_, .rollingBack(let failure)):
      throw .notPossible("it is being rolled back, because of \(failure)")
    case (_, .ended): throw .noRollout
    }
  }

  /// The fleet once the command is gone; nil if it is not by then.
  private func answer(
    to command: RolloutCommand, within limit: Duration
  ) async -> FleetOverview? {
    await clock.within(limit) { [self] in
      do {
        for try await overview in overviews() where overview.command != command {
          return overview
        }
      } catch {}
      return nil
    }
  }

  private func read() async throws(FleetError) -> FleetOverview {
    do { return try await overview() } catch { throw .store(error) }
  }

  private func encode(_ value: some Encodable) throws(FleetError) -> [UInt8] {
    do { return try FleetKeys.encode(value) } catch {
      throw .store(StoreError(.invalidRequest, "\(error)"))
    }
  }

  /// Whether the conditions held. An outcome that is not known is found out.
  private func commit(_ transaction: StoreTransaction) async throws(FleetError) -> Bool {
    do throws(StoreError) {
      switch try await store.commit(transaction) {
      case .succeeded: return true
      case .conflict: return false
      case .unknown(let unknown):
        guard case .committed = try await store.resolve(unknown.operation) else {
          throw unknown.error
        }
        return true
      }
    } catch {
      throw .store(error)
    }
  }
}

extension RolloutState {
  /// Whether nothing is going on.
  public var isEnded: Bool {
    if case .ended = self { true } else { false }
  }
}
