/// Compiles patterns into as few automata as their bound allows.
enum GlobAutomatonSet {
  struct Entry {
    var components: [GlobComponent]
    var side: GlobNetwork.Side
    var pattern: String
  }

  /// Tries all in one, then halves, until each part fits.
  static func compile(
    _ entries: [Entry], limit: Int, states: Int
  ) throws(GlobError) -> ContiguousArray<GlobAutomaton> {
    var network = GlobNetwork()
    for side in [GlobNetwork.Side.include, .exclude] {
      network.add(entries.filter { $0.side == side }.map(\.components), side)
    }
    if let automaton = GlobAutomatonBuilder.build(network, limit: states) {
      return [automaton]
    }
    guard limit > 1, entries.count > 1 else {
      let pattern = entries.first?.pattern ?? ""
      throw GlobError(
        pattern: pattern, column: 1,
        message: entries.count == 1
          ? "needs more than \(states) states: shorten the run of \"?\" or "
            + "\"[…]\" after a \"*\""
          : "this and \(entries.count - 1) other patterns need more than "
            + "\(states) states together: use fewer that have both \"**\" and "
            + "\"*\" in the middle")
    }
    let half = entries.count / 2
    let first = try compile(Array(entries[..<half]), limit: limit / 2, states: states)
    return try first + compile(Array(entries[half...]), limit: limit / 2, states: states)
  }
}
