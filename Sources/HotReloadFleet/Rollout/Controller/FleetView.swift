/// Everything that a store has of one fleet, as it was at one revision, with what follows from it for the rollout counted.
///
/// A change costs the same however many instances there are; only a move of the record counts anew.
struct FleetView: Sendable {
  /// What the reports say about the release that the record is about.
  struct Census: Sendable, Hashable {
    /// How many instances live and have not said that they leave.
    var live = 0
    /// How many of those the record lets have the release.
    var targets = 0
    /// How many of those run it and are healthy.
    var applied = 0
    /// How many of all run it.
    var running = 0
    /// Those that said that they failed with it.
    var failed: Set<String> = []
    /// Targets that have not applied it.
    var waiting: Set<String> = []
  }

  /// How far the running step is.
  enum Phase: String, Sendable { case applying, baking }

  private(set) var orders = FleetOrders()
  private(set) var instances: [String: InstanceReport] = [:]
  private(set) var failures: [StoreKey: RolloutFailure] = [:]
  private(set) var quarantine: [BundleDigest: QuarantinedBundle] = [:]
  private(set) var proposal: Versioned<Proposal>?
  private(set) var command: Versioned<RolloutCommand>?
  private(set) var unreadable: [StoreKey: String] = [:]
  private(set) var census = Census()
  private(set) var revision = StoreRevision.zero
  private let instancesPrefix: StoreKey
  private let keys: FleetKeys

  init(keys: FleetKeys) {
    self.keys = keys
    instancesPrefix = keys.instance("")
  }

  /// What a read of ``FleetKeys/all`` found.
  init(keys: FleetKeys, _ changes: some Sequence<FleetChange>, revision: StoreRevision) {
    self.init(keys: keys)
    apply(changes, at: revision)
  }

  var record: RolloutRecord? { orders.record?.value }

  /// Whether all whose turn it is have applied the release.
  var phase: Phase {
    census.waiting.isEmpty && census.applied > 0 ? .baking : .applying
  }

  /// The failure that the record's release is known to have.
  var failure: RolloutFailure? {
    guard let record else { return nil }
    if let failure = failures[keys.failure(of: record.release.number)] { return failure }
    guard let name = census.failed.min(), let report = instances[name] else { return nil }
    return RolloutFailure(
      kind: .reported, instance: name, reason: report.error ?? "it did not say why")
  }

  /// The hashes of the instances that live.
  var hashes: [InstanceHash] {
    instances.values.lazy.filter { $0.phase != .departed }.map(\.hash)
  }

  /// The name of the instance whose report a key is; nil if it is another key.
  func instance(of key: StoreKey) -> String? {
    guard key.hasPrefix(instancesPrefix) else { return nil }
    return String(validating: key.bytes.dropFirst(instancesPrefix.bytes.count), as: UTF8.self)
  }

  /// Takes in what one commit changed. What is in here already is taken in once only.
  mutating func apply(_ changes: some Sequence<FleetChange>, at revision: StoreRevision) {
    guard revision > self.revision else { return }
    self.revision = revision
    let before = record
    orders.apply(changes, at: revision)
    for change in changes { take(change) }
    if record?.release != before?.release || record?.step != before?.step { recount() }
  }

  private mutating func take(_ change: FleetChange) {
    unreadable[change.key] = nil
    switch change {
    case .put(_, .instance(let report)): put(report, report.instance)
    case .put(let entry, .failure(let failure)): failures[entry.key] = failure
    case .put(_, .quarantine(let bundle)): quarantine[bundle.release.content] = bundle
    case .put(let entry, .proposal(let value)): proposal = Versioned(value, entry)
    case .put(let entry, .command(let value)): command = Versioned(value, entry)
    case .put: break
    case .deleted(let key): forget(key)
    case .unreadable(let key, let reason):
      forget(key)
      unreadable[key] = reason
    }
  }

  private mutating func forget(_ key: StoreKey) {
    if let name = instance(of: key) { return put(nil, name) }
    failures[key] = nil
    if key == keys.proposal { proposal = nil }
    if key == keys.command { command = nil }
    for content in quarantine.keys where keys.quarantine(content) == key {
      quarantine[content] = nil
    }
  }

  private mutating func put(_ report: InstanceReport?, _ name: String) {
    if let old = instances[name] { count(old, by: -1) }
    instances[name] = report
    if let report { count(report, by: 1) }
  }

  private mutating func recount() {
    census = Census()
    for report in instances.values { count(report, by: 1) }
  }

  private mutating func count(_ report: InstanceReport, by one: Int) {
    let record = self.record
    if let record, report.running == record.release { census.running += one }
    guard report.phase != .departed else { return }
    census.live += one
    guard let record else { return }
    let isAbout = report.release == record.release
    if isAbout, report.phase == .failed { census.failed.change(report.instance, by: one) }
    guard report.hash <= record.step.threshold else { return }
    census.targets += one
    if isAbout, report.phase == .applied, report.running == record.release {
      census.applied += one
    } else {
      census.waiting.change(report.instance, by: one)
    }
  }
}

extension Set {
  fileprivate mutating func change(_ element: Element, by one: Int) {
    if one > 0 { insert(element) } else { remove(element) }
  }
}
