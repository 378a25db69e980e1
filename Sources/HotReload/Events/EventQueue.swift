/// Elements in their order, never more than `capacity`: the oldest is dropped, and counted, for a new one.
///
/// What is dropped always was next, so that all that was dropped since the last one was taken belongs before the next.
struct EventQueue<Element: Sendable>: Sendable {
  let capacity: Int
  /// The elements, after `first` places that were taken out already.
  private var elements: [Element?] = []
  private var first = 0
  /// How many were dropped in all.
  private(set) var dropped = 0
  /// How many were dropped since the last one was taken.
  private var droppedSinceTaken = 0

  init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  var count: Int { elements.count - first }
  var isEmpty: Bool { first == elements.count }

  mutating func append(_ element: Element) {
    if count == capacity {
      _ = removeFirst()
      dropped += 1
      droppedSinceTaken += 1
    }
    elements.append(element)
  }

  /// Takes the oldest, and says how many were dropped between the one taken before and it.
  mutating func popFirst() -> (element: Element, droppedBefore: Int)? {
    guard let element = removeFirst() else { return nil }
    defer { droppedSinceTaken = 0 }
    return (element, droppedSinceTaken)
  }

  private mutating func removeFirst() -> Element? {
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

extension EventQueue<PublishedEvent> {
  /// Takes the oldest, which then says how many were dropped before it.
  mutating func takeFirst() -> PublishedEvent? {
    guard let (oldest, droppedBefore) = popFirst() else { return nil }
    var event = oldest
    event.droppedBefore = droppedBefore
    return event
  }
}
