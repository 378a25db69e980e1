/// What is to happen, in the order of its time; what is due at the same time happens in the order in which it was planned.
struct Timeline {
  private struct Item {
    var time: Duration
    var number: UInt64
    var body: () -> Void

    func precedes(_ other: Item) -> Bool { (time, number) < (other.time, other.number) }
  }

  private(set) var now = Duration.zero
  private var heap: [Item] = []
  private var lastNumber: UInt64 = 0

  mutating func plan(at time: Duration, _ body: @escaping () -> Void) {
    lastNumber += 1
    heap.append(Item(time: max(time, now), number: lastNumber, body: body))
    var child = heap.count - 1
    while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// What is next, if it is due by then; time goes on to it.
  mutating func next(until end: Duration) -> (() -> Void)? {
    guard let first = heap.first, first.time <= end else {
      now = max(now, end)
      return nil
    }
    now = first.time
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first.body }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child].precedes(heap[least]) { least = child }
      }
      if least == parent { return first.body }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
