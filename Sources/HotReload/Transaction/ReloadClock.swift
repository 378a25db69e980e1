/// A clock as the reload needs it: the time since a fixed moment, and sleeping until such a time.
struct ReloadClock: Sendable {
  let now: @Sendable () -> Duration
  let sleep: @Sendable (_ until: Duration) async throws -> Void

  init<C: Clock>(_ clock: C) where C.Duration == Duration {
    let start = clock.now
    now = { start.duration(to: clock.now) }
    sleep = { time in
      try await clock.sleep(until: start.advanced(by: time), tolerance: nil)
    }
  }
}
