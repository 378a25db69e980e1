/// The keys of one fleet in its store.
///
/// ```
/// PREFIX/orders/rollout      RolloutRecord        what every instance does
/// PREFIX/orders/committed    CommittedRelease     what the fleet agreed on
/// PREFIX/orders/controller   ControllerSeat       who leads; under its lease
/// PREFIX/orders/content      ContentBundle        what was proposed last, if it is small
/// PREFIX/instances/NAME      InstanceReport       under the lease of that instance
/// PREFIX/failures/NUMBER     RolloutFailure       somebody failed with this release
/// PREFIX/quarantine/DIGEST   QuarantinedBundle    what must not come again
/// PREFIX/requests/proposal   Proposal             what is to be rolled out next
/// PREFIX/requests/command    RolloutCommand       what a person wants
/// PREFIX/requests/refusal    Refusal              why the last refused proposal came to nothing
/// PREFIX/history/NUMBER      RolloutRecord        how the rollout of this release ended
/// PREFIX/bundles/…           ContentBundle        what is rolled out, in pieces
/// ```
/// Each instance watches `orders/` alone: a few changes in a rollout, however many instances there are. The controller watches all.
public struct FleetKeys: Sendable, Hashable {
  /// The most bytes of encoded content that every instance is sent with a proposal: 64 KiB. It is sent to each of them, so that a
  /// thousand get 64 MiB then; what is larger each fetches for itself.
  public static let maximumCarriedBytes = 64 << 10

  /// What all keys begin with, without a slash at its end.
  public let prefix: String

  /// The keys of a fleet.
  /// - Parameter prefix: what keeps it apart from other fleets in the same store, such as `hotreload/shop`.
  public init(prefix: String) {
    self.prefix = prefix
  }

  /// Everything but the content of bundles, which comes before all else in the order of the keys: who follows this range gets none of it.
  public var all: StoreRange { StoreRange(from: bundles.end ?? key(""), to: key("").endOfPrefix) }
  /// What every instance watches.
  public var orders: StoreRange { .prefix(key("orders/")) }

  /// The rollout's record.
  public var rollout: StoreKey { key("orders/rollout") }
  /// What the fleet agreed on.
  public var committed: StoreKey { key("orders/committed") }
  /// Who leads.
  public var controller: StoreKey { key("orders/controller") }
  /// What was proposed last, encoded, if it has no more than ``maximumCarriedBytes``: instances have it then before it is their turn, and
  /// need not ask for it.
  public var content: StoreKey { key("orders/content") }
  /// What is to be rolled out next.
  public var proposal: StoreKey { key("requests/proposal") }
  /// What a person wants.
  public var command: StoreKey { key("requests/command") }
  /// Why the last refused proposal came to nothing.
  public var refusal: StoreKey { key("requests/refusal") }

  /// The report of an instance.
  public func instance(_ name: String) -> StoreKey { key("instances/\(name)") }
  /// That somebody failed with a release.
  public func failure(of release: UInt64) -> StoreKey { key("failures/\(release)") }
  /// That a bundle must not be rolled out.
  public func quarantine(_ content: BundleDigest) -> StoreKey { key("quarantine/\(content)") }

  /// How the rollout of a release ended. The number has 20 digits, so that keys stand in the order of the releases.
  public func history(of release: UInt64) -> StoreKey {
    let digits = String(release)
    return key("history/" + String(repeating: "0", count: 20 - digits.utf8.count) + digits)
  }
  /// How all rollouts that are remembered ended, the oldest first.
  public var history: StoreRange { .prefix(key("history/")) }

  private func key(_ rest: String) -> StoreKey { StoreKey("\(prefix)/\(rest)") }
}

/// What stands under one of the keys of a fleet.
enum FleetValue: Sendable, Hashable {
  case rollout(RolloutRecord)
  case committed(CommittedRelease)
  case controller(ControllerSeat)
  case instance(InstanceReport)
  case failure(RolloutFailure)
  case quarantine(QuarantinedBundle)
  case proposal(Proposal)
  case command(RolloutCommand)
  case refusal(Refusal)
}

/// One change of one key of a fleet.
enum FleetChange: Sendable, Hashable {
  case put(StoreEntry, FleetValue)
  case deleted(StoreKey)
  /// Something that this version of the library cannot read. What stood there before does not stand there any more.
  case unreadable(StoreKey, String)

  var key: StoreKey {
    switch self {
    case .put(let entry, _): entry.key
    case .deleted(let key), .unreadable(let key, _): key
    }
  }
}
