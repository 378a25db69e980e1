public import HotReload
public import SystemPackage

/// How a process takes part in a fleet.
public struct FleetOptions: Sendable {
  /// Where the instances of a fleet keep what they must agree on.
  public enum Store: Sendable {
    /// A file for the processes of one host; nil for `data/hotreload/fleet.sqlite` in the workspace.
    case sqlite(FilePath?)
    /// An etcd, for many hosts. An instance gives one of its members a third of ``RolloutTimes/lease`` at most for an
    /// answer, and lets a watch say nothing for one lease at most: if a member stands still, another one is asked
    /// before the lease ends.
    case etcd(EtcdOptions)
    /// A store that the caller has opened and closes.
    case opened(any FleetStore)
  }

  /// The longest name of a fleet and of an instance, in bytes.
  public static let maximumNameBytes = 64

  /// The fleet's name: the same for all of its instances, and another one for other fleets in the same store. Letters, digits,
  /// `-`, `_` and `.`.
  public var fleet: String
  /// The store.
  public var store: Store
  /// The instance's name: the same in each life of the process, and another one for each process that runs at the same time. Its place in the
  /// order in which the fleet takes a change is made of it. Letters, digits, `-`, `_` and `.`; nil for the host's name, with `-2`, `-3`, … behind it
  /// for more processes on the same workspace.
  public var instance: String?
  /// Whether edits of the workspace's files are proposals. In all others they are drift, which is only reported.
  public var isSource: Bool
  /// What belongs to a bundle of the workspace's files.
  public var scope: BundleScope
  /// The plan of proposals that have none.
  public var stages: [RolloutStage]
  /// How long things may take.
  public var times: RolloutTimes
  /// Whether what is in force is good, asked while a change is on trial. It throws if not. Nil for that of the
  /// ``HotReload/HotReloadConfiguration``; without that as well, a change that could be applied counts as good.
  public var healthCheck: (@Sendable (Snapshot) async throws -> Void)?
  /// How long an instance that has no files of its own waits at its first start for what the fleet agreed on.
  public var firstContentLimit: Duration

  /// Creates options.
  public init(
    fleet: String = "default", store: Store = .sqlite(nil), instance: String? = nil,
    isSource: Bool = false, scope: BundleScope = BundleScope(),
    stages: [RolloutStage] = RolloutStage.standard, times: RolloutTimes = RolloutTimes(),
    healthCheck: (@Sendable (Snapshot) async throws -> Void)? = nil,
    firstContentLimit: Duration = .seconds(30)
  ) {
    self.fleet = fleet
    self.store = store
    self.instance = instance
    self.isSource = isSource
    self.scope = scope
    self.stages = stages
    self.times = times
    self.healthCheck = healthCheck
    self.firstContentLimit = firstContentLimit
  }

  /// Checks what can be checked without a store.
  /// - Throws: ``FleetError`` with the code `invalidOptions`.
  public func validate() throws(FleetError) {
    try Self.check(fleet, "the fleet's name")
    if let instance { try Self.check(instance, "the instance's name") }
    guard stages.count <= Self.maximumStages else {
      throw FleetError(
        .invalidOptions, "\(stages.count) stages were given; \(Self.maximumStages) are the most")
    }
    try times.check()
  }

  /// The most stages of a plan.
  public static let maximumStages = 16

  private static func check(_ name: String, _ what: String) throws(FleetError) {
    let isValid =
      (1...maximumNameBytes).contains(name.utf8.count) && !name.hasPrefix(".")
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
          UInt8(ascii: "."):
          true
        default: false
        }
      }
    guard isValid else {
      throw FleetError(
        .invalidOptions,
        "\(what) is \"\(name)\"; it must be 1 to \(maximumNameBytes) letters, digits, \"-\", \"_\" and \".\", and "
          + "not begin with \".\"")
    }
  }
}

extension RolloutTimes {
  /// Checks the times.
  /// - Throws: ``FleetError`` with the code `invalidOptions`.
  public func check() throws(FleetError) {
    guard StoreLimits.leaseTimes.contains(lease) else {
      throw FleetError(
        .invalidOptions,
        "the lease is \(lease); from \(StoreLimits.leaseTimes.lowerBound) to "
          + "\(StoreLimits.leaseTimes.upperBound) is possible")
    }
    let positive = [
      grace, expiry, validate, apply, revert, healthInterval, health, uptake, rollBack, departure,
    ]
    guard positive.allSatisfy({ $0 > .zero }), jitter >= .zero, campaign >= .zero,
      (1...RolloutStage.whole).contains(massLossBasisPoints)
    else {
      throw FleetError(
        .invalidOptions,
        "the fleet's times must be greater than 0, and the share that counts as a mass loss from 1 to "
          + "\(RolloutStage.whole) hundredths of a percent")
    }
  }
}
