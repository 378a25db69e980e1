/// One wave of a rollout: how much of the fleet has the change at its end, and how long that is watched before the next.
public struct RolloutStage: Sendable, Hashable, Codable {
  /// How much of the fleet, in hundredths of a percent, from 0 to 10,000. Whatever it is, one instance takes the change at least.
  public var basisPoints: Int
  /// How long all of them must have run it without a failure, in milliseconds.
  public var bakeMilliseconds: Int

  /// Everybody, in ``basisPoints``.
  static let whole = 10_000

  /// Creates a stage.
  /// - Parameters:
  ///   - percent: how much of the fleet; rounded to hundredths, and brought into 0 to 100.
  ///   - bake: how long it is watched; negative ones count as none.
  public init(percent: Double, bake: Duration) {
    let points = percent.isNaN ? 0 : min(max(percent, 0), 100) * 100
    basisPoints = Int(points.rounded())
    bakeMilliseconds = max(0, bake.wholeMilliseconds)
  }

  /// Canaries for 5 minutes, 10 % for 5 minutes, half for 10 minutes, all for 10 minutes.
  public static let standard = [
    RolloutStage(percent: 1, bake: .seconds(300)), RolloutStage(percent: 10, bake: .seconds(300)),
    RolloutStage(percent: 50, bake: .seconds(600)), RolloutStage(percent: 100, bake: .seconds(600)),
  ]

  /// All at once, not watched.
  public static let atOnce = [RolloutStage(percent: 100, bake: .zero)]

  /// How many of so many instances it means: `max(1, ⌈share · n⌉)`.
  public func count(of population: Int) -> Int {
    let share = min(max(basisPoints, 0), Self.whole)
    return max(1, (population * share + Self.whole - 1) / Self.whole)
  }
}

/// Where a rollout is: a stage with the numbers that it has in the fleet as it was when the stage began.
///
/// An instance whose hash is ``threshold`` at most takes the change, whether it was there then or comes later. That is all that an
/// instance needs to know, and it needs nobody's permission to know it.
public struct RolloutStep: Sendable, Hashable, Codable {
  /// The stage's place among the stages, from 0 on.
  public var stage: Int
  /// The hash of the last instance that takes the change: the ``targets``-th smallest of those that lived.
  public var threshold: InstanceHash
  /// How many had to take it.
  public var targets: Int
  /// How many lived.
  public var population: Int
  /// How long it is watched, in milliseconds.
  public var bakeMilliseconds: Int

  /// How long it is watched.
  var bake: Duration { .milliseconds(bakeMilliseconds) }
}

extension RolloutStep {
  /// The step that goes as far as a stage does, for the instances that live.
  ///
  /// Stages that reach nobody further than this one (all of them, if there is a single instance) are taken together with it,
  /// in one step and one write, that is watched as long as the longest of them.
  ///
  /// - Parameters:
  ///   - stage: the first stage that it stands for.
  ///   - stages: all; at least one.
  ///   - hashes: of the instances that live, in any order; at least one.
  ///   - reached: a threshold that it must not fall below, because instances up to there have the change already.
  init(
    entering stage: Int, of stages: [RolloutStage], hashes: [InstanceHash],
    reached: InstanceHash? = nil
  ) {
    let first = min(max(stage, 0), stages.count - 1)
    let targets = stages[first].count(of: hashes.count)
    var last = first
    var bake = stages[first].bakeMilliseconds
    while last + 1 < stages.count, stages[last + 1].count(of: hashes.count) <= targets {
      last += 1
      bake = max(bake, stages[last].bakeMilliseconds)
    }
    let sorted = hashes.sorted()
    var threshold = sorted.isEmpty ? .last : sorted[min(targets, sorted.count) - 1]
    if let reached { threshold = max(threshold, reached) }
    // Those who come during the last stage take part in it: nothing is committed that one of the living did not try.
    if last == stages.count - 1, targets >= hashes.count { threshold = .last }
    self.init(
      stage: last, threshold: threshold, targets: targets, population: hashes.count,
      bakeMilliseconds: bake)
  }
}

extension Duration {
  /// The duration in milliseconds, rounded towards zero; what does not fit is brought to the nearest that does.
  var wholeMilliseconds: Int {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    return Int(product) + Int(attoseconds / 1_000_000_000_000_000)
  }
}
