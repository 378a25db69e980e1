import HotReloadFleet
import HotReloadTesting
import Testing

/// On a real etcd. Without one these tests do nothing; `EtcdStoreTests` says so.
@Suite(.serialized, .timeLimit(.minutes(4))) struct BundleEtcdTests {
  private let keys = FleetKeys(prefix: "fleet")

  @Test(arguments: EtcdBinary.installed)
  func `A bundle comes back from etcd as it was put there`(_ binary: EtcdBinary) async throws {
    let server = try await EtcdServer(binary)
    let store = try EtcdStore(EtcdOptions(endpoints: [server.endpoint]))
    try await BundleChecks.passThrough(store, keys)
    await store.close()
  }

  @Test(arguments: EtcdBinary.installed)
  func `The largest bundle passes through an etcd as it is installed`(
    _ binary: EtcdBinary
  ) async throws {
    let server = try await EtcdServer(binary)
    let store = try EtcdStore(EtcdOptions(endpoints: [server.endpoint]))
    var random = SeededGenerator(seed: 7)
    var block = (0..<1 << 16).map { _ in UInt8(random.below(256)) }
    let count = 40
    let files = (0..<count).map { number in
      block[number] &+= 1
      let size = ContentBundle.maximumBytes / count
      let bytes = (0...size / block.count).flatMap { _ in block }.prefix(size)
      return ContentBundle.File(path: "static/f\(number)", bytes: Array(bytes))
    }
    let bundle = try ContentBundle(files: files)
    try await store.publish(bundle, under: keys)
    #expect(try await store.bundle(bundle.digest, under: keys)?.files == bundle.files)
    await store.close()
  }

  @Test(arguments: EtcdBinary.installed)
  func `Publishing goes on when an etcd that stood still goes on`(
    _ binary: EtcdBinary
  ) async throws {
    let server = try await EtcdServer(binary)
    let options = EtcdOptions(
      endpoints: [server.endpoint], requestTimeout: .milliseconds(300))
    let etcd = try EtcdStore(options)
    let (failures, failed) = AsyncStream.makeStream(of: Void.self)
    let store = ObservedStore(etcd, onFailure: { failed.yield() })
    let bundle = try BundleChecks.bundle(["a": "1", "b": String(repeating: "2", count: 2_000_000)])
    server.pause()
    let keys = keys
    async let published: Void = store.publish(bundle, under: keys)
    for await _ in failures { break }
    server.resume()
    try await published
    #expect(try await store.bundle(bundle.digest, under: keys) == bundle)
    try await BundleChecks.expectNothingLeftOver(store, keys)
    await store.close()
  }

  @Test(arguments: EtcdBinary.installed)
  func `Publishing goes on after etcd was killed and started again`(
    _ binary: EtcdBinary
  ) async throws {
    let server = try await EtcdServer(binary)
    let etcd = try EtcdStore(EtcdOptions(endpoints: [server.endpoint]))
    let (failures, failed) = AsyncStream.makeStream(of: Void.self)
    let store = ObservedStore(etcd, onFailure: { failed.yield() })
    let first = try BundleChecks.bundle(["a": "1"])
    try await store.publish(first, under: keys)
    server.kill()
    let second = try BundleChecks.bundle(["a": "2", "b": String(repeating: "2", count: 2_000_000)])
    let keys = keys
    async let result = publishUntilDone(second, store, keys)
    for await _ in failures { break }
    try await server.start()
    try await result
    #expect(try await store.bundle(first.digest, under: keys) == first)
    #expect(try await store.bundle(second.digest, under: keys) == second)
    await store.close()
  }

  /// How long an etcd takes to start is not ours to say: who publishes may have given up, and begins anew.
  private func publishUntilDone(
    _ bundle: ContentBundle, _ store: ObservedStore, _ keys: FleetKeys
  ) async throws {
    for attempt in 1... {
      do {
        return try await store.publish(bundle, under: keys)
      } catch let error as StoreError where error.isSafeToRetry && attempt < 20 {}
    }
  }
}
