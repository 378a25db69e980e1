import Crypto

extension BundleExchange {
  /// How often a bundle is fetched whose files are not all there, before that is an error: each time its manifest is read anew.
  static let maximumFetches = 3

  func fetch(_ digest: BundleDigest) async throws -> ContentBundle? {
    guard digest.isSHA256 else { return nil }
    var missing = ""
    for _ in 0..<Self.maximumFetches {
      guard let entry = try await read(keys.bundle(digest)) else { return nil }
      let listing = try listing(entry)
      guard let contents = try await contents(of: listing, missing: &missing) else { continue }
      let bundle = try ContentBundle(
        files: listing.lines.map {
          ContentBundle.File(path: $0.path, bytes: contents[$0.sha256] ?? [])
        })
      guard bundle.digest == digest else {
        throw corrupted(digest, "its files have the digest \(bundle.digest)")
      }
      return bundle
    }
    throw corrupted(digest, "\(missing) is missing")
  }

  /// The contents of all files by their digests; nil if one is not there, which is so while the bundle is pruned.
  private func contents(
    of listing: BundleListing, missing: inout String
  ) async throws -> [String: [UInt8]]? {
    var contents: [String: [UInt8]] = [:]
    for batch in listing.pieces.batches {
      let found = try await entries(batch.map { keys.piece($0) })
      // Pieces of one file follow one another, so their bytes do.
      for piece in batch {
        guard let entry = found[keys.piece(piece)] else {
          missing = "piece \(piece.number) of the file with SHA-256 \(piece.sha256)"
          return nil
        }
        contents[piece.sha256, default: []] += entry
      }
    }
    for line in listing.lines where line.size > 0 {
      guard let bytes = contents[line.sha256], SHA256.hexadecimal(bytes) == line.sha256 else {
        throw corrupted(listing.digest, "\(line.path) has other bytes than it should")
      }
    }
    return contents
  }

  /// Many values in one request: those that stand against a transaction that wants none of them to be there.
  private func entries(_ keys: [StoreKey]) async throws(StoreError) -> [StoreKey: [UInt8]] {
    let question = StoreTransaction(if: keys.map { StoreCondition($0, .absent) }, then: [])
    guard case .conflict(let conflict) = try await commit(question) else { return [:] }
    return conflict.entries.reduce(into: [:]) { $0[$1.key] = $1.value }
  }

  private func corrupted(_ digest: BundleDigest, _ what: String) -> StoreError {
    StoreError(
      .corrupted,
      "bundle \(digest) in the fleet's store is damaged: \(what); delete the key \(keys.bundle(digest)), and publish the "
        + "bundle again")
  }
}
