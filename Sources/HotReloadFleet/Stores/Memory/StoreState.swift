/// A whole store as a value: what is in it, what happened, who holds leases. A pure state machine: time comes in with each call,
/// nothing waits, and the same calls give the same answers.
///
/// ``InMemoryStore`` puts a lock and a clock around one. A simulation uses it as it is, with a ``StoreWatchCursor`` for each
/// watch. Times are those of one clock that never goes back; a call first ends the leases whose time is over.
public struct StoreState: Sendable {
  /// How many commits are kept for watches, unless another number is given.
  public static let defaultRetainedCommits = 10_000

  /// What is known of a transaction that was made, or fenced off.
  struct OperationRecord: Sendable {
    var outcome: ResolvedOutcome
    var time: Duration
  }

  struct HeldLease: Sendable {
    var timeToLive: Duration
    var end: Duration
    var keys: Set<StoreKey> = []
  }

  /// The newest commit.
  public private(set) var revision = StoreRevision.zero
  /// Watches can go on from this revision and from later ones.
  public private(set) var compactedRevision = StoreRevision.zero

  private let retainedCommits: Int
  private var sortedKeys: [StoreKey] = []
  private var entries: [StoreKey: StoreEntry] = [:]
  /// The commits after ``compactedRevision``, one after the other.
  private var log: [StoreChanges] = []
  private var operations: [StoreOperationID: OperationRecord] = [:]
  /// The names of `operations`, the oldest first, after some that are forgotten.
  private var operationOrder: [StoreOperationID] = []
  private var forgottenOperations = 0
  var leases: [StoreLeaseID: HeldLease] = [:]
  var lastLease: Int64 = 0
  /// No lease ends before this time.
  var earliestEnd: Duration?

  /// An empty store.
  /// - Parameter retainedCommits: how many commits are kept for watches, 1 at least; twice as many are for a moment.
  public init(retainedCommits: Int = StoreState.defaultRetainedCommits) {
    self.retainedCommits = max(1, retainedCommits)
  }

  /// How many entries there are.
  public var count: Int { entries.count }

  /// The entry of a key; nil if there is none. Leases whose time is over are not ended by it.
  public subscript(key: StoreKey) -> StoreEntry? { entries[key] }

  /// Reads a range; see ``FleetStore/read(_:limit:)``.
  public mutating func read(
    _ range: StoreRange, limit: Int = StoreLimits.pageEntries, at now: Duration
  ) throws(StoreError) -> StorePage {
    try InMemoryStore.checkLimit(limit)
    endLeases(at: now)
    var page = StorePage(entries: [], revision: revision)
    for key in sortedKeys[position(of: range.start)...] {
      guard range.contains(key) else { break }
      guard page.entries.count < limit else {
        page.rest = StoreRange(from: key, to: range.end)
        break
      }
      if let entry = entries[key] { page.entries.append(entry) }
    }
    return page
  }

  /// Makes a transaction if its conditions hold; see ``FleetStore/commit(_:)``. The outcome is never `unknown`.
  public mutating func commit(
    _ transaction: StoreTransaction, at now: Duration
  ) throws(StoreError) -> CommitOutcome {
    try transaction.validate()
    endLeases(at: now)
    switch operations[transaction.operation]?.outcome {
    case .committed(let revision): return .succeeded(revision)
    case .abandoned: throw .abandoned(transaction.operation)
    case nil: break
    }
    guard transaction.conditions.allSatisfy({ $0.holds(for: entries[$0.key]) }) else {
      let keys = Set(transaction.conditions.map(\.key)).sorted()
      return .conflict(
        StoreConflict(entries: keys.compactMap { entries[$0] }, revision: revision))
    }
    guard !transaction.mutations.isEmpty else { return .succeeded(revision) }
    for case .put(_, _, let lease?) in transaction.mutations where leases[lease] == nil {
      throw .leaseNotFound(lease)
    }
    revision = revision.next
    record(transaction.operation, .committed(revision), at: now)
    append(transaction.mutations.sorted { $0.key < $1.key }.compactMap { apply($0) })
    return .succeeded(revision)
  }

  /// Finds out what became of a transaction; see ``FleetStore/resolve(_:)``.
  public mutating func resolve(_ operation: StoreOperationID, at now: Duration) -> ResolvedOutcome {
    endLeases(at: now)
    if let record = operations[operation] { return record.outcome }
    record(operation, .abandoned, at: now)
    return .abandoned
  }

  /// Forgets the commits up to a revision, so that watches that were not told of them answer `compacted`. The entries stay.
  public mutating func compact(through revision: StoreRevision) {
    let revision = min(revision, self.revision)
    guard revision > compactedRevision else { return }
    log.removeFirst(Int(revision.rawValue - compactedRevision.rawValue))
    compactedRevision = revision
  }

  /// The commits after a revision; nil if not all of them are kept. Empty for one that is still to come.
  func commits(after revision: StoreRevision) -> ArraySlice<StoreChanges>? {
    guard revision >= compactedRevision else { return nil }
    let skipped = min(Int(revision.rawValue - compactedRevision.rawValue), log.count)
    return log[skipped...]
  }

  /// Deletes keys in one commit.
  mutating func delete(_ keys: Set<StoreKey>) {
    revision = revision.next
    append(keys.sorted().compactMap { apply(.delete($0)) })
  }

  private mutating func apply(_ mutation: StoreMutation) -> StoreChange? {
    switch mutation {
    case .put(let key, let value, let lease):
      let old = entries[key]
      if old == nil { sortedKeys.insert(key, at: position(of: key)) }
      if let lease = old?.lease { leases[lease]?.keys.remove(key) }
      if let lease { leases[lease]?.keys.insert(key) }
      let entry = StoreEntry(
        key: key, value: value, createRevision: old?.createRevision ?? revision,
        modRevision: revision, lease: lease)
      entries[key] = entry
      return .put(entry)
    case .delete(let key):
      guard let old = entries.removeValue(forKey: key) else { return nil }
      sortedKeys.remove(at: position(of: key))
      if let lease = old.lease { leases[lease]?.keys.remove(key) }
      return .deleted(key)
    }
  }

  /// A commit that changed nothing is kept as well: revisions without gaps are found by counting.
  private mutating func append(_ changes: [StoreChange]) {
    log.append(StoreChanges(revision: revision, changes: changes))
    // Seldom, as it moves all that stay.
    if log.count >= 2 * retainedCommits {
      compact(through: StoreRevision(rawValue: revision.rawValue - Int64(retainedCommits)))
    }
  }

  private mutating func record(
    _ operation: StoreOperationID, _ outcome: ResolvedOutcome, at now: Duration
  ) {
    operations[operation] = OperationRecord(outcome: outcome, time: now)
    operationOrder.append(operation)
    while let time = operations[operationOrder[forgottenOperations]]?.time,
      now - time > StoreLimits.operationMemory
    {
      operations[operationOrder[forgottenOperations]] = nil
      forgottenOperations += 1
    }
    // Seldom, as it moves all that stay.
    guard forgottenOperations > operationOrder.count / 2 else { return }
    operationOrder.removeFirst(forgottenOperations)
    forgottenOperations = 0
  }

  /// How many keys come before this one.
  private func position(of key: StoreKey) -> Int {
    var low = 0
    var high = sortedKeys.count
    while low < high {
      let middle = low + (high - low) / 2
      if sortedKeys[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension StoreError {
  static func abandoned(_ operation: StoreOperationID) -> StoreError {
    StoreError(
      .operationAbandoned,
      "the transaction \(operation) was given up when its outcome was asked for; make a new one")
  }

  static func leaseNotFound(_ lease: StoreLeaseID) -> StoreError {
    StoreError(
      .leaseNotFound,
      "the lease \(lease) has ended or never was; take a new one and put again what depends on it")
  }
}
