/// Makes the smallest automaton with the same answers.
enum GlobMinimizer {
  struct Result {
    var rows: [[Int]]
    var flags: [GlobAutomaton.Flags]
    var start: Int
  }

  /// Moore's partition refinement: states are alike until a class of bytes leads them to states that are not.
  /// States come out in breadth-first order, so those near the root share cache lines.
  static func minimize(
    rows: [[Int]], accepts: [GlobAutomaton.Flags], start: Int
  ) -> Result {
    let classCount = rows.first?.count ?? 0
    var group = accepts.map { Int($0.rawValue) }
    var groupCount = Set(group).count
    while true {
      var next = group
      var known: [[Int]: Int] = [:]
      known.reserveCapacity(groupCount * 2)
      var signature = [Int](repeating: 0, count: classCount + 1)
      for state in rows.indices {
        signature[0] = group[state]
        for (index, target) in rows[state].enumerated() { signature[index + 1] = group[target] }
        if let number = known[signature] {
          next[state] = number
        } else {
          next[state] = known.count
          known[signature] = known.count
        }
      }
      group = next
      if known.count == groupCount { break }
      groupCount = known.count
    }

    var order: [Int] = [start]
    var place = [Int?](repeating: nil, count: groupCount)
    place[group[start]] = 0
    var smallest: [[Int]] = []
    while smallest.count < order.count {
      var row: [Int] = []
      row.reserveCapacity(classCount)
      for target in rows[order[smallest.count]] {
        if let known = place[group[target]] {
          row.append(known)
        } else {
          row.append(order.count)
          place[group[target]] = order.count
          order.append(target)
        }
      }
      smallest.append(row)
    }
    let flags = lookAhead(rows: smallest, accepts: order.map { accepts[$0] })
    return Result(rows: smallest, flags: flags, start: 0)
  }

  /// Adds to each state what can still become of it: a search backwards from the states that answer yes.
  private static func lookAhead(
    rows: [[Int]], accepts: [GlobAutomaton.Flags]
  ) -> [GlobAutomaton.Flags] {
    var sources = [[Int]](repeating: [], count: rows.count)
    for (state, row) in rows.enumerated() {
      for target in Set(row) { sources[target].append(state) }
    }
    var flags = accepts
    func spread(_ flag: GlobAutomaton.Flags, from isGoal: (GlobAutomaton.Flags) -> Bool) {
      var pending = accepts.indices.filter { isGoal(accepts[$0]) }
      while let state = pending.popLast() {
        for source in sources[state] where !flags[source].contains(flag) {
          flags[source].insert(flag)
          pending.append(source)
        }
      }
    }
    spread(.canInclude) { $0.contains(.included) }
    spread(.canKeep) { !$0.contains(.excluded) }
    return flags
  }
}
