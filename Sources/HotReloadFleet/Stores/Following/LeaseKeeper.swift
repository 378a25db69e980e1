/// Keeps a lease alive: one request each third of its time to live, counted by a monotonic clock from when the request before was sent.
///
/// ```swift
/// let keeper = LeaseKeeper(store, lease)
/// try await keeper.run()   // throws when the lease is lost
/// ```
public struct LeaseKeeper: Sendable {
  /// How many requests there are within a time to live.
  public static let requestsPerLife = 3
  /// The shortest pause between two requests.
  public static let shortestPause = Duration.milliseconds(100)

  private let store: any FleetStore
  private let clock: StoreClock
  private let lease: StoreLease
  private let granted: Duration
  private let longestPause: Duration?

  /// Creates a keeper; nothing is sent yet.
  /// - Parameters:
  ///   - longestPause: the longest time between two requests, for who wants to hear of the store more often than the lease needs:
  ///     a store may have given a longer one than was asked for.
  ///   - grantedAt: when the request for the lease was sent, by the clock; nil for now.
  ///   - clock: a monotonic clock.
  public init(
    _ store: any FleetStore, _ lease: StoreLease, grantedAt: Duration? = nil,
    longestPause: Duration? = nil, clock: StoreClock = .continuous
  ) {
    self.store = store
    self.lease = lease
    self.clock = clock
    self.longestPause = longestPause
    granted = grantedAt ?? clock.now()
  }

  /// Keeps the lease alive until it is lost or the task is cancelled, which ends it without an error; the lease itself is not
  /// revoked.
  ///
  /// A request that fails is sent again at the next third. The lease is lost when the store says so, or when nothing that was sent
  /// within its time to live was answered: from then on what depends on it may be gone.
  /// - Parameter onAnswer: called after each request with when it was sent and until when the lease is safe, both by the
  ///   clock, and the error if it failed.
  /// - Throws: ``StoreError`` with the code `leaseNotFound`, or what does not mend by itself.
  public func run(
    onAnswer: @Sendable (_ sent: Duration, _ safeUntil: Duration, StoreError?) async -> Void = {
      _, _, _ in
    }
  ) async throws(StoreError) {
    var life = lease.timeToLive
    var safeUntil = granted + life
    var next = granted + pause(life)
    while true {
      do { try await clock.sleep(min(next, safeUntil)) } catch { return }
      let sent = clock.now()
      guard sent < safeUntil else { throw .leaseNotFound(lease.id) }
      next = sent + pause(life)
      do throws(StoreError) {
        life = try await store.keepAlive(lease.id).timeToLive
        safeUntil = sent + life
        next = sent + pause(life)
        await onAnswer(sent, safeUntil, nil)
      } catch {
        if Task.isCancelled { return }
        guard error.isSafeToRetry else { throw error }
        await onAnswer(sent, safeUntil, error)
      }
    }
  }

  private func pause(_ life: Duration) -> Duration {
    let pause = life / Self.requestsPerLife
    return max(min(pause, longestPause ?? pause), Self.shortestPause)
  }
}
