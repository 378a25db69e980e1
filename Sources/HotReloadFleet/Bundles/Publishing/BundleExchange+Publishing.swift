extension BundleExchange {
  /// What this publisher put there: under which write of the stage, and after which removal.
  private struct Written {
    var stage = StoreRevision.zero
    var removal: [UInt8] = []
    var pieces: Set<BundlePiece> = []
  }

  func publish(_ bundle: ContentBundle) async throws {
    let digest = bundle.digest
    var written = Written()
    var pause = newPause
    for round in 1...Self.maximumRounds {
      if round > 1 { try await wait(&pause) }
      // Before anything is looked at.
      let fence = try await fence()
      if try await read(keys.bundle(digest)) != nil { return }
      let there = try await listings(under: keys.manifests).values
        .reduce(into: Set<String>()) { $0.formUnion($1.lines.lazy.map(\.sha256)) }
      guard let stage = try await announce(bundle.listing) else { continue }
      if stage != written.stage || fence.removal != written.removal {
        written = Written(stage: stage, removal: fence.removal)
      }
      guard try await upload(bundle, except: there, &written) else { continue }
      let end = try await commit(
        StoreTransaction(
          if: [fence.isUnmoved, StoreCondition(keys.stage(of: digest), .modified(stage))],
          then: [
            .put(keys.bundle(digest), bundle.listing.bytes), .delete(keys.list(of: digest)),
            .delete(keys.stage(of: digest)), fence.movePublishing,
          ]))
      if case .made = end { return }
    }
    throw Self.fenceNeverStill("publishing bundle \(digest)")
  }

  /// Says which files come, unless another one who publishes the same has said so: then both put them there, and whoever is first puts
  /// the manifest.
  /// - Returns: the write of the stage; nil if somebody else wrote it meanwhile.
  private func announce(_ listing: BundleListing) async throws(StoreError) -> StoreRevision? {
    let stage = keys.stage(of: listing.digest)
    let entry = try await read(stage)
    if let entry, entry.value == BundleStage.coming { return entry.modRevision }
    let isAsRead = StoreCondition(stage, entry.map { .modified($0.modRevision) } ?? .absent)
    let end = try await commit(
      StoreTransaction(
        if: [isAsRead],
        then: [.put(keys.list(of: listing.digest), listing.bytes), .put(stage, BundleStage.coming)])
    )
    guard case .made(let revision) = end else { return nil }
    return revision
  }

  /// Puts the pieces that are missing; false if the stage was written by another one.
  private func upload(
    _ bundle: ContentBundle, except there: Set<String>, _ written: inout Written
  ) async throws(StoreError) -> Bool {
    var contents: [String: [UInt8]] = [:]
    for (line, file) in zip(bundle.listing.lines, bundle.files) {
      contents[line.sha256] = file.bytes
    }
    let isOurs = StoreCondition(keys.stage(of: bundle.digest), .modified(written.stage))
    let missing = bundle.listing.pieces.filter {
      !there.contains($0.sha256) && !written.pieces.contains($0)
    }
    for batch in missing.batches {
      let puts = batch.map { piece -> StoreMutation in
        let bytes = contents[piece.sha256]?[piece.offset..<piece.offset + piece.size] ?? []
        return .put(keys.piece(piece), Array(bytes))
      }
      guard case .made = try await commit(StoreTransaction(if: [isOurs], then: puts)) else {
        return false
      }
      written.pieces.formUnion(batch)
    }
    return true
  }
}
