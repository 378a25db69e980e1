/// How often requests took how long, in a fixed number of classes: a percentile of any number of requests costs the
/// same.
///
/// Four classes an octave from 16 microseconds to 68 seconds. What a class holds is taken for its upper bound, so that
/// a percentile is never too small, and at most 19 % too large.
struct DurationCounts: Sendable, Hashable {
  /// How many classes there are: 22 octaves of four, and one for all that is longer.
  static let classes = 89
  /// The upper bounds of the classes but the last, in nanoseconds.
  private static let bounds: [Int64] = (0..<classes - 1).map { index in
    let octave = Int64(16_384) << (index / 4)
    // 2^(1/4), 2^(2/4), 2^(3/4) and 2, in 1/65,536.
    let steps: [Int64] = [77_936, 92_682, 110_218, 131_072]
    return octave * steps[index % 4] / 65_536
  }

  private var counts = [UInt32](repeating: 0, count: classes)
  /// How many requests there were.
  private(set) var count = 0
  /// How many of them failed.
  private(set) var errors = 0
  /// The longest, in nanoseconds.
  private(set) var longest: Int64 = 0

  /// Counts a request.
  mutating func add(_ nanoseconds: Int64, failed: Bool) {
    let index = Self.position(of: nanoseconds)
    if counts[index] < .max { counts[index] += 1 }
    count += 1
    if failed { errors += 1 }
    longest = max(longest, nanoseconds)
  }

  /// Counts what others have counted.
  mutating func add(_ other: DurationCounts) {
    for index in counts.indices {
      let (sum, overflows) = counts[index].addingReportingOverflow(other.counts[index])
      counts[index] = overflows ? .max : sum
    }
    count += other.count
    errors += other.errors
    longest = max(longest, other.longest)
  }

  /// Forgets everything and keeps the memory.
  mutating func removeAll() {
    for index in counts.indices { counts[index] = 0 }
    (count, errors, longest) = (0, 0, 0)
  }

  /// What so many of a hundred requests took at most, in nanoseconds; 0 if there were none.
  func percentile(_ percent: Int) -> Int64 {
    let total = counts.reduce(0) { $0 + Int($1) }
    guard total > 0 else { return 0 }
    let rank = max(1, (total * percent + 99) / 100)
    var seen = 0
    for (index, count) in counts.enumerated() {
      seen += Int(count)
      guard seen >= rank else { continue }
      return index < Self.bounds.count ? min(Self.bounds[index], longest) : longest
    }
    return longest
  }

  private static func position(of nanoseconds: Int64) -> Int {
    var (low, high) = (0, bounds.count)
    while low < high {
      let middle = (low + high) / 2
      if bounds[middle] < nanoseconds { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
