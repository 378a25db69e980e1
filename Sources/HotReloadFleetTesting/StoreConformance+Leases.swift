import HotReloadFleet

extension StoreConformance {
  static let leases = [
    Check(
      "What depends on a lease is deleted in one commit when its time is over, and a watch tells"
    ) {
      bench in
      let lease = try await bench.store.grantLease(timeToLive: bench.factory.leaseTime)
      try bench.expect(lease.timeToLive >= bench.factory.leaseTime, "no less than was asked for")
      let revision = try await bench.make(
        .put("a", [1], lease: lease.id), .put("b", [1], lease: lease.id), .put("c", [1]))
      try await bench.expectEqual(bench.store.read("a")?.lease, lease.id, "an entry's lease")
      var watch = bench.store.watch(.all, after: revision).makeAsyncIterator()
      try await bench.factory.letTimePass(lease.timeToLive)
      let batch = try await bench.batches(1, &watch)[0]
      try bench.expectEqual(batch.changes, [.deleted("a"), .deleted("b")], "what ended with it")
      try await bench.expectEqual(bench.keys(.all), ["c"], "what stays")
      try await bench.expectError(.leaseNotFound, "keeping an ended lease alive") {
        _ = try await bench.store.keepAlive(lease.id)
      }
    },
    Check("A lease that is kept alive lives on") { bench in
      for isLast in [false, false, false, true] {
        let lease = try await bench.store.grantLease(timeToLive: bench.factory.leaseTime)
        do {
          try await keepAlive(lease, bench)
          return
        } catch is TooSlow where !isLast {}
      }
    },
    Check("A lease that is revoked ends at once, and revoking it again is no error") { bench in
      let lease = try await bench.store.grantLease(timeToLive: .seconds(60))
      let other = try await bench.store.grantLease(timeToLive: .seconds(60))
      try bench.expect(lease.id != other.id, "two leases have names of their own")
      try await bench.make(.put("a", [1], lease: lease.id), .put("b", [1], lease: other.id))
      try await bench.store.revoke(lease.id)
      try await bench.store.revoke(lease.id)
      try await bench.expectEqual(bench.keys(.all), ["b"], "what stays")
      try await bench.store.revoke(other.id)
      try await bench.expectEqual(bench.keys(.all), [], "what stays")
    },
    Check("An entry depends on the lease that it was put with last") { bench in
      let lease = try await bench.store.grantLease(timeToLive: .seconds(60))
      let other = try await bench.store.grantLease(timeToLive: .seconds(60))
      try await bench.make(
        .put("freed", [1], lease: lease.id), .put("moved", [1], lease: lease.id))
      try await bench.make(.put("freed", [2]), .put("moved", [2], lease: other.id))
      try await bench.store.revoke(lease.id)
      try await bench.expectEqual(bench.keys(.all), ["freed", "moved"], "what stays")
      try await bench.expectEqual(bench.store.read("freed")?.lease, nil, "it has no lease")
      try await bench.store.revoke(other.id)
      try await bench.expectEqual(bench.keys(.all), ["freed"], "what stays")
    },
    Check("A transaction with a lease that has ended is refused, all of it") { bench in
      let lease = try await bench.store.grantLease(timeToLive: .seconds(60))
      try await bench.store.revoke(lease.id)
      try await bench.expectError(.leaseNotFound, "a lease that has ended") {
        try await bench.make(.put("a", [1]), .put("b", [1], lease: lease.id))
      }
      try await bench.expectEqual(bench.keys(.all), [], "what was written")
    },
  ]
}

/// The machine did not get to keep a lease alive within its time to live.
private struct TooSlow: Error, CustomStringConvertible {
  let description = "this machine is too busy to keep a lease alive; try again when it is not"
}

/// Keeps a lease alive for twice its time to live, and looks whether what depends on it is there.
private func keepAlive(_ lease: StoreLease, _ bench: Bench) async throws {
  try await bench.make(.put("key", [1], lease: lease.id))
  for _ in 0..<8 {
    let last = ContinuousClock.now
    try await bench.factory.letTimePass(lease.timeToLive / 4)
    do {
      try await bench.expectEqual(
        bench.store.keepAlive(lease.id), lease, "a lease that is kept alive")
    } catch let error as StoreError where error.code == .leaseNotFound {
      throw ContinuousClock.now - last < lease.timeToLive ? error : TooSlow()
    }
  }
  try await bench.expect(bench.store.read("key") != nil, "what depends on it is there")
}
