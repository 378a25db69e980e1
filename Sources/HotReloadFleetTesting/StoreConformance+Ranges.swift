import HotReloadFleet

extension StoreConformance {
  static let ranges = [
    Check("Ranges are in the order of bytes, with 0 and 255 among them") { bench in
      let keys = [
        [0], [0, 0], [0, 255], [1], [97], [97, 0], [97, 0, 0], [97, 97], [97, 255], [97, 255, 255],
        [98], [127], [128], [254, 255], [255], [255, 0], [255, 255],
      ].map { StoreKey($0) }
      for key in keys.shuffled() { try await bench.make(.put(key, key.bytes)) }
      let ranges: [StoreRange] =
        [
          .all, .prefix(StoreKey([97])), .prefix(StoreKey([97, 255])), .prefix(StoreKey([255])),
          .prefix(StoreKey([0])), .prefix(StoreKey([255, 255])), .prefix(StoreKey([96])),
          StoreRange(from: StoreKey([98]), to: StoreKey([97])),
          StoreRange(from: StoreKey([98]), to: StoreKey([98])),
          StoreRange(from: StoreKey([97, 0, 1]), to: StoreKey([255])),
        ] + keys.map { .key($0) } + keys.map { StoreRange(from: $0, to: nil) }
      for range in ranges {
        try await bench.expectEqual(
          bench.keys(range), keys.filter { range.contains($0) }, "the keys of \(range)")
      }
    },
    Check("A page has as many entries as were asked for, and says where the rest begins") { bench in
      let keys = (0..<25).map { StoreKey("key-\($0 + 10)") }
      try await bench.make(StoreTransaction(then: keys.map { .put($0, []) }))
      var read: [StoreKey] = []
      var rest: StoreRange? = .prefix("key-")
      var pages = 0
      while let range = rest {
        let page = try await bench.store.read(range, limit: 10)
        read += page.entries.map(\.key)
        rest = page.rest
        pages += 1
        try bench.expect(pages <= 4, "there are more pages than entries need")
      }
      try bench.expectEqual(read, keys, "the keys of all pages")
      let whole = try await bench.store.read(.all, limit: 25)
      try bench.expectEqual(whole.rest, nil, "the rest of a page that has all")
    },
  ]

  static let limits = [
    Check("A transaction takes as many operations as there may be, and no more") { bench in
      let most = StoreLimits.operations - 1
      let keys = (0...most).map { StoreKey("key-\($0)") }
      let conditions = keys.map { StoreCondition($0, .absent) }
      let mutations = keys.map { StoreMutation.put($0, [1]) }
      for transaction in [
        StoreTransaction(if: conditions, then: []), StoreTransaction(then: mutations),
      ] {
        try await bench.expectError(.limitExceeded, "one operation more") {
          _ = try await bench.store.commit(transaction)
        }
      }
      try await bench.make(
        StoreTransaction(if: Array(conditions.dropLast()), then: Array(mutations.dropLast())))
      try await bench.expectEqual(bench.keys(.all).count, most, "how many were written")
      _ = try await bench.conflict(if: Array(conditions.dropLast()), .delete("key-0"))
    },
    Check("A transaction takes as many bytes as there may be, and no more") { bench in
      var transaction = StoreTransaction(then: [.put("key", [])])
      let room = StoreLimits.transactionBytes - transaction.byteCount
      let value = [UInt8](repeating: 0xFB, count: room)
      transaction.mutations = [.put("key", value + [0])]
      let tooLarge = transaction
      try await bench.expectError(.limitExceeded, "one byte more") {
        _ = try await bench.store.commit(tooLarge)
      }
      try await bench.expectEqual(bench.store.read("key"), nil, "what was refused")
      transaction.mutations = [.put("key", value)]
      let revision = try await bench.make(transaction)
      try await bench.expectEqual(bench.store.read("key")?.value.count, room, "the bytes")
      var watch = bench.store.watch(.all, after: StoreRevision(rawValue: revision.rawValue - 1))
        .makeAsyncIterator()
      let batch = try await bench.batches(1, &watch)[0]
      guard case .put(let entry) = batch.changes.first else {
        return try bench.expect(false, "a watch tells of it")
      }
      try bench.expect(entry.value == value, "a watch tells all of its bytes")
    },
    Check("A full transaction of small entries is told by a watch as one commit") { bench in
      let count = StoreLimits.operations - 1
      let value = [UInt8](repeating: 7, count: StoreLimits.transactionBytes / count - 200)
      let before = try await bench.store.read(.all).revision
      let revision = try await bench.make(
        StoreTransaction(then: (0..<count).map { .put(StoreKey("key-\($0)"), value) }))
      try await bench.make(.put("last", []))
      var watch = bench.store.watch(.all, after: before).makeAsyncIterator()
      let batches = try await bench.batches(2, &watch)
      try bench.expectEqual(batches[0].revision, revision, "its revision")
      try bench.expectEqual(batches[0].changes.count, count, "how much it changed")
    },
    Check("Keys, pages and leases beyond their limits are refused") { bench in
      let longest = StoreKey([UInt8](repeating: 1, count: StoreLimits.keyBytes))
      try await bench.make(if: [StoreCondition(longest, .absent)], .put(longest, [1]))
      try await bench.expectEqual(bench.keys(.all), [longest], "the longest key")
      try await bench.expectError(.limitExceeded, "a longer key") {
        try await bench.make(.put(longest.successor, [1]))
      }
      try await bench.expectError(.invalidRequest, "an empty key") {
        try await bench.make(.put(StoreKey([]), [1]))
      }
      try await bench.expectError(.invalidRequest, "a key that is changed twice") {
        try await bench.make(.put("a", [1]), .delete("a"))
      }
      for limit in [0, StoreLimits.pageEntries + 1] {
        try await bench.expectError(.limitExceeded, "a page of \(limit)") {
          _ = try await bench.store.read(.all, limit: limit)
        }
      }
      for time in [Duration.zero, StoreLimits.leaseTimes.upperBound + .nanoseconds(1)] {
        try await bench.expectError(.limitExceeded, "a lease of \(time)") {
          _ = try await bench.store.grantLease(timeToLive: time)
        }
      }
    },
  ]
}
