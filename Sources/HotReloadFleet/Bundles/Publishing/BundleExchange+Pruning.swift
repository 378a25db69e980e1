extension BundleExchange {
  /// The most keys that one transaction deletes; there are conditions and other changes beside.
  private static let deletions = StoreLimits.operations - 8

  /// Another one moved the fence.
  private struct FenceMoved: Error {}

  func prune(keeping: Set<BundleDigest>) async throws {
    var pause = newPause
    for round in 1...Self.maximumRounds {
      if round > 1 { try await wait(&pause) }
      do {
        return try await pruneOnce(keeping)
      } catch is FenceMoved {}
    }
    throw Self.fenceNeverStill("pruning bundles")
  }

  private func pruneOnce(_ keeping: Set<BundleDigest>) async throws {
    var fence = try await fence()
    let named = try await namedInStore()
    var manifests = try await listings(under: keys.manifests)
    var going = try await listings(under: keys.lists)
    for (digest, listing) in manifests
    where !keeping.contains(digest) && !named.digests.contains(digest) {
      // Nothing in the store names it, and nothing will: who does it needs the manifest to be present.
      try await step(
        &fence, if: named.conditions,
        then: [
          .delete(keys.bundle(digest)), .put(keys.list(of: digest), listing.bytes),
          .put(keys.stage(of: digest), BundleStage.going),
        ])
      manifests[digest] = nil
      going[digest] = listing
    }
    let needed = manifests.values.reduce(into: Set<String>()) {
      $0.formUnion($1.lines.lazy.map(\.sha256))
    }
    for listing in going.values { try await remove(listing, except: needed, &fence) }
  }

  /// Deletes the files of a list that no manifest names, and then the list.
  private func remove(
    _ listing: BundleListing, except needed: Set<String>, _ fence: inout BundleFence
  ) async throws {
    let stage = keys.stage(of: listing.digest)
    // Whoever publishes it at this moment begins anew.
    try await step(&fence, if: [], then: [.put(stage, BundleStage.going)])
    let isGoing = StoreCondition(stage, .value(BundleStage.going))
    var deletions: [StoreMutation] = []
    for piece in listing.pieces where !needed.contains(piece.sha256) {
      deletions.append(.delete(keys.piece(piece)))
      guard deletions.count == Self.deletions else { continue }
      try await step(&fence, if: [isGoing], then: deletions)
      deletions = []
    }
    deletions += [.delete(keys.list(of: listing.digest)), .delete(stage)]
    try await step(&fence, if: [isGoing], then: deletions)
  }

  /// Does something if the fence is where it was, and moves it.
  private func step(
    _ fence: inout BundleFence, if conditions: [StoreCondition], then mutations: [StoreMutation]
  ) async throws {
    let end = try await commit(
      StoreTransaction(
        if: [fence.isUnmoved] + conditions, then: mutations + [fence.moveRemoving]))
    guard case .made(let revision) = end else { throw FenceMoved() }
    fence.moved(by: revision)
  }

  /// The bundles that the rollout, what is committed and the proposal name, and that these are as they were read.
  private func namedInStore() async throws -> (
    digests: Set<BundleDigest>, conditions: [StoreCondition]
  ) {
    var digests: Set<BundleDigest> = []
    var conditions: [StoreCondition] = []
    for key in [keys.rollout, keys.committed, keys.proposal] {
      guard let entry = try await read(key) else {
        conditions.append(StoreCondition(key, .absent))
        continue
      }
      conditions.append(StoreCondition(key, .modified(entry.modRevision)))
      switch keys.change(.put(entry)) {
      case .put(_, .rollout(let record)):
        digests.insert(record.release.content)
        if let base = record.base { digests.insert(base.content) }
      case .put(_, .committed(let committed)): digests.insert(committed.release.content)
      case .put(_, .proposal(let proposal)): digests.insert(proposal.content)
      case .unreadable(_, let problem):
        throw StoreError(
          .unsupported, "bundles are not pruned, as it is not known which are used: \(problem)")
      default: break
      }
    }
    return (digests, conditions)
  }
}
