/// Elements in their order, never more than `capacity`: the oldest is dropped, and counted, for a new one.
struct EventQueue<Element: Sendable>: Sendable {
  let capacity: Int
  /// The elements, after `first` places that were taken out already.
  private var elements: [Element?] = []
  private var first = 0
  private(set) var dropped = 0

  init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  var count: Int { elements.count - first }
  var isEmpty: Bool { first == elements.count }

  mutating func append(_ element: Element) {
    if count == capacity {
      _ = popFirst()
      dropped += 1
    }
    elements.append(element)
  }

  mutating func popFirst() -> Element? {
    guard first < elements.count else { return nil }
    let element = elements[first]
    elements[first] = nil
    first += 1
    // Half of it being empty, the rest moves to the front, which costs a constant per element.
    if first * 2 >= elements.count {
      elements.removeFirst(first)
      first = 0
    }
    return element
  }

  mutating func removeAll() {
    elements = []
    first = 0
  }
}
