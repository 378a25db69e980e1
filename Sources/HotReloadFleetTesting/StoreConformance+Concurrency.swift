import HotReloadFleet

extension StoreConformance {
  /// How many writers there are at once, and how often each adds one.
  private static let writers = 4
  private static let additions = 10

  /// One thing that a task did with a counter: when it began and ended by the task's clock, and what the counter was then.
  private struct Observation: Sendable {
    var began: ContinuousClock.Instant
    var ended: ContinuousClock.Instant
    var revision: StoreRevision
    var value: UInt8
  }

  static let concurrency = [
    Check("Writers at the same time, on two ways to the store, are in one order that all see") {
      bench in
      let other = try await bench.factory.open(bench.place)
      try await bench.make(.put("counter", [0]))
      let history = try await withThrowingTaskGroup(of: [Observation].self) { group in
        for writer in 0..<writers {
          let store = writer % 2 == 0 ? bench.store : other
          group.addTask { try await addUp(bench, store) }
          group.addTask { try await readAlong(store) }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      try await bench.expectEqual(
        other.read("counter")?.value, [UInt8(writers * additions)], "the sum")
      try checkOrder(history, bench)
      await other.close()
    }
  ]

  private static func addUp(
    _ bench: Bench, _ store: any FleetStore
  ) async throws -> [Observation] {
    var history: [Observation] = []
    while history.count < additions {
      guard let entry = try await store.read("counter"), let old = entry.value.first else {
        throw Failure(description: "the counter is gone", fileID: #fileID, line: #line)
      }
      let began = ContinuousClock.now
      let outcome = try await store.commit(
        StoreTransaction(
          if: [StoreCondition("counter", .modified(entry.modRevision))],
          then: [.put("counter", [old + 1])]))
      guard case .succeeded(let revision) = outcome else { continue }
      history.append(
        Observation(began: began, ended: .now, revision: revision, value: old + 1))
    }
    return history
  }

  private static func readAlong(_ store: any FleetStore) async throws -> [Observation] {
    var history: [Observation] = []
    for _ in 0..<additions {
      let began = ContinuousClock.now
      guard let entry = try await store.read("counter"), let value = entry.value.first else {
        throw Failure(description: "the counter is gone", fileID: #fileID, line: #line)
      }
      history.append(
        Observation(began: began, ended: .now, revision: entry.modRevision, value: value))
    }
    return history
  }

  /// A counter that only grows is linearizable if its values and its revisions are in the same order, and if nothing
  /// that began after something else had ended saw an older value.
  private static func checkOrder(_ history: [Observation], _ bench: Bench) throws {
    for (first, second) in zip(
      history.sorted { $0.value < $1.value }, history.sorted { $0.value < $1.value }.dropFirst())
    {
      try bench.expectEqual(
        first.revision < second.revision, first.value < second.value,
        "the order of \(first) and \(second)")
    }
    let byBegin = history.sorted { $0.began < $1.began }
    let byEnd = history.sorted { $0.ended < $1.ended }
    var newest: UInt8 = 0
    var ended = byEnd.makeIterator()
    var next = ended.next()
    for observation in byBegin {
      while let earlier = next, earlier.ended < observation.began {
        newest = max(newest, earlier.value)
        next = ended.next()
      }
      try bench.expect(
        observation.value >= newest, "\(observation) is older than \(newest), which was seen before"
      )
    }
  }
}
