import HotReloadTesting
import Synchronization
import SystemPackage
import Testing

@testable import HotReloadFleet

/// Publishers, proposers and pruners at once, on a store that loses requests and answers; then every commit of it is looked at.
@Suite(.timeLimit(.minutes(3))) struct BundleRaceTests {
  private let keys = FleetKeys(prefix: "fleet")

  @Test
  func
    `A manifest always has all its files, and a proposal always its manifest, whoever publishes and prunes`()
    async throws
  {
    var total = (proposals: 0, removed: 0)
    for seed in PropertySeeds(12) {
      var random = SeededGenerator(seed: seed)
      let store = InMemoryStore(retainedCommits: 1_000_000)
      let faults = Mutex(SeededGenerator(seed: seed))
      store.inject { _ in
        faults.withLock { random in
          switch random.below(40) {
          case 0: .answerLost
          case 1: .requestLost
          case 2: .late
          case 3: .refused
          case 4..<24: .delayed(.microseconds(random.below(300)))
          default: nil
          }
        }
      }
      let bundles = try (0..<6).map { _ in try randomBundle(&random) }
      await withTaskGroup(of: Void.self) { group in
        for worker in 0..<6 {
          group.addTask { await self.work(worker, seed, store, bundles) }
        }
      }
      store.inject(nil)
      store.deliverLateRequests()
      let commits = try check(store.snapshot, "\(random)")
      total = (total.proposals + commits.proposals, total.removed + commits.removed)
      // Whatever was left half way, one prune mends it.
      _ = try await store.commit(StoreTransaction(then: [.delete(keys.proposal)]))
      try await store.pruneBundles(keeping: [], under: keys)
      #expect(
        try await store.read(keys.bundles).entries.map(\.key) == [keys.bundleFence], "\(random)")
    }
    #expect(total.proposals > 0 && total.removed > 0)
  }

  /// The pruner has read the lists before the publisher writes its own, so it does not know of it; the publisher has seen a file in
  /// a manifest before the pruner removes both.
  @Test func `A publisher that counts on a file that is removed meanwhile puts it there itself`()
    async throws
  {
    let memory = InMemoryStore()
    let keys = keys
    let old = try BundleChecks.bundle(["shared": "s", "old": "o"])
    let new = try BundleChecks.bundle(["shared": "s", "new": "n"])
    try await memory.publish(old, under: keys)
    let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
    let (releases, release) = AsyncStream.makeStream(of: Void.self)
    let manifest = keys.bundle(new.digest)
    let publisherStore = ObservedStore(
      memory,
      beforeCommit: { transaction in
        guard transaction.mutations.contains(where: { $0.key == manifest }) else { return }
        arrived.finish()
        for await _ in releases {}
      })
    let publisher = Mutex<Task<Void, any Error>?>(nil)
    let prunerStore = ObservedStore(
      memory,
      beforeCommit: { _ in
        publisher.withLock { task in
          task = task ?? Task { try await publisherStore.publish(new, under: keys) }
        }
        for await _ in arrivals {}
      })
    try await prunerStore.pruneBundles(keeping: [], under: keys)
    #expect(try await memory.bundle(old.digest, under: keys) == nil)
    release.finish()
    try await publisher.withLock { $0 }?.value
    #expect(try await memory.bundle(new.digest, under: keys) == new)
    try await BundleChecks.expectNothingLeftOver(memory, keys)
  }

  private func work(
    _ worker: Int, _ seed: UInt64, _ store: InMemoryStore, _ bundles: [ContentBundle]
  ) async {
    var random = SeededGenerator(seed: seed << 8 | UInt64(worker))
    let exchange = BundleExchange(
      store: store, keys: keys, firstPause: .microseconds(50), longestPause: .milliseconds(2))
    for _ in 0..<(worker < 2 ? 12 : 6) {
      let bundle = bundles[random.below(bundles.count)]
      // With so many faults some attempts come to nothing, which is a process that dies.
      if worker < 2 {
        try? await exchange.prune(keeping: [bundle.digest])
      } else {
        guard (try? await exchange.publish(bundle)) != nil, random.below(2) == 0 else { continue }
        try? await propose(bundle, exchange)
      }
    }
  }

  private func propose(_ bundle: ContentBundle, _ exchange: BundleExchange) async throws {
    let proposal = Proposal(id: "p", content: bundle.digest, proposedBy: "test")
    _ = try await exchange.commit(
      StoreTransaction(
        if: [StoreCondition(keys.bundle(bundle.digest), .present)],
        then: [.put(keys.proposal, try FleetKeys.encode(proposal))]))
  }

  /// Goes through all commits in their order.
  private func check(_ state: StoreState, _ seed: Comment) throws -> (proposals: Int, removed: Int)
  {
    var cursor = StoreWatchCursor(.all, after: .zero)
    var entries: [StoreKey: [UInt8]] = [:]
    var counts = (proposals: 0, removed: 0)
    while case .changes(let batch) = cursor.next(in: state) {
      for change in batch.changes {
        switch change {
        case .put(let entry):
          entries[entry.key] = entry.value
          if entry.key == keys.proposal { counts.proposals += 1 }
        case .deleted(let key):
          entries[key] = nil
          if key.hasPrefix(keys.manifests) { counts.removed += 1 }
        }
      }
      let known = entries.filter {
        $0.key.hasPrefix(keys.manifests) || $0.key.hasPrefix(keys.lists)
      }
      let files = try known.values.reduce(into: Set<String>()) { files, bytes in
        files.formUnion(try BundleListing(parsing: bytes).lines.map(\.sha256))
      }
      for (key, bytes) in known where key.hasPrefix(keys.manifests) {
        for piece in try BundleListing(parsing: bytes).pieces {
          #expect(
            entries[keys.piece(piece)]?.count == piece.size,
            "\(seed): a manifest without its files at \(batch.revision)")
        }
      }
      for key in entries.keys where key.hasPrefix("fleet/bundles/files/") {
        let file = key.description.split(separator: "/")[3]
        #expect(files.contains(String(file)), "\(seed): a file nobody knows at \(batch.revision)")
      }
      if let bytes = entries[keys.proposal],
        case .put(_, .proposal(let proposal))? = keys.change(
          .put(
            StoreEntry(key: keys.proposal, value: bytes, createRevision: .zero, modRevision: .zero))
        )
      {
        #expect(
          entries[keys.bundle(proposal.content)] != nil,
          "\(seed): a proposal without its bundle at \(batch.revision)")
      }
    }
    return counts
  }

  /// Of few files, so that bundles share some, and one that has several pieces now and then.
  private func randomBundle(_ random: inout SeededGenerator) throws -> ContentBundle {
    let files = (0...random.below(4)).map { number in
      let content = random.below(5)
      let size = random.below(8) == 0 ? 1_200_000 : 10
      return ContentBundle.File(
        path: "f\(number)", bytes: [UInt8](repeating: UInt8(content), count: size))
    }
    return try ContentBundle(files: files)
  }
}
