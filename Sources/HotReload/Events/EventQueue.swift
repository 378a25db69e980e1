/// Elements in their order, never more than `capacity`: the oldest is dropped, and counted, for a new one.
struct EventQueue<Element: Sendable>: Sendable {
  let capacity: Int
  private var elements: [Element] = []
  private var first = 0
  private(set) var dropped = 0

  init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  var count: Int { min(elements.count, capacity) }

  mutating func append(_ element: Element) {
    guard elements.count == capacity else {
      elements.append(element)
      return
    }
    elements[first] = element
    first = (first + 1) % capacity
    dropped += 1
  }

  /// Takes everything out.
  mutating func takeAll() -> [Element] {
    defer { removeAll() }
    return Array(elements[first...] + elements[..<first])
  }

  mutating func removeAll() {
    elements.removeAll(keepingCapacity: false)
    first = 0
  }
}
