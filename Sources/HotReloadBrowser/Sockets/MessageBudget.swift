/// How many messages a client may still send: a bucket that fills with time.
struct MessageBudget {
  private let perSecond: Double
  private let capacity: Double
  private var level: Double
  private var last: ContinuousClock.Instant

  init(_ limits: LiveLimits, now: ContinuousClock.Instant = .now) {
    perSecond = Double(limits.messagesPerSecond)
    capacity = perSecond * Double(limits.burstSeconds)
    level = capacity
    last = now
  }

  /// Whether one more message is within it.
  mutating func takes(at now: ContinuousClock.Instant = .now) -> Bool {
    let elapsed = max(0, (now - last) / .seconds(1))
    level = min(capacity, level + elapsed * perSecond)
    last = now
    guard level >= 1 else { return false }
    level -= 1
    return true
  }
}
