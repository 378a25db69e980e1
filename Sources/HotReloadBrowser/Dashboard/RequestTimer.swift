import HotReload
import Synchronization

/// Counts how long requests take, in slices of time, so that a reload can be shown with the requests around it.
///
/// It keeps the last ``span`` and takes the same memory (about half a megabyte) whatever happens. All functions may be
/// called from any thread; ``record(_:failed:at:)`` holds a lock for some tens of nanoseconds.
public final class RequestTimer: Sendable {
  /// How long a slice is, in nanoseconds: 100 milliseconds.
  public static let slice: Int64 = 100_000_000
  /// How many slices are kept: two minutes of them.
  public static let sliceCount = 1_200
  /// How long requests are remembered, in nanoseconds.
  public static let span = slice * Int64(sliceCount)

  private struct Slot {
    /// Which slice it holds, counted from 1970; -1 before the first.
    var number: Int64 = -1
    var counts = DurationCounts()
  }

  private let slots = Mutex([Slot](repeating: Slot(), count: sliceCount))

  /// Creates one that has seen no request.
  public init() {}

  /// Counts a request in the slice in which it ended.
  ///
  /// - Parameters:
  ///   - duration: how long it took; negative ones count as 0.
  ///   - failed: whether the answer was the server's failure.
  ///   - time: when it ended, in nanoseconds since 1970; nil for now. If the wall clock is set back, what was counted
  ///     for the same slice before is forgotten.
  public func record(_ duration: Duration, failed: Bool = false, at time: Int64? = nil) {
    let number = Self.number(of: time ?? nanosecondsSince1970())
    let (seconds, attoseconds) = duration.components
    let (whole, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let nanoseconds = overflows ? Int64.max : max(0, whole &+ attoseconds / 1_000_000_000)
    slots.withLock { slots in
      let index = Self.index(of: number)
      if slots[index].number != number {
        slots[index].number = number
        slots[index].counts.removeAll()
      }
      slots[index].counts.add(nanoseconds, failed: failed)
    }
  }

  /// What was counted in a time, in nanoseconds since 1970; slices that the time cuts are taken as a whole.
  /// - Parameter merging: how many slices of the timer are one of the strip, 1 at least. These begin at multiples of
  ///   their width, so that the strip of a moment later has the same ones.
  func strip(_ times: Range<Int64>, merging merged: Int64 = 1) -> RequestStrip {
    let merged = max(1, merged)
    guard !times.isEmpty else { return RequestStrip(from: 0, width: merged * Self.slice) }
    let first = Self.number(of: times.lowerBound) / merged
    let last = min(
      Self.number(of: times.upperBound - 1) / merged, first + Int64(Self.sliceCount) / merged - 1)
    var strip = RequestStrip(from: first * merged * Self.slice, width: merged * Self.slice)
    slots.withLock { slots in
      for number in first..<max(first, last + 1) {
        let counts = Self.sum(of: number * merged..<(number + 1) * merged, in: slots)
        if counts.count > 0 { strip.append(counts, at: Int(number - first)) }
      }
    }
    return strip
  }

  /// All that was counted in a time, as one.
  func summary(_ times: Range<Int64>) -> RequestSummary {
    guard !times.isEmpty else { return RequestSummary(DurationCounts()) }
    let first = Self.number(of: times.lowerBound)
    let last = min(Self.number(of: times.upperBound - 1), first + Int64(Self.sliceCount) - 1)
    return RequestSummary(
      slots.withLock { Self.sum(of: first..<max(first, last + 1), in: $0) })
  }

  private static func sum(of numbers: Range<Int64>, in slots: [Slot]) -> DurationCounts {
    var sum = DurationCounts()
    for number in numbers {
      let slot = slots[index(of: number)]
      if slot.number == number { sum.add(slot.counts) }
    }
    return sum
  }

  private static func number(of time: Int64) -> Int64 { max(0, time) / slice }

  private static func index(of number: Int64) -> Int { Int(number % Int64(sliceCount)) }
}

/// Requests of some time in short. Durations are in microseconds.
public struct RequestSummary: Sendable, Hashable, Codable {
  /// How many ended.
  public var count = 0
  /// How many of them failed.
  public var errors = 0
  /// What half of them took at most.
  public var p50: Int64 = 0
  /// What 95 of 100 took at most.
  public var p95: Int64 = 0
  /// The longest.
  public var longest: Int64 = 0

  init(_ counts: DurationCounts) {
    count = counts.count
    errors = counts.errors
    p50 = counts.percentile(50) / 1_000
    p95 = counts.percentile(95) / 1_000
    longest = counts.longest / 1_000
  }
}

/// Requests of some time, slice by slice. Slices in which no request ended are left out. The arrays are columns of one
/// table: that keeps a page of many reloads small.
public struct RequestStrip: Sendable, Hashable, Codable {
  /// When the first slice begins, in nanoseconds since 1970.
  public var from: Int64
  /// How long a slice is, in nanoseconds.
  public var width: Int64
  /// Which slice it is, from 0.
  public var at: [Int] = []
  /// How many requests ended in it.
  public var count: [Int] = []
  /// How many of them failed.
  public var errors: [Int] = []
  /// What half of them took at most, in microseconds.
  public var p50: [Int64] = []
  /// What 95 of 100 took at most, in microseconds.
  public var p95: [Int64] = []
  /// The longest, in microseconds.
  public var longest: [Int64] = []

  init(from: Int64, width: Int64) {
    self.from = from
    self.width = width
  }

  mutating func append(_ counts: DurationCounts, at position: Int) {
    let summary = RequestSummary(counts)
    at.append(position)
    count.append(summary.count)
    errors.append(summary.errors)
    p50.append(summary.p50)
    p95.append(summary.p95)
    longest.append(summary.longest)
  }
}
