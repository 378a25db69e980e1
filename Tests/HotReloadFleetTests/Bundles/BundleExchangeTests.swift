import HotReloadTesting
import Synchronization
import SystemPackage
import Testing

@testable import HotReloadFleet

@Suite(.timeLimit(.minutes(1))) struct BundleExchangeTests {
  private let keys = FleetKeys(prefix: "fleet")

  @Test func `A bundle comes back from a store as it was put there`() async throws {
    let folder = try TemporaryWorkspace()
    for store: any FleetStore in [
      InMemoryStore(), try await SQLiteStore.open(folder.root.appending("fleet.sqlite")),
    ] {
      try await BundleChecks.passThrough(store, keys)
      await store.close()
    }
  }

  @Test func `A bundle that is there is not sent again, and an edit sends one file`() async throws {
    let store = InMemoryStore()
    let first = try BundleChecks.bundle(["a": "1", "b": "2", "c": "3"])
    try await store.publish(first, under: keys)
    let revision = try await store.read(.all).revision
    try await store.publish(first, under: keys)
    #expect(try await store.read(.all).revision == revision)
    let before = try await store.read(keys.bundles).entries
    let second = try BundleChecks.bundle(["a": "1", "b": "4", "c": "3"])
    try await store.publish(second, under: keys)
    let written = try await store.read(keys.bundles).entries.filter {
      $0.modRevision > revision && $0.key.hasPrefix("fleet/bundles/files/")
    }
    #expect(written.map(\.value) == [Array("4".utf8)])
    for entry in before where entry.key != keys.bundleFence {
      #expect(try await store.read(entry.key) == entry)
    }
    #expect(try await store.bundle(first.digest, under: keys) == first)
    #expect(try await store.bundle(second.digest, under: keys) == second)
  }

  @Test func `Many small files take few requests`() async throws {
    let commits = Mutex((writing: 0, reading: 0))
    let store = InMemoryStore()
    store.inject { request in
      guard case .commit(let transaction) = request else { return nil }
      commits.withLock {
        if transaction.mutations.isEmpty { $0.reading += 1 } else { $0.writing += 1 }
      }
      return nil
    }
    let files = Dictionary(uniqueKeysWithValues: (0..<1_000).map { ("f\($0)", "\($0)") })
    let bundle = try BundleChecks.bundle(files)
    try await store.publish(bundle, under: keys)
    #expect(try await store.bundle(bundle.digest, under: keys) == bundle)
    // 127 files at a time, the list before and the manifest behind.
    #expect(commits.withLock { $0.writing } == 8 + 2)
    #expect(commits.withLock { $0.reading } == 8)
  }

  enum Damage: CaseIterable, Sendable { case lost, other, longer, manifest, wrongManifest }

  @Test(arguments: Damage.allCases)
  func `What is damaged in the store is told, and never taken`(_ damage: Damage) async throws {
    let store = InMemoryStore()
    let bundle = try BundleChecks.bundle(["a": "one", "b": "two"])
    let other = try BundleChecks.bundle(["a": "three"])
    try await store.publish(bundle, under: keys)
    let piece = keys.piece(try #require(bundle.listing.pieces.first))
    let manifest = keys.bundle(bundle.digest)
    let mutation: StoreMutation =
      switch damage {
      case .lost: .delete(piece)
      case .other: .put(piece, Array("eno".utf8))
      case .longer: .put(piece, Array("one more".utf8))
      case .manifest: .put(manifest, Array(bundle.listing.bytes.dropLast()))
      case .wrongManifest: .put(manifest, other.listing.bytes)
      }
    _ = try await store.commit(StoreTransaction(then: [mutation]))
    let error = await #expect(throws: StoreError.self) {
      try await store.bundle(bundle.digest, under: keys)
    }
    #expect(error?.code == .corrupted)
    #expect(error?.message.contains("publish the bundle again") == true)
  }

  @Test func `There is no bundle under a digest that nobody published`() async throws {
    let store = InMemoryStore()
    for text in ["", "../x", String(repeating: "0", count: 64)] {
      #expect(try await store.bundle(BundleDigest(rawValue: text), under: keys) == nil)
    }
  }

  @Test func `Pruning keeps what is asked for and what the store names, and removes all else`()
    async throws
  {
    let store = InMemoryStore()
    let bundles = try (0..<6).map { number in
      try BundleChecks.bundle([
        "shared": "s", "pair": "\(number / 2)", "own": "own \(number)",
        "big": String(repeating: "\(number)", count: 1_100_000),
      ])
    }
    for bundle in bundles { try await store.publish(bundle, under: keys) }
    let release = { Release(number: $0, content: bundles[Int($0)].digest) }
    let record = RolloutRecord(
      release: release(1), base: release(2), stages: [],
      step: RolloutStep(entering: 0, of: [RolloutStage(percent: 100, bake: .zero)], hashes: []),
      state: .ended(.committed), proposal: "", proposedBy: "", startedAt: 0, movedAt: 0,
      controller: "", fence: 0)
    _ = try await store.commit(
      StoreTransaction(then: [
        .put(keys.rollout, try FleetKeys.encode(record)),
        .put(keys.committed, try FleetKeys.encode(CommittedRelease(release: release(3)))),
        .put(
          keys.proposal,
          try FleetKeys.encode(Proposal(id: "p", content: bundles[4].digest, proposedBy: ""))),
      ]))
    try await store.pruneBundles(keeping: [bundles[5].digest], under: keys)
    #expect(try await store.bundle(bundles[0].digest, under: keys) == nil)
    for bundle in bundles[1...] {
      #expect(try await store.bundle(bundle.digest, under: keys) == bundle)
    }
    try await BundleChecks.expectNothingLeftOver(store, keys)
    _ = try await store.commit(
      StoreTransaction(then: [
        .delete(keys.rollout), .delete(keys.committed), .delete(keys.proposal),
      ]))
    try await store.pruneBundles(keeping: [], under: keys)
    #expect(try await store.read(keys.bundles).entries.map(\.key) == [keys.bundleFence])
  }

  @Test func `Nothing is pruned while it is not known what is used`() async throws {
    let store = InMemoryStore()
    let bundle = try BundleChecks.bundle(["a": "1"])
    try await store.publish(bundle, under: keys)
    _ = try await store.commit(
      StoreTransaction(then: [.put(keys.rollout, Array("{\"version\":99}".utf8))]))
    let error = await #expect(throws: StoreError.self) {
      try await store.pruneBundles(keeping: [], under: keys)
    }
    #expect(error?.code == .unsupported)
    #expect(try await store.bundle(bundle.digest, under: keys) == bundle)
  }

  @Test func `What a publisher leaves that died is removed by the next prune, wherever it died`()
    async throws
  {
    let bundle = try BundleChecks.bundle([
      "a": String(repeating: "a", count: 2_500_000), "b": String(repeating: "b", count: 900_000),
      "c": "c",
    ])
    for survivors in 0..<6 {
      let store = InMemoryStore()
      let left = Mutex(survivors)
      store.inject { request in
        guard case .commit = request else { return nil }
        return left.withLock { left in
          left -= 1
          return left < 0 ? .refused : nil
        }
      }
      let exchange = quick(store)
      if (try? await exchange.publish(bundle)) == nil {
        store.inject(nil)
        #expect(try await store.bundle(bundle.digest, under: keys) == nil)
        try await store.pruneBundles(keeping: [bundle.digest], under: keys)
        #expect(
          try await store.read(keys.bundles).entries.filter { $0.key != keys.bundleFence }.isEmpty)
      }
      store.inject(nil)
      try await store.publish(bundle, under: keys)
      #expect(try await store.bundle(bundle.digest, under: keys) == bundle)
      try await BundleChecks.expectNothingLeftOver(store, keys)
    }
  }

  @Test func `A store that is away for a while is waited for, and one that stays away is told`()
    async throws
  {
    let store = InMemoryStore()
    let bundle = try BundleChecks.bundle(["a": "1"])
    let faults = Mutex([StoreFault.refused, .requestLost, .answerLost, .late, .answerLost])
    store.inject { _ in faults.withLock { $0.popLast() } }
    try await quick(store).publish(bundle)
    store.deliverLateRequests()
    #expect(try await store.bundle(bundle.digest, under: keys) == bundle)
    store.inject { _ in .refused }
    let error = await #expect(throws: StoreError.self) {
      try await quick(store).publish(try BundleChecks.bundle(["a": "2"]))
    }
    #expect(error?.code == .unavailable)
  }

  private func quick(_ store: InMemoryStore) -> BundleExchange {
    BundleExchange(
      store: store, keys: keys, firstPause: .microseconds(10), longestPause: .microseconds(100))
  }
}

/// What is asked of any store.
enum BundleChecks {
  static func bundle(_ files: [String: String]) throws -> ContentBundle {
    try ContentBundle(
      files: files.map { ContentBundle.File(path: $0.key, bytes: Array($0.value.utf8)) })
  }

  static func passThrough(_ store: any FleetStore, _ keys: FleetKeys) async throws {
    var random = SeededGenerator(seed: 1)
    let large = (0..<2_500_000).map { _ in UInt8(random.below(256)) }
    let small = (0..<300).map {
      ContentBundle.File(
        path: "static/f\($0)", bytes: [UInt8](repeating: UInt8($0 & 255), count: $0))
    }
    let bundle = try ContentBundle(
      files: small + [
        ContentBundle.File(path: "static/large", bytes: large),
        ContentBundle.File(path: "static/the-same", bytes: large),
        ContentBundle.File(path: "static/empty", bytes: []),
      ])
    #expect(try await store.bundle(bundle.digest, under: keys) == nil)
    try await store.publish(bundle, under: keys)
    #expect(try await store.bundle(bundle.digest, under: keys)?.files == bundle.files)
    let other = try BundleChecks.bundle(["config/app.toml": "a = 1"])
    try await store.publish(other, under: keys)
    try await store.pruneBundles(keeping: [other.digest], under: keys)
    #expect(try await store.bundle(bundle.digest, under: keys) == nil)
    #expect(try await store.bundle(other.digest, under: keys) == other)
    try await expectNothingLeftOver(store, keys)
  }

  /// Expects that the store has the pieces of its bundles, and nothing else but the fence.
  static func expectNothingLeftOver(_ store: any FleetStore, _ keys: FleetKeys) async throws {
    var expected: Set<StoreKey> = [keys.bundleFence]
    for listing in try await BundleExchange(store: store, keys: keys).listings(
      under: keys.manifests
    )
    .values {
      expected.insert(keys.bundle(listing.digest))
      expected.formUnion(listing.pieces.map { keys.piece($0) })
    }
    var found: Set<StoreKey> = []
    var range: StoreRange? = keys.bundles
    while let next = range {
      let page = try await store.read(next, limit: 50)
      found.formUnion(page.entries.map(\.key))
      range = page.rest
    }
    #expect(found == expected)
  }
}
