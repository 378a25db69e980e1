import HotReloadFleet
import HotReloadFleetTesting
import HotReloadTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct InMemoryStoreTests {
  @Test(arguments: StoreConformance.checks)
  func `The store in memory keeps what a store promises`(
    _ check: StoreConformance.Check
  ) async throws {
    let clock = ManualClock()
    let store = InMemoryStore(clock: clock)
    try await check.run(
      StoreFactory(
        open: { _ in store },
        compact: { _, revision in store.compact(through: revision) },
        letTimePass: { clock.advance(by: $0) }))
  }

  @Test func `An answer that is lost leaves an outcome that can be resolved`() async throws {
    let store = InMemoryStore()
    store.inject { if case .commit = $0 { .answerLost } else { nil } }
    let transaction = StoreTransaction(then: [.put("key", [1])])
    guard case .unknown(let outcome) = try await store.commit(transaction) else {
      Issue.record("the outcome is known")
      return
    }
    #expect(outcome.operation == transaction.operation)
    let entry = try #require(try await store.read("key"))
    #expect(try await store.resolve(transaction.operation) == .committed(entry.modRevision))
  }

  @Test func `A request that arrives after its outcome was asked for does nothing`() async throws {
    let store = InMemoryStore()
    store.inject { if case .commit = $0 { .late } else { nil } }
    let transaction = StoreTransaction(then: [.put("key", [1])])
    guard case .unknown = try await store.commit(transaction) else {
      Issue.record("the outcome is known")
      return
    }
    #expect(try await store.resolve(transaction.operation) == .abandoned)
    store.deliverLateRequests()
    #expect(try await store.read("key") == nil)
  }

  @Test func `A conflict after an unknown outcome is final`() async throws {
    let store = InMemoryStore()
    let transaction = StoreTransaction(
      if: [StoreCondition("key", .absent)], then: [.put("key", [1])])
    store.inject { if case .commit = $0 { .late } else { nil } }
    _ = try await store.commit(transaction)
    store.inject(nil)
    _ = try await store.commit(StoreTransaction(then: [.put("key", [2])]))
    guard case .conflict = try await store.commit(transaction) else {
      Issue.record("there is no conflict")
      return
    }
    _ = try await store.commit(StoreTransaction(then: [.delete("key")]))
    store.deliverLateRequests()
    #expect(try await store.read("key") == nil)
  }

  @Test(arguments: [StoreFault.refused, .requestLost])
  func `A request that the store does not get changes nothing`(_ fault: StoreFault) async throws {
    let store = InMemoryStore()
    store.inject { _ in fault }
    let transaction = StoreTransaction(then: [.put("key", [1])])
    if fault == .refused {
      await #expect(throws: StoreError.self) { try await store.commit(transaction) }
    } else {
      guard case .unknown = try await store.commit(transaction) else {
        Issue.record("the outcome is known")
        return
      }
    }
    await #expect(throws: StoreError.self) { try await store.read(.all) }
    store.inject(nil)
    #expect(try await store.read(.all).entries.isEmpty)
  }

  @Test func `A request can be delayed by the store's clock`() async throws {
    let clock = ManualClock()
    let store = InMemoryStore(clock: clock)
    store.inject { _ in .delayed(.seconds(3)) }
    async let outcome = store.commit(StoreTransaction(then: [.put("key", [1])]))
    await clock.waitForSleepers()
    #expect(store.snapshot["key"] == nil)
    clock.advance(by: .seconds(3))
    _ = try await outcome
    #expect(store.snapshot["key"]?.value == [1])
  }

  @Test func `Old commits are forgotten by their number`() throws {
    var state = StoreState(retainedCommits: 10)
    for _ in 0..<100 {
      _ = try state.commit(StoreTransaction(then: [.put("key", [1])]), at: .zero)
    }
    #expect(state.revision.rawValue == 100)
    #expect((80...90).contains(state.compactedRevision.rawValue))
    var cursor = StoreWatchCursor(.all, after: state.compactedRevision)
    guard case .changes(let batch) = cursor.next(in: state) else {
      Issue.record("nothing is told")
      return
    }
    #expect(batch.revision == state.compactedRevision.next)
  }

  @Test func `A transaction's name is remembered for its time, and not for ever`() throws {
    var state = StoreState()
    let first = StoreTransaction(then: [.put("key", [1])])
    _ = try state.commit(first, at: .zero)
    #expect(state.resolve(first.operation, at: StoreLimits.operationMemory) != .abandoned)
    let later = StoreLimits.operationMemory + .seconds(1)
    _ = try state.commit(StoreTransaction(then: [.put("key", [2])]), at: later)
    #expect(state.resolve(first.operation, at: later) == .abandoned)
  }
}
