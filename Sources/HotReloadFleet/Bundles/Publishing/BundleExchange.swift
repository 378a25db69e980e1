/// Requests of one caller for bundles to a fleet's store, each repeated within bounds if the store is away.
///
/// **What holds at every moment:**
/// 1. If a manifest is there, all pieces of all its files are there.
/// 2. If a piece is there, its file is in a manifest or in a list. So whatever a process leaves that dies, the next prune finds.
///
/// **How.** A publisher writes its list and the stage `coming` first, in one transaction (another one who publishes the same goes
/// on with that). Each of its transactions with pieces has as a condition that the stage is still that write, and the one that
/// puts the manifest, and removes list and stage, also that the *fence* is where it was before the publisher looked which files
/// are there.
///
/// A pruner looks where the fence is, reads manifests and lists, and then every transaction of it has the fence as a condition
/// and moves it: first what turns a manifest, or a list that came, into a list that goes (so the manifest is gone first), then
/// those that delete pieces, at last the one that deletes the list.
///
/// So a pruner deletes only what no manifest names *at that moment*: one that came to be since would have moved the fence. And a
/// publisher that counts on a file makes its manifest only if nothing was deleted since it saw that file in another one, or put
/// it there itself. Either tries again when it finds the fence moved. The fence's value is the name of the last removal: if that
/// is the same, only others published, and what a publisher has put there is there yet.
struct BundleExchange: Sendable {
  /// How often a request is sent to a store that is away, or whose answer was lost.
  static let maximumAttempts = 6
  /// How often work begins anew because others moved the fence.
  static let maximumRounds = 24
  let store: any FleetStore
  let keys: FleetKeys
  /// The first and the longest pause between attempts or rounds; it doubles, and a random part of up to a half is taken off.
  var firstPause = Duration.milliseconds(20)
  var longestPause = Duration.seconds(2)
  /// The most manifests or lists that one page is asked for.
  static let pageManifests = 8

  /// A transaction's end.
  enum End {
    case made(StoreRevision)
    case conflict(StoreConflict)
  }

  /// Has a transaction made, or not made, for certain. It has a name, so sending it again does no harm.
  func commit(_ transaction: StoreTransaction) async throws(StoreError) -> End {
    try await attempt { () throws(StoreError) in
      switch try await store.commit(transaction) {
      case .succeeded(let revision): .made(revision)
      case .conflict(let conflict): .conflict(conflict)
      // Sent again as it is, it says what came of it.
      case .unknown(let outcome): throw outcome.error.asRetryable
      }
    }
  }

  func read(_ key: StoreKey) async throws(StoreError) -> StoreEntry? {
    try await attempt { () throws(StoreError) in try await store.read(key) }
  }

  private func attempt<Result: Sendable>(
    _ body: () async throws(StoreError) -> Result
  ) async throws(StoreError) -> Result {
    var pause = newPause
    for number in 1... {
      do throws(StoreError) {
        return try await body()
      } catch {
        guard error.isSafeToRetry, error.code != .cancelled, error.code != .full,
          number < Self.maximumAttempts
        else { throw error }
      }
      try await wait(&pause)
    }
    throw .closed
  }

  /// The pauses of one loop of attempts or rounds.
  var newPause: RetryPause { RetryPause(first: firstPause, longest: longestPause) }

  func wait(_ pause: inout RetryPause) async throws(StoreError) {
    do {
      try await Task.sleep(for: pause.next())
    } catch {
      throw .cancelled
    }
  }

  /// Where the fence is.
  func fence() async throws(StoreError) -> BundleFence {
    BundleFence(keys.bundleFence, try await read(keys.bundleFence))
  }

  /// The lists under manifests or lists, by their digests.
  func listings(under prefix: StoreKey) async throws -> [BundleDigest: BundleListing] {
    var listings: [BundleDigest: BundleListing] = [:]
    var range: StoreRange? = .prefix(prefix)
    while let next = range {
      let page = try await attempt { () throws(StoreError) in
        try await store.read(next, limit: Self.pageManifests)
      }
      for entry in page.entries {
        let listing = try listing(entry)
        listings[listing.digest] = listing
      }
      range = page.rest
    }
    return listings
  }

  /// Reads a list, and checks that it is what its key says.
  func listing(_ entry: StoreEntry) throws -> BundleListing {
    let digest = entry.key.bytes.suffix(64)
    do {
      let listing = try BundleListing(parsing: entry.value)
      guard digest.elementsEqual(listing.digest.rawValue.utf8) else {
        throw BundleError(.digestMismatch, "its digest is \(listing.digest)")
      }
      return listing
    } catch {
      throw StoreError(
        .corrupted,
        "\(entry.key) in the fleet's store is not the list that it should be: \(error); delete the key, and "
          + "publish the bundle again", cause: error)
    }
  }

  static func fenceNeverStill(_ what: String) -> StoreError {
    StoreError(
      .unavailable,
      "\(what) began anew \(maximumRounds) times, as others published or pruned bundles each time; try again later"
    )
  }
}

/// What everything writes that makes a manifest, or removes anything.
struct BundleFence {
  private let key: StoreKey
  /// The name of the last removal; empty if there was none.
  let removal: [UInt8]
  /// That it was not written since it was read.
  private(set) var isUnmoved: StoreCondition

  init(_ key: StoreKey, _ entry: StoreEntry?) {
    self.key = key
    removal = entry?.value ?? []
    isUnmoved = StoreCondition(key, entry.map { .modified($0.modRevision) } ?? .absent)
  }

  /// What a publisher moves it by.
  var movePublishing: StoreMutation { .put(key, removal) }
  /// What a pruner moves it by.
  var moveRemoving: StoreMutation { .put(key, StoreOperationID().bytes) }

  /// It was moved by its holder, who holds it still.
  mutating func moved(by revision: StoreRevision) {
    isUnmoved = StoreCondition(key, .modified(revision))
  }
}

extension StoreError {
  /// The same error of a request that may be sent again.
  fileprivate var asRetryable: StoreError {
    var error = self
    error.isSafeToRetry = code != .cancelled
    return error
  }
}
