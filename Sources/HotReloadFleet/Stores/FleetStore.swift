/// Where the instances of a fleet keep what they must agree on: a small, ordered map of bytes with commits, watches and leases.
///
/// **Promises**, the same for every store, and what ``HotReloadFleetTesting`` checks:
/// - *One order.* Each commit has a revision greater than all before it. ``commit(_:)`` and ``read(_:limit:)`` are linearizable: what
///   was committed before a call began is seen by it, on whichever instance.
/// - *All or nothing.* A transaction's conditions and its mutations are one step.
/// - *Nothing is missed.* A watch tells each commit that touches its range once, whole and in order, and can go on from any
///   revision that the store still has; if it does not, it says `compacted`.
/// - *Leases end.* What was put with a lease is deleted, in one commit, when its holder was not heard of for its time
///   to live, and not before.
/// - *No guessing.* If nobody can tell whether a transaction was made, the outcome is `unknown`, and
///   ``resolve(_:)`` settles it.
///
/// All of it is for many tasks at once. A call whose task is cancelled before anything was sent throws a ``StoreError`` with
/// the code `cancelled`.
public protocol FleetStore: Sendable {
  /// Reads a range as it is now.
  ///
  /// - Parameters:
  ///   - range: the keys.
  ///   - limit: the most entries, from 1 to ``StoreLimits/pageEntries``.
  /// - Returns: the first entries of the range, the store's revision, and where the rest begins.
  /// - Throws: ``StoreError``; `limitExceeded` if the limit is out of its range.
  func read(_ range: StoreRange, limit: Int) async throws(StoreError) -> StorePage

  /// Makes a transaction if its conditions hold. One that was made already is not made again: its outcome is the one
  /// that it had.
  ///
  /// If the task is cancelled after the request was sent, the outcome is `unknown`.
  /// - Throws: ``StoreError`` if it was not made and will not be by this call: `limitExceeded`, `invalidRequest`, `leaseNotFound` for a
  ///   lease that has ended, `operationAbandoned`, `unavailable` and others.
  func commit(_ transaction: StoreTransaction) async throws(StoreError) -> CommitOutcome

  /// Finds out what became of a transaction with mutations, within ``StoreLimits/operationMemory`` of its commit.
  ///
  /// If it was not made, it is fenced off: its request may be on its way yet and will be refused when it arrives.
  /// - Throws: ``StoreError``; then it is still unknown, and the question can be asked again.
  func resolve(_ operation: StoreOperationID) async throws(StoreError) -> ResolvedOutcome

  /// Watches a range: what each commit after a revision changes in it.
  ///
  /// Nothing is sent before an iterator is asked for its first event. A revision that is still to come is waited for.
  func watch(_ range: StoreRange, after revision: StoreRevision) -> StoreWatch

  /// Makes a lease.
  /// - Parameter timeToLive: one within ``StoreLimits/leaseTimes``; a store may give more, never less.
  /// - Throws: ``StoreError``. If the answer was lost, a lease may be left over, which nothing depends on and which ends by itself.
  func grantLease(timeToLive: Duration) async throws(StoreError) -> StoreLease

  /// Begins a lease's time to live anew.
  /// - Throws: ``StoreError``; `leaseNotFound` if it has ended.
  func keepAlive(_ lease: StoreLeaseID) async throws(StoreError) -> StoreLease

  /// Ends a lease, and deletes what depends on it in one commit. One that has ended already is no error.
  func revoke(_ lease: StoreLeaseID) async throws(StoreError)

  /// Ends all watches and whatever else runs for the store, and waits for that. What is called later throws `closed`.
  /// The content stays. A second call does nothing.
  func close() async
}

extension FleetStore {
  /// Reads the entry of one key as it is now; nil if there is none.
  public func read(_ key: StoreKey) async throws(StoreError) -> StoreEntry? {
    try await read(.key(key), limit: 1).entries.first
  }

  /// Reads a range as it is now, with as many entries as one page has.
  public func read(_ range: StoreRange) async throws(StoreError) -> StorePage {
    try await read(range, limit: StoreLimits.pageEntries)
  }

  /// The entries of a range, and the revision of the first page: a watch from there tells what else there is.
  func readAll(_ range: StoreRange) async throws(StoreError) -> ([StoreEntry], StoreRevision) {
    var page = try await read(range)
    let revision = page.revision
    var entries = page.entries
    while let rest = page.rest {
      page = try await read(rest)
      entries += page.entries
    }
    return (entries, revision)
  }

  static func checkLimit(_ limit: Int) throws(StoreError) {
    guard 1...StoreLimits.pageEntries ~= limit else {
      throw StoreError(
        .limitExceeded,
        "a page of \(limit) entries was asked for; from 1 to \(StoreLimits.pageEntries) are possible"
      )
    }
  }

  static func checkTimeToLive(_ time: Duration) throws(StoreError) {
    guard StoreLimits.leaseTimes.contains(time) else {
      throw StoreError(
        .limitExceeded,
        "a lease of \(time) was asked for; from \(StoreLimits.leaseTimes.lowerBound) to "
          + "\(StoreLimits.leaseTimes.upperBound) is possible")
    }
  }
}
