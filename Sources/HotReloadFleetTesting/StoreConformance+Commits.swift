import HotReloadFleet

extension StoreConformance {
  static let commits = [
    Check("Every commit has a revision greater than all before it, and reads see it") { bench in
      var last = try await bench.store.read(.all).revision
      for number in 0..<20 {
        let revision = try await bench.make(.put("key", [UInt8(number)]))
        try bench.expect(revision > last, "\(revision) follows \(last)")
        let page = try await bench.store.read(.key("key"))
        try bench.expectEqual(page.entries.first?.value, [UInt8(number)], "the value just written")
        try bench.expectEqual(page.entries.first?.modRevision, revision, "its revision")
        try bench.expect(page.revision >= revision, "a read at \(page.revision) saw \(revision)")
        last = revision
      }
    },
    Check("An entry keeps its create revision until it is deleted") { bench in
      let created = try await bench.make(.put("key", [1]))
      let modified = try await bench.make(.put("key", [2]))
      var entry = try await bench.store.read("key")
      try bench.expectEqual(entry?.createRevision, created, "the create revision")
      try bench.expectEqual(entry?.modRevision, modified, "the mod revision")
      try await bench.make(.delete("key"))
      try await bench.expectEqual(bench.store.read("key"), nil, "after it was deleted")
      let again = try await bench.make(.put("key", [3]))
      entry = try await bench.store.read("key")
      try bench.expectEqual(entry?.createRevision, again, "the create revision of a new one")
    },
    Check("Keys and values are any bytes") { bench in
      let key = StoreKey(Array(0...255))
      try await bench.make(.put(key, []), .put("v", Array(0...255)))
      try await bench.expectEqual(bench.store.read(key)?.value, [], "an empty value")
      try await bench.expectEqual(bench.store.read("v")?.value, Array(0...255), "all bytes")
    },
    Check("A transaction is made under one revision, all of it") { bench in
      try await bench.make(.put("a", [0]), .put("c", [0]))
      let revision = try await bench.make(.put("a", [1]), .put("b", [1]), .delete("c"))
      let page = try await bench.store.read(.all)
      try bench.expectEqual(page.entries.map(\.key), ["a", "b"], "the keys")
      try bench.expectEqual(page.entries.map(\.modRevision), [revision, revision], "revisions")
    },
    Check("A condition that does not hold leaves everything as it was, and says what is there") {
      bench in
      let revision = try await bench.make(.put("a", [1]), .put("b", [2]))
      let conflict = try await bench.conflict(
        if: [
          StoreCondition("a", .modified(revision)), StoreCondition("c", .absent),
          StoreCondition("b", .value([9])),
        ], .put("a", [7]), .put("c", [7]), .delete("b"))
      try bench.expectEqual(conflict.entries.map(\.key), ["a", "b"], "what is there")
      try bench.expectEqual(conflict["b"]?.value, [2], "its value")
      try bench.expectEqual(conflict["c"], nil, "what is not there")
      try bench.expect(conflict.revision >= revision, "the revision of a conflict")
      let page = try await bench.store.read(.all)
      try bench.expectEqual(page.entries.map(\.value), [[1], [2]], "the values")
      try bench.expectEqual(page.entries.map(\.modRevision), [revision, revision], "revisions")
    },
    Check("Each condition holds when it should, and only then") { bench in
      let created = try await bench.make(.put("key", [1]))
      let modified = try await bench.make(.put("key", [2]))
      let holding: [StoreCondition] = [
        StoreCondition("none", .absent), StoreCondition("key", .present),
        StoreCondition("key", .created(created)), StoreCondition("key", .modified(modified)),
        StoreCondition("key", .value([2])),
      ]
      let failing: [StoreCondition] = [
        StoreCondition("key", .absent), StoreCondition("none", .present),
        StoreCondition("key", .created(modified)), StoreCondition("key", .modified(created)),
        StoreCondition("none", .created(.zero)), StoreCondition("none", .modified(.zero)),
        StoreCondition("key", .value([1])), StoreCondition("none", .value([])),
      ]
      for condition in holding {
        try await bench.make(if: [condition], .put("made", [0]))
        try await bench.make(StoreTransaction(if: [condition], then: []))
      }
      for condition in failing {
        _ = try await bench.conflict(if: [condition], .put("never", [0]))
        _ = try await bench.conflict(if: [condition])
      }
      try await bench.expectEqual(bench.store.read("never"), nil, "what was never made")
    },
    Check("Deleting what is not there does no harm") { bench in
      let revision = try await bench.make(.put("a", [1]))
      try await bench.make(.delete("none"), .put("a", [2]))
      try await bench.make(.delete("none"))
      let entry = try await bench.store.read("a")
      try bench.expectEqual(entry?.value, [2], "what was changed with it")
      try bench.expectEqual(entry?.createRevision, revision, "its create revision")
    },
  ]

  static let operations = [
    Check("A transaction that is committed again is not made again") { bench in
      let transaction = StoreTransaction(
        if: [StoreCondition("key", .absent)], then: [.put("key", [1])])
      let revision = try await bench.make(transaction)
      try await bench.make(.put("key", [2]))
      try await bench.expectEqual(bench.make(transaction), revision, "the revision it had")
      try await bench.expectEqual(bench.store.read("key")?.value, [2], "the newer value")
      try await bench.expectEqual(
        bench.store.resolve(transaction.operation), .committed(revision), "what became of it")
    },
    Check("A transaction that met a conflict can be committed again") { bench in
      let blocker = try await bench.make(.put("key", [1]))
      let transaction = StoreTransaction(
        if: [StoreCondition("key", .absent)], then: [.put("key", [2])])
      guard case .conflict = try await bench.store.commit(transaction) else {
        return try bench.expect(false, "there was no conflict")
      }
      try await bench.make(if: [StoreCondition("key", .modified(blocker))], .delete("key"))
      let revision = try await bench.make(transaction)
      try bench.expect(revision > blocker, "it is made now")
    },
    Check("A transaction whose outcome was asked for before it was made is never made") { bench in
      let transaction = StoreTransaction(then: [.put("key", [1])])
      for _ in 0..<2 {
        try await bench.expectEqual(
          bench.store.resolve(transaction.operation), .abandoned, "what became of it")
      }
      try await bench.expectError(.operationAbandoned, "a request that arrives later") {
        _ = try await bench.store.commit(transaction)
      }
      try await bench.expectEqual(bench.store.read("key"), nil, "what it would have written")
    },
    Check("Of a question and a transaction at the same time, one is first for everybody") { bench in
      for number in 0..<20 {
        let key = StoreKey("key-\(number)")
        let transaction = StoreTransaction(then: [.put(key, [1])])
        async let resolved = bench.store.resolve(transaction.operation)
        let isMade: Bool
        do {
          _ = try await bench.make(transaction)
          isMade = true
        } catch let error as StoreError where error.code == .operationAbandoned {
          isMade = false
        }
        let entry = try await bench.store.read(key)
        try bench.expectEqual(entry != nil, isMade, "whether it was made")
        let outcome = try await resolved
        try bench.expectEqual(
          outcome, entry.map { .committed($0.modRevision) } ?? .abandoned, "what became of it")
      }
    },
  ]
}
