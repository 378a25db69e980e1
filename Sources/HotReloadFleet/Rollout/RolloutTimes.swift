/// How long things may take in a fleet. All of it is measured by each instance on its own monotonic clock.
public struct RolloutTimes: Sendable, Hashable {
  /// An instance that the store has not heard of for so long is lost. An etcd gives no lease that is shorter than one and a half of its
  /// election timeout: 2 s, as it is installed.
  public var lease: Duration = .seconds(10)
  /// How long a lost instance may take to come back before it counts as a failure.
  public var grace: Duration = .seconds(15)
  /// An instance that was not told for so long what the fleet wants goes back to what is committed.
  public var expiry: Duration = .seconds(30)
  /// How long an instance may take to validate a change.
  public var validate: Duration = .seconds(30)
  /// How long an instance may take to apply a change.
  public var apply: Duration = .seconds(60)
  /// How long an instance that failed waits for its way back before it tells of the failure.
  public var revert: Duration = .seconds(2)
  /// The most time between two health checks while a change is on trial. A bake that is shorter than three times this has three.
  public var healthInterval: Duration = .seconds(5)
  /// How long a health check may take; then it counts as failed.
  public var health: Duration = .seconds(5)
  /// Over how long the instances spread their way back, so that they do not all do it at once.
  public var jitter: Duration = .seconds(2)
  /// How long the controller waits for an instance that lives to take the change.
  public var uptake: Duration = .seconds(120)
  /// How long the controller waits for all to have gone back before it says that some have not.
  public var rollBack: Duration = .seconds(60)
  /// Over how long the instances spread their attempts to become the controller.
  public var campaign: Duration = .seconds(2)
  /// How long a stopping instance waits for the store to take its last report.
  public var departure: Duration = .seconds(2)
  /// What share of a fleet, in hundredths of a percent, must be lost at once to count as a mass loss; two at least.
  public var massLossBasisPoints = 3_000

  /// The times that suit a fleet in one data centre.
  public init() {}

  /// How long the controller must have seen the store without a gap before it judges by absence.
  var settling: Duration { lease + grace }
  /// A gap between two answers of the store that is longer than this is one in which something may have been missed.
  var longestGap: Duration { lease * 2 / 3 }

  /// How many missing instances of so many are a mass loss.
  func massLoss(of population: Int) -> Int {
    max(2, (population * massLossBasisPoints + RolloutStage.whole - 1) / RolloutStage.whole)
  }
}
