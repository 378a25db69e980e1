import Tracing

/// The wall clock, for what is shown to people and kept by other programs. Nothing is decided by it.
enum WallTime {
  /// Nanoseconds since 1970.
  static var now: Int64 { Int64(clamping: DefaultTracerClock.now.nanosecondsSinceEpoch) }
}

extension Duration {
  /// Whole nanoseconds; a duration that does not fit is the longest that does.
  var clampedNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    let (sum, overflows) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflows ? (seconds < 0 ? .min : .max) : sum
  }
}
