/// The order in which files that refer to each other are hashed.
///
/// Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972), with a stack of its own: chains of imports
/// may be as long as there are files.
enum AssetOrder {
  private struct Visit {
    var path: String
    var targets: Set<String>.Iterator
  }

  /// Divides paths into components: files that refer to each other in a circle are in one, any other file is one alone. A
  /// component comes after those that it refers to.
  /// - Parameter links: what a path refers to; what is not in `paths` is left out.
  static func components(
    of paths: Set<String>, links: (String) -> Set<String>
  ) -> [[String]] {
    var components: [[String]] = []
    var index: [String: Int] = [:]
    var lowest: [String: Int] = [:]
    var open: [String] = []
    var isOpen: Set<String> = []

    for root in paths where index[root] == nil {
      var visits: [Visit] = []
      func enter(_ path: String) {
        index[path] = index.count
        lowest[path] = index[path]
        open.append(path)
        isOpen.insert(path)
        visits.append(Visit(path: path, targets: links(path).intersection(paths).makeIterator()))
      }
      enter(root)
      while let last = visits.indices.last {
        let path = visits[last].path
        if let target = visits[last].targets.next() {
          if index[target] == nil {
            enter(target)
          } else if isOpen.contains(target) {
            lowest[path] = min(lowest[path] ?? 0, index[target] ?? 0)
          }
          continue
        }
        visits.removeLast()
        if let parent = visits.last?.path {
          lowest[parent] = min(lowest[parent] ?? 0, lowest[path] ?? 0)
        }
        guard lowest[path] == index[path] else { continue }
        var component: [String] = []
        while let member = open.popLast() {
          isOpen.remove(member)
          component.append(member)
          if member == path { break }
        }
        components.append(component)
      }
    }
    return components
  }
}
