extension Duration {
  /// Whole nanoseconds; of durations beyond some 290 years the limit.
  package var nanosecondsClamped: Int64 {
    let (seconds, attoseconds) = components
    let (whole, tooLarge) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflow) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
    return tooLarge || overflow ? (seconds < 0 ? .min : .max) : sum
  }
}

extension Int64 {
  /// The difference, or the limit that it lies beyond.
  package func subtractingClamped(_ other: Int64) -> Int64 {
    let (result, overflow) = subtractingReportingOverflow(other)
    return overflow ? (other > 0 ? .min : .max) : result
  }
}
