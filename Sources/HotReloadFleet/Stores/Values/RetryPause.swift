/// How long to wait before something that failed is tried again: twice as long each time, up to a bound, less a random share, so
/// that many who failed together do not come back together.
struct RetryPause: Sendable {
  private let first: Duration
  private let longest: Duration
  private var bound: Duration

  /// - Parameters:
  ///   - first: the first pause, at most.
  ///   - longest: the longest pause.
  init(first: Duration = .milliseconds(100), longest: Duration = .seconds(5)) {
    self.first = first
    self.longest = longest
    bound = first
  }

  /// Begins with the first pause again.
  mutating func reset() { bound = first }

  /// The next pause: between half of its bound and the bound.
  mutating func next() -> Duration {
    defer { bound = min(bound * 2, longest) }
    return bound * Double.random(in: 0.5...1)
  }

  /// Waits for the next pause. Returns false if the task was cancelled.
  mutating func wait(_ clock: StoreClock) async -> Bool {
    try? await clock.sleep(clock.now() + next())
    return !Task.isCancelled
  }
}
