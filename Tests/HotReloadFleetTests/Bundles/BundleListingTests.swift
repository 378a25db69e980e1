import Testing

@testable import HotReloadFleet

/// Reads the list of a bundle's files back.
enum BundleListingProbe {
  static func digest(of bundle: ContentBundle) throws -> BundleDigest {
    try BundleListing(parsing: bundle.listing.bytes).digest
  }
}

@Suite struct BundleListingTests {
  private static let hash = String(repeating: "ab", count: 32)

  @Test(arguments: [
    "", "hotreload-bundle 1\n", "hotreload-bundle 2\n\(hash) 1 a\n", "\(hash) 1 a\n",
    "hotreload-bundle 1\n\(hash) 1 a", "hotreload-bundle 1\n\(hash) 01 a\n",
    "hotreload-bundle 1\n\(hash) +1 a\n", "hotreload-bundle 1\n\(hash) -1 a\n",
    "hotreload-bundle 1\n\(hash) 1 b\n\(hash) 1 a\n", "hotreload-bundle 1\n\(hash) 1 ../a\n",
    "hotreload-bundle 1\n\(hash) 1 a\n\n", "hotreload-bundle 1\n\(hash.uppercased()) 1 a\n",
    "hotreload-bundle 1\n\(hash) 99999999999999999999 a\n", "hotreload-bundle 1\n\(hash) 1\n",
    "hotreload-bundle 1\n\(hash) 8388609 a\n",
    "hotreload-bundle 1\n\(hash) 8388608 a\n\(hash) 8388608 b\n\(hash) 1 c\n",
  ])
  func `A list that is not in its canonical form is refused`(_ text: String) {
    #expect(throws: BundleError.self) { try BundleListing(parsing: Array(text.utf8)) }
  }

  @Test func `A path may have spaces in it`() throws {
    let text = "hotreload-bundle 1\n\(Self.hash) 1 a  b \n"
    #expect(try BundleListing(parsing: Array(text.utf8)).lines.map(\.path) == ["a  b "])
  }

  @Test func `Pieces are divided so that each part fits into one transaction`() throws {
    let sizes = [0, 1, 1 << 20, (1 << 20) + 1, 8 << 20] + [Int](repeating: 10, count: 400)
    let lines = sizes.enumerated().map { index, size in
      let text = String(index, radix: 16)
      let hash = String(repeating: "0", count: 64 - text.count) + text
      return BundleListing.Line(path: "f\(index)", size: size, sha256: hash)
    }
    let listing = BundleListing(lines: lines + [lines[2]])
    let pieces = listing.pieces
    #expect(pieces.reduce(0) { $0 + $1.size } == sizes.reduce(0, +))
    let keys = FleetKeys(prefix: String(repeating: "p", count: 800))
    for batch in pieces.batches {
      let puts = batch.map {
        StoreMutation.put(keys.piece($0), [UInt8](repeating: 0, count: $0.size))
      }
      let stage = StoreCondition(keys.stage(of: listing.digest), .present)
      try StoreTransaction(if: [stage], then: puts).validate()
      try StoreTransaction(if: batch.map { StoreCondition(keys.piece($0), .absent) }, then: [])
        .validate()
    }
    #expect(pieces.batches.flatMap { $0 } == pieces)
  }
}

@Suite struct BundleKeysTests {
  @Test func `Who follows a rollout gets no content of bundles`() throws {
    let keys = FleetKeys(prefix: "fleet")
    let digest = BundleDigest(rawValue: String(repeating: "0", count: 64))
    let piece = BundlePiece(sha256: digest.rawValue, number: 0, size: 1)
    for key in [
      keys.bundle(digest), keys.list(of: digest), keys.stage(of: digest), keys.bundleFence,
      keys.piece(piece),
    ] {
      #expect(!keys.all.contains(key))
      #expect(!keys.orders.contains(key))
      #expect(keys.bundles.contains(key))
      let entry = StoreEntry(
        key: key, value: [1], createRevision: .zero, modRevision: .zero)
      #expect(keys.change(.put(entry)) == nil)
    }
    for key in [
      keys.rollout, keys.committed, keys.controller, keys.proposal, keys.command, keys.refusal,
      keys.instance("a"), keys.failure(of: 1), keys.quarantine(digest),
    ] {
      #expect(keys.all.contains(key))
      #expect(!keys.bundles.contains(key))
    }
    #expect(!keys.all.contains("fleet0"))
    #expect(!keys.all.contains("fleet2/orders/rollout"))
  }
}
