/// What one thing measured, over all rounds.
struct Samples: Sendable {
  private(set) var values: [Double] = []

  /// No measurements yet.
  init() {}

  /// Measurements that were made elsewhere.
  init(_ values: [Double]) {
    self.values = values
  }

  /// Adds one measurement.
  mutating func add(_ value: Double) {
    values.append(value)
  }

  /// The smallest value that at least this part (0 to 1) of all values does not exceed; NaN if there are none.
  func percentile(_ part: Double) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let rank = (part * Double(sorted.count)).rounded(.up)
    return sorted[min(max(Int(rank) - 1, 0), sorted.count - 1)]
  }

  /// The middle value.
  var median: Double { percentile(0.5) }
}

/// Runs the bodies in turn, round after round, so that what else the machine does falls on all of them alike.
///
/// Each round starts with another one. One round more runs first and does not count.
/// - Returns: what each body returned, in the order of the bodies.
func interleave(
  rounds: Int, _ bodies: [() async throws -> Double]
) async throws -> [Samples] {
  var samples = bodies.map { _ in Samples() }
  for round in 0...rounds {
    for turn in bodies.indices {
      let index = (round + turn) % bodies.count
      let value = try await bodies[index]()
      if round > 0 { samples[index].add(value) }
    }
  }
  return samples
}
