/// Finds the key that somebody may have meant.
package enum Spelling {
  /// Keys longer than this are not compared, nor are tables with more keys searched.
  private static let longestKey = 64
  private static let largestTable = 1000

  /// The key that is closest to `key`: equal but for case, `_` and `-`, or with at most a third of
  /// its characters changed, added, left out or swapped.
  package static func nearest(to key: String, among candidates: some Sequence<String>) -> String? {
    let wanted = normalized(key)
    guard wanted.count <= longestKey else { return nil }
    var best: (key: String, distance: Int)?
    for candidate in candidates.prefix(largestTable) {
      let other = normalized(candidate)
      guard other.count <= longestKey else { continue }
      let distance = distance(wanted, other)
      if distance <= wanted.count / 3, distance < best?.distance ?? .max {
        best = (candidate, distance)
      }
    }
    return best?.key
  }

  private static func normalized(_ key: String) -> [Character] {
    key.lowercased().filter { $0 != "_" && $0 != "-" }
  }

  /// The optimal string alignment distance (Damerau-Levenshtein without overlapping swaps).
  private static func distance(_ left: [Character], _ right: [Character]) -> Int {
    if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for i in 1...left.count {
      var current = [i]
      for j in 1...right.count {
        let cost = left[i - 1] == right[j - 1] ? 0 : 1
        var value = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost)
        if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
          value = min(value, beforePrevious[j - 2] + 1)
        }
        current.append(value)
      }
      beforePrevious = previous
      previous = current
    }
    return previous[right.count]
  }
}
