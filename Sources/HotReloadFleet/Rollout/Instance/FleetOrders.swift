/// A value with the revisions under which the store has it.
struct Versioned<Value: Sendable & Hashable>: Sendable, Hashable {
  var value: Value
  var created: StoreRevision
  var modified: StoreRevision

  init(_ value: Value, _ entry: StoreEntry) {
    self.value = value
    created = entry.createRevision
    modified = entry.modRevision
  }
}

/// What every instance knows of the fleet, as it was at one revision of the store.
struct FleetOrders: Sendable, Hashable {
  var record: Versioned<RolloutRecord>?
  var committed: Versioned<CommittedRelease>?
  var controller: Versioned<ControllerSeat>?
  /// What cannot be read, and why.
  var unreadable: [StoreKey: String] = [:]
  /// Everything up to this revision is in here.
  var revision = StoreRevision.zero

  init() {}

  /// What a read found.
  init(_ changes: some Sequence<FleetChange>, revision: StoreRevision) {
    for change in changes { take(change) }
    self.revision = revision
  }

  /// Takes in what one commit changed. What is in here already is taken in once only.
  mutating func apply(_ changes: some Sequence<FleetChange>, at revision: StoreRevision) {
    guard revision > self.revision else { return }
    update(by: changes, to: revision)
  }

  /// Takes in changes that are known to be new.
  mutating func update(by changes: some Sequence<FleetChange>, to revision: StoreRevision) {
    for change in changes { take(change) }
    self.revision = max(self.revision, revision)
  }

  private mutating func take(_ change: FleetChange) {
    unreadable[change.key] = nil
    switch change {
    case .put(let entry, .rollout(let value)): record = Versioned(value, entry)
    case .put(let entry, .committed(let value)): committed = Versioned(value, entry)
    case .put(let entry, .controller(let value)): controller = Versioned(value, entry)
    case .put: break
    case .deleted(let key): forget(key)
    case .unreadable(let key, let reason):
      forget(key)
      unreadable[key] = reason
    }
  }

  private mutating func forget(_ key: StoreKey) {
    if key.hasSuffix("orders/rollout") { record = nil }
    if key.hasSuffix("orders/committed") { committed = nil }
    if key.hasSuffix("orders/controller") { controller = nil }
  }
}

extension StoreKey {
  /// Whether the key ends with the text's bytes.
  func hasSuffix(_ text: String) -> Bool {
    bytes.count >= text.utf8.count && bytes.suffix(text.utf8.count).elementsEqual(text.utf8)
  }
}

/// What became of a transaction that a machine asked for. One whose outcome is unknown is resolved first: there is no outcome
/// before it is known.
enum WriteOutcome: Sendable {
  case made(StoreRevision)
  case conflict(StoreConflict)
  /// It was not made, and never will be.
  case notMade(isLeaseGone: Bool)
}

/// The name of a transaction that a machine asked for.
struct WriteNumber: Sendable, Hashable { var number: UInt64 }
