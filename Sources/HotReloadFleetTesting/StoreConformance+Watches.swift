import HotReloadFleet

extension StoreConformance {
  static let watches = [
    Check("A watch tells each commit of its range once, whole, in order, and nothing else") {
      bench in
      let before = try await bench.store.read(.all).revision
      let first = try await bench.make(.put("in/b", [1]), .put("in/a", [1]), .put("out", [1]))
      try await bench.make(.put("out", [2]))
      let second = try await bench.make(.delete("in/a"), .put("in/c", [3]))
      var watch = bench.store.watch(.prefix("in/"), after: before).makeAsyncIterator()
      var batches = try await bench.batches(2, &watch)
      // What is still to come is told as well.
      let third = try await bench.make(.put("in/b", [4]), .delete("out"))
      batches += try await bench.batches(1, &watch)
      try bench.expectEqual(batches.map(\.revision), [first, second, third], "the revisions")
      try bench.expectEqual(
        batches.map { $0.changes.map(\.key) }, [["in/a", "in/b"], ["in/a", "in/c"], ["in/b"]],
        "the keys")
      try bench.expectEqual(batches[1].changes[0], .deleted("in/a"), "a deletion")
      let entry = try await bench.store.read("in/b")
      try bench.expectEqual(batches[2].changes.first, entry.map { .put($0) }, "an entry")
    },
    Check("A watch goes on from any revision, through another way to the store as well") { bench in
      let before = try await bench.store.read(.all).revision
      var revisions: [StoreRevision] = []
      for number in 0..<10 {
        revisions.append(try await bench.make(.put("key", [UInt8(number)])))
      }
      let other = try await bench.factory.open(bench.place)
      for store in [bench.store, other] {
        for (index, revision) in ([before] + revisions.dropLast()).enumerated() {
          var watch = store.watch(.all, after: revision).makeAsyncIterator()
          let rest = Array(revisions[index...])
          try await bench.expectEqual(
            bench.batches(rest.count, &watch).map(\.revision), rest, "what follows \(revision)")
        }
      }
      var watch = other.watch(.all, after: revisions[9]).makeAsyncIterator()
      async let told = bench.batches(1, &watch)
      let revision = try await bench.make(.put("key", [99]))
      try await bench.expectEqual(told.map(\.revision), [revision], "what another one commits")
      await other.close()
    },
    Check("A watch waits for a revision that is still to come") { bench in
      let now = try await bench.make(.put("a", [1]))
      var watch = bench.store.watch(.all, after: now.next).makeAsyncIterator()
      async let told = bench.batches(1, &watch)
      var last = now
      while last <= now.next { last = try await bench.make(.put("a", [2])) }
      try await bench.expectEqual(told.map(\.revision), [last], "the first after it")
    },
    Check("A slow watch misses nothing, and holds up nobody") { bench in
      let before = try await bench.store.read(.all).revision
      var watch = bench.store.watch(.all, after: before).makeAsyncIterator()
      var revisions = [try await bench.make(.put("key", [0]))]
      var batches = try await bench.batches(1, &watch)
      for number in 1..<200 {
        revisions.append(try await bench.make(.put("key", [UInt8(number)])))
      }
      batches += try await bench.batches(199, &watch)
      try bench.expectEqual(batches.map(\.revision), revisions, "the revisions")
    },
    Check("A watch from before what the store has answers compacted, and one from then on goes on")
    {
      bench in
      guard let compact = bench.factory.compact else { return }
      let first = try await bench.make(.put("key", [1]))
      for number in 2..<10 { try await bench.make(.put("key", [UInt8(number)])) }
      let kept = try await bench.make(.put("key", [10]))
      try await compact(bench.store, kept)
      var watch = bench.store.watch(.all, after: first).makeAsyncIterator()
      var answer = try await watch.next()
      while case .interrupted? = answer { answer = try await watch.next() }
      guard case .compacted(let revision)? = answer else {
        return try bench.expect(false, "expected compacted, found \(String(describing: answer))")
      }
      try bench.expect(revision > first && revision <= kept, "compacted up to \(revision)")
      try await bench.expect(watch.next() == nil, "the watch ends after it")
      let next = try await bench.make(.put("key", [11]))
      var rest = bench.store.watch(.all, after: kept).makeAsyncIterator()
      try await bench.expectEqual(
        bench.batches(1, &rest).map(\.revision), [next], "what was committed later")
      try await bench.expectEqual(bench.store.read("key")?.value, [11], "the entry stays")
    },
    Check("A watch ends when its task is cancelled") { bench in
      let task = Task {
        var watch = bench.store.watch(.all, after: .zero).makeAsyncIterator()
        while let event = try await watch.next() { _ = event }
      }
      try await bench.make(.put("key", [1]))
      task.cancel()
      try await task.value
    },
  ]

  static let closing = [
    Check("Closing ends all watches, and what is called later is refused") { bench in
      let watching = Task {
        var watch = bench.store.watch(.all, after: .zero).makeAsyncIterator()
        while let event = try await watch.next() { _ = event }
      }
      try await bench.make(.put("key", [1]))
      await bench.store.close()
      await bench.store.close()
      try await watching.value
      try await bench.expectError(.closed, "a read") { _ = try await bench.store.read(.all) }
      try await bench.expectError(.closed, "a commit") { try await bench.make(.put("a", [])) }
      try await bench.expectError(.closed, "a lease") {
        _ = try await bench.store.grantLease(timeToLive: .seconds(5))
      }
      var late = bench.store.watch(.all, after: .zero).makeAsyncIterator()
      try await bench.expect(late.next() == nil, "a watch of a closed store is at its end")
    }
  ]
}
