@testable import HotReloadFleet

/// What is true of some content, whatever anybody says.
enum Nature: Hashable {
  case good
  /// Some instances (those of `index % every == 0`) refuse it, cannot apply it, are not healthy with it, die of it.
  case invalid(every: Int)
  case inapplicable(every: Int)
  case unhealthy(every: Int, after: Duration)
  case deadly(every: Int, after: Duration)
  /// It takes longer to apply than an instance may take.
  case hanging(every: Int)

  func isBad(for host: Int) -> Bool {
    switch self {
    case .good: false
    case .invalid(let every), .inapplicable(let every), .unhealthy(let every, _),
      .deadly(let every, _), .hanging(let every):
      host % every == 0
    }
  }
}

/// A machine with its disk, which outlives the process that runs there.
final class SimulatedHost {
  let index: Int
  let name: String
  let hash: InstanceHash
  /// How its clock differs from the world's.
  var clockOffset = Duration.zero
  var clockRate = 1.0
  var memory = InstanceMemory()
  var process: SimulatedProcess?
  var isCutOff = false
  var isSlow = false
  /// What its health checks say, whatever is true.
  var lie: String??
  var lives = 0
  /// On what releases it died while they were not committed.
  var diedOn: Set<UInt64> = []
  /// Since when it was out of reach of the store, or, if it is not, since when it is in reach.
  var reachChanged = Duration.zero

  init(index: Int) {
    self.index = index
    name = "host-\(index)"
    hash = InstanceHash(of: name)
  }

  func local(_ time: Duration) -> Duration { clockOffset + time * clockRate }
  func global(_ time: Duration) -> Duration { (time - clockOffset) / clockRate + .nanoseconds(1) }
}

/// One life of an instance: the two machines, what runs, and what it has asked of the store.
final class SimulatedProcess {
  /// A watch as the process sees it.
  struct Watch {
    /// Each time that it is opened it has another number; what comes from an earlier opening is not heard.
    var number = 0
    var isOpen = false
    var isEverything: Bool
    var revision = StoreRevision.zero
    /// Nothing arrives before what was sent before it.
    var lastArrival = Duration.zero
  }

  let host: SimulatedHost
  let incarnation: String
  var isAlive = true
  var instance: InstanceMachine
  var controller: ControllerMachine
  /// What is in force in this process, whatever the machine believes.
  var running: Release?
  var runningSince = Duration.zero
  /// What passed this process's validation.
  var validated: Set<BundleDigest> = []
  var orders: FleetOrders?
  var ordersWatch = Watch(isEverything: false)
  var fullWatch = Watch(isEverything: true)
  var isFollowing = false
  var lease: StoreLeaseID?
  var wake: Duration?

  /// Whether it matters to it that the store was heard of.
  var needsToHear: Bool {
    controller.leading != nil || controller.orders?.controller?.value.incarnation == incarnation
  }

  init(
    host: SimulatedHost, incarnation: String, instance: InstanceMachine,
    controller: ControllerMachine
  ) {
    self.host = host
    self.incarnation = incarnation
    self.instance = instance
    self.controller = controller
    running = instance.memory.good
  }
}
