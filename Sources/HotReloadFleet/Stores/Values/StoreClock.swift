/// A clock as a store needs it: the time since a fixed moment, and waiting until such a time.
///
/// Stores measure by a monotonic clock, never by the time of day, which may be set.
public struct StoreClock: Sendable {
  /// Time since a fixed moment.
  public let now: @Sendable () -> Duration
  /// Returns at such a time, or throws `CancellationError`.
  public let sleep: @Sendable (_ until: Duration) async throws -> Void

  /// Any clock, with the present as its zero.
  public init<C: Clock>(_ clock: C) where C.Duration == Duration {
    let start = clock.now
    now = { start.duration(to: clock.now) }
    sleep = { time in
      try await clock.sleep(until: start.advanced(by: time), tolerance: nil)
    }
  }

  /// A clock from its two functions.
  public init(
    now: @escaping @Sendable () -> Duration,
    sleep: @escaping @Sendable (_ until: Duration) async throws -> Void
  ) {
    self.now = now
    self.sleep = sleep
  }

  /// Does something within a limit, and cancels it then.
  /// - Returns: nil if it gave nothing, or was not done by then. It has ended in any case.
  func within<Result: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async -> Result?
  ) async -> Result? {
    let deadline = now() + limit
    return await withTaskGroup(of: Result?.self) { group in
      group.addTask(operation: body)
      group.addTask {
        try? await self.sleep(deadline)
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
  }

  /// What the machine counts, also while it sleeps.
  public static var continuous: StoreClock { StoreClock(ContinuousClock()) }
}
