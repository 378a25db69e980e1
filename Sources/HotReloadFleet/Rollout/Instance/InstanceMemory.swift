/// What an instance knows of its earlier lives; it is kept in its journal.
struct InstanceMemory: Sendable, Hashable, Codable {
  /// How many releases are remembered to have failed; beyond it the oldest are forgotten.
  static let maximumFailed = 16

  /// The newest release that was committed and that the instance came to run; nil for what it has of its own.
  var good: Release?
  /// What was about to be applied or is on trial. One that is found at the start is one that the process died on.
  var attempt: Release?
  /// How often the instance failed with a release, or died on it.
  var strikes: [UInt64: Int] = [:]

  mutating func strike(_ release: Release) {
    strikes[release.number, default: 0] += 1
    if strikes.count > Self.maximumFailed, let oldest = strikes.keys.min() {
      strikes[oldest] = nil
    }
  }
}
