/// How long to wait before something that failed is tried again: twice as long each time, up to a bound, less a random share, so
/// that many who failed together do not come back together.
struct RetryPause: Sendable {
  /// The first pause, at most.
  static let first = Duration.milliseconds(100)
  /// The longest pause.
  static let longest = Duration.seconds(5)

  private var bound = RetryPause.first

  /// The next pause: between half of its bound and the bound.
  mutating func next() -> Duration {
    defer { bound = min(bound * 2, Self.longest) }
    return bound * Double.random(in: 0.5...1)
  }

  /// Waits for the next pause. Returns false if the task was cancelled.
  mutating func wait(_ clock: StoreClock) async -> Bool {
    try? await clock.sleep(clock.now() + next())
    return !Task.isCancelled
  }
}
