import HotReloadFleet
import HotReloadFleetTesting
import HotReloadTesting
import Testing

/// On a real etcd. Without one these tests fail: install Debian's `etcd-server`, as scripts/test does.
@Suite(.serialized, .timeLimit(.minutes(4))) struct EtcdStoreTests {
  @Test func `An etcd is installed, on which the other tests run`() {
    #expect(
      !EtcdBinary.installed.isEmpty,
      "install Debian's etcd-server, or name a binary by HOTRELOAD_ETCD")
  }

  @Test(arguments: EtcdBinary.installed)
  func `The store in etcd keeps what a store promises`(_ binary: EtcdBinary) async throws {
    let server = try await EtcdServer(binary)
    let endpoint = server.endpoint
    let factory = StoreFactory(
      open: { try EtcdStore(EtcdOptions(endpoints: [endpoint], namespace: "/\($0)")) },
      compact: { try await ($0 as? EtcdStore)?.compact(through: $1) })
    for check in StoreConformance.checks {
      do {
        try await check.run(factory)
      } catch {
        Issue.record("\(check): \(error)")
      }
    }
  }

  @Test(arguments: EtcdBinary.installed)
  func `A watch goes on after etcd was killed and started again`(
    _ binary: EtcdBinary
  ) async throws {
    let server = try await EtcdServer(binary)
    let store = try EtcdStore(EtcdOptions(endpoints: [server.endpoint]))
    let before = try await store.read(.all).revision
    var watch = store.watch(.all, after: before).makeAsyncIterator()
    let first = try await store.put("key", 1)
    #expect(try await watch.nextChange()?.revision == first)
    server.kill()
    guard case .interrupted = try await watch.next() else {
      Issue.record("the watch does not tell that etcd is away")
      return
    }
    let error = await #expect(throws: StoreError.self) { try await store.put("key", 2) }
    #expect(error?.code == .unavailable)
    #expect(error?.isSafeToRetry == true)
    try await server.start()
    let second = try await store.put("key", 3)
    #expect(try await watch.nextChange()?.revision == second)
    await store.close()
  }

  @Test(arguments: EtcdBinary.installed)
  func `What an etcd that stands still was asked for is unknown, and is settled when it goes on`(
    _ binary: EtcdBinary
  ) async throws {
    let server = try await EtcdServer(binary)
    let store = try EtcdStore(
      EtcdOptions(endpoints: [server.endpoint], requestTimeout: .milliseconds(300)))
    _ = try await store.put("key", 1)
    server.pause()
    let transaction = StoreTransaction(
      if: [StoreCondition("key", .value([1]))], then: [.put("key", [2])])
    guard case .unknown(let outcome) = try await store.commit(transaction) else {
      Issue.record("the outcome is known")
      server.resume()
      return
    }
    #expect(outcome.operation == transaction.operation)
    server.resume()
    let resolved = try await store.retrying { try await $0.resolve(transaction.operation) }
    let entry = try #require(try await store.read("key"))
    switch resolved {
    case .committed(let revision): #expect(entry.modRevision == revision && entry.value == [2])
    case .abandoned: #expect(entry.value == [1])
    }
    await store.close()
  }

  @Test(arguments: EtcdBinary.installed)
  func `A watch of an etcd that stands still is opened anew, and misses nothing`(
    _ binary: EtcdBinary
  ) async throws {
    let server = try await EtcdServer(binary)
    let store = try EtcdStore(
      EtcdOptions(
        endpoints: [server.endpoint], requestTimeout: .milliseconds(300),
        silenceLimit: .milliseconds(300)))
    let first = try await store.put("key", 1)
    var watch = store.watch(.all, after: first).makeAsyncIterator()
    // Nothing happens: the watch says that it was opened anew, and that nothing was missed.
    guard case .current(let revision) = try await watch.next() else {
      Issue.record("a silent watch was not opened anew")
      return
    }
    #expect(revision == first)
    server.pause()
    event: while true {
      switch try await watch.next() {
      case .interrupted: break event
      case .current: continue
      default:
        Issue.record("the watch does not tell that etcd stands still")
        server.resume()
        return
      }
    }
    server.resume()
    let second = try await store.retrying { try await $0.put("key", 2) }
    #expect(try await watch.nextChange()?.revision == second)
    await store.close()
  }

  @Test(arguments: EtcdBinary.installed)
  func `Following goes on over what was compacted while nobody listened`(
    _ binary: EtcdBinary
  ) async throws {
    let server = try await EtcdServer(binary)
    let store = try EtcdStore(
      EtcdOptions(
        endpoints: [server.endpoint], requestTimeout: .seconds(1),
        silenceLimit: .milliseconds(300)))
    for key: StoreKey in ["deleted", "kept", "changed"] { try await store.put(key, 1) }
    var following = store.follow(.all).makeAsyncIterator()
    guard case .changed(let before, _) = try await following.next() else {
      Issue.record("the first event is no change")
      return
    }
    #expect(before.entries.count == 3)
    // It listens again when it is asked for the next event: until then it is away.
    _ = try await store.commit(StoreTransaction(then: [.delete("deleted"), .put("changed", [2])]))
    try await store.compact(through: try await store.put("new", 3))
    guard case .changed(let after, let changes) = try await following.next() else {
      Issue.record("what differs is not told")
      return
    }
    #expect(changes.map(\.key) == ["changed", "deleted", "new"])
    #expect(after.entries.keys.sorted() == ["changed", "kept", "new"])
    try await store.put("later", 4)
    guard case .changed(_, let later) = try await following.next() else { return }
    #expect(later.map(\.key) == ["later"])
    await store.close()
  }

  @Test(arguments: EtcdBinary.installed)
  func `Another member is asked when one does not answer`(_ binary: EtcdBinary) async throws {
    let away = try await EtcdServer(binary)
    let server = try await EtcdServer(binary)
    away.kill()
    let store = try EtcdStore(EtcdOptions(endpoints: [away.endpoint, server.endpoint]))
    let revision = try await store.put("key", 1)
    #expect(try await store.read("key")?.modRevision == revision)
    var watch = store.watch(.all, after: .zero).makeAsyncIterator()
    #expect(try await watch.nextChange()?.revision == revision)
    await store.close()
  }
}

extension FleetStore {
  /// Writes a value, and expects that it is.
  @discardableResult
  func put(_ key: StoreKey, _ value: UInt8) async throws -> StoreRevision {
    let outcome = try await commit(StoreTransaction(then: [.put(key, [value])]))
    guard case .succeeded(let revision) = outcome else {
      throw StoreError(.unavailable, "the outcome is \(outcome)")
    }
    return revision
  }

  /// Asks again, as long as that is safe and may help.
  func retrying<Reply>(_ body: (Self) async throws -> Reply) async throws -> Reply {
    for attempt in 0... {
      do {
        return try await body(self)
      } catch let error as StoreError where error.isSafeToRetry && attempt < 100 {
        continue
      }
    }
    throw StoreError.init(.unavailable, "unreachable")
  }
}

extension StoreWatch.Iterator {
  /// The next batch; nil if the watch ends.
  mutating func nextChange() async throws -> StoreChanges? {
    while let event = try await next() {
      switch event {
      case .changes(let changes): return changes
      case .compacted: return nil
      case .current, .interrupted: continue
      }
    }
    return nil
  }
}
