import HotReloadFleet
import HotReloadTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct FollowingTests {
  @Test func `Following tells what is there, then what changes`() async throws {
    let store = InMemoryStore()
    try await store.put("a", 1)
    var following = store.follow(.all).makeAsyncIterator()
    guard case .changed(let mirror, let changes) = try await following.next() else {
      Issue.record("the first event is no change")
      return
    }
    #expect(mirror.entries["a"]?.value == [1])
    #expect(changes.map(\.key) == ["a"])
    try await store.put("b", 2)
    guard case .changed(let next, let more) = try await following.next() else { return }
    #expect(next.entries.count == 2)
    #expect(more.map(\.key) == ["b"])
    await store.close()
    #expect(try await following.next() == nil)
  }

  @Test func `What was compacted is found by reading again and comparing`() async throws {
    let store = InMemoryStore()
    for key: StoreKey in ["deleted", "kept", "changed"] { try await store.put(key, 1) }
    var following = store.follow(.all).makeAsyncIterator()
    _ = try await following.next()
    _ = try await store.commit(StoreTransaction(then: [.delete("deleted"), .put("changed", [2])]))
    let last = try await store.put("new", 3)
    store.compact(through: last)
    guard case .changed(let mirror, let changes) = try await following.next() else {
      Issue.record("nothing is told")
      return
    }
    #expect(changes.map(\.key) == ["changed", "deleted", "new"])
    #expect(changes[1] == .deleted("deleted"))
    #expect(mirror.entries.keys.sorted() == ["changed", "kept", "new"])
    try await store.put("later", 4)
    guard case .changed(_, let later) = try await following.next() else { return }
    #expect(later.map(\.key) == ["later"])
  }

  @Test func `A store that is away is told, and following goes on when it is back`() async throws {
    let clock = ManualClock()
    let store = InMemoryStore()
    try await store.put("a", 1)
    store.inject { _ in .refused }
    var following = store.follow(.all, clock: StoreClock(clock)).makeAsyncIterator()
    guard case .interrupted = try await following.next() else {
      Issue.record("nothing is told")
      return
    }
    store.inject(nil)
    async let time: Void = {
      await clock.waitForSleepers()
      clock.advance(by: StoreFollowing.firstPause)
    }()
    guard case .changed(let mirror, _) = try await following.next() else {
      Issue.record("it does not go on")
      return
    }
    #expect(mirror.entries.count == 1)
    await time
  }

  @Test func `A lease is kept alive at each third of its time, and lost when nothing is answered`()
    async throws
  {
    let clock = ManualClock()
    let store = InMemoryStore(clock: clock)
    let lease = try await store.grantLease(timeToLive: .seconds(9))
    try await store.put("other", 1)
    let keeper = LeaseKeeper(store, lease, clock: StoreClock(clock))
    let (answers, continuation) = AsyncStream.makeStream(of: Duration.self)
    let running = Task {
      try await keeper.run { _, safeUntil, _ in continuation.yield(safeUntil) }
    }
    var iterator = answers.makeAsyncIterator()
    for number in 1...5 {
      await clock.waitForSleepers()
      clock.advance(by: .seconds(3))
      #expect(await iterator.next() == .seconds(3 * number + 9))
    }
    store.inject { _ in .refused }
    for _ in 1...2 {
      await clock.waitForSleepers()
      clock.advance(by: .seconds(3))
      #expect(await iterator.next() == .seconds(24))
    }
    await clock.waitForSleepers()
    clock.advance(by: .seconds(3))
    let error = await #expect(throws: StoreError.self) { try await running.value }
    #expect(error?.code == .leaseNotFound)
  }
}
