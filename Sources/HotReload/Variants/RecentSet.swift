/// A set of bounded size that forgets what was not asked for lately.
///
/// It is two sets: what is asked for is in the younger one, and when that is half of the capacity, it becomes the older
/// one, and the older one is forgotten. So of the elements at least the latest half of the capacity is
/// remembered, without a list of their order.
struct RecentSet<Element: Hashable & Sendable>: Sendable {
  private let half: Int
  private var younger: Set<Element> = []
  private var older: Set<Element> = []

  /// - Parameter capacity: how many elements there are at most; 2 at least.
  init(capacity: Int) {
    half = max(1, capacity / 2)
  }

  var count: Int { younger.count + older.count }

  /// Whether an element is remembered, which then counts as asked for.
  mutating func contains(_ element: Element) -> Bool {
    if younger.contains(element) { return true }
    guard older.remove(element) != nil else { return false }
    insert(element)
    return true
  }

  mutating func insert(_ element: Element) {
    if younger.count >= half {
      older = younger
      younger = []
    }
    younger.insert(element)
  }
}
