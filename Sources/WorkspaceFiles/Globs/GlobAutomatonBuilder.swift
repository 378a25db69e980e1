/// Makes a ``GlobAutomaton`` of a ``GlobNetwork``.
struct GlobAutomatonBuilder {
  /// A node of the network together with the guard that is on duty: `node << 3 | guard`.
  private typealias Place = UInt32

  private let nodes: [GlobNetwork.Node]
  /// Class of each byte.
  private var classOf: [UInt8] = []
  /// One byte of each class.
  private var representatives: [UInt8] = []
  /// For each node and edge, the classes the edge is taken for.
  private var edgeClasses: [[[Int]]] = []
  /// For each node, itself and all that are entered together with it.
  private var entered: [[Int]] = []
  private var states: [[Place]] = []
  private var indexes: [MixedKey: Int] = [:]
  private var rows: [[Int]] = []

  /// - Returns: nil if more than `limit` states would be needed.
  static func build(_ network: GlobNetwork, limit: Int) -> GlobAutomaton? {
    var builder = GlobAutomatonBuilder(network)
    return builder.run(from: network.starts, limit: limit)
  }

  private init(_ network: GlobNetwork) {
    nodes = network.nodes
    divideBytes()
    entered = nodes.indices.map { index in
      // Later nodes lead to earlier ones only, so this ends.
      var found: Set<Int> = [index]
      var pending = [index]
      while let node = pending.popLast() {
        for other in nodes[node].also where found.insert(other).inserted { pending.append(other) }
      }
      return found.filter { !nodes[$0].edges.isEmpty || nodes[$0].includes || nodes[$0].excludes }
        .sorted()
    }
  }

  private mutating func divideBytes() {
    var isBoundary = [Bool](repeating: false, count: 257)
    var hasGuard = false
    for node in nodes {
      for edge in node.edges {
        isBoundary[Int(edge.low)] = true
        isBoundary[Int(edge.high) + 1] = true
        hasGuard = hasGuard || edge.isStray
      }
    }
    if hasGuard {
      for boundary in UTF8Guard.boundaries { isBoundary[boundary] = true }
    }
    // Intervals between boundaries behave alike within; intervals that the same edges contain are
    // one class.
    var interval = 0
    var intervalOf: [Int] = []
    var firstBytes: [UInt8] = []
    for byte in 0..<256 {
      if byte == 0 || isBoundary[byte] {
        interval = firstBytes.count
        firstBytes.append(UInt8(truncatingIfNeeded: byte))
      }
      intervalOf.append(interval)
    }
    var signatures = [[Int]](repeating: [], count: firstBytes.count)
    var number = 0
    var seen: Set<Int> = []
    for node in nodes {
      for edge in node.edges {
        number += 1
        // Edges with equal bounds divide the bytes alike: one of them is enough.
        guard seen.insert(Int(edge.low) << 8 | Int(edge.high)).inserted else { continue }
        for interval in intervalOf[Int(edge.low)]...intervalOf[Int(edge.high)] {
          signatures[interval].append(number)
        }
      }
    }
    if hasGuard {
      for (interval, byte) in firstBytes.enumerated() where byte >= 0x80 {
        signatures[interval].append(-1 - interval)
      }
    }
    var classes: [[Int]: Int] = [:]
    var classOfInterval: [Int] = []
    for (interval, signature) in signatures.enumerated() {
      if let known = classes[signature] {
        classOfInterval.append(known)
      } else {
        classes[signature] = representatives.count
        classOfInterval.append(representatives.count)
        representatives.append(firstBytes[interval])
      }
    }
    classOf = intervalOf.map { UInt8(truncatingIfNeeded: classOfInterval[$0]) }
    edgeClasses = nodes.map { node in
      node.edges.map { edge in
        let intervals = intervalOf[Int(edge.low)]...intervalOf[Int(edge.high)]
        return Array(Set(intervals.map { classOfInterval[$0] }))
      }
    }
  }

  private mutating func run(from starts: [Int], limit: Int) -> GlobAutomaton? {
    var first: [Place] = []
    for start in starts { enter(start, .none, &first) }
    let start = intern(first)
    var buckets = [[Place]](repeating: [], count: representatives.count)
    while rows.count < states.count {
      if states.count > limit { return nil }
      for index in buckets.indices { buckets[index].removeAll(keepingCapacity: true) }
      for place in states[rows.count] { step(place, &buckets) }
      var row: [Int] = []
      row.reserveCapacity(buckets.count)
      for bucket in buckets { row.append(intern(bucket)) }
      rows.append(row)
    }
    return GlobAutomaton(classes: classOf, rows: rows, flags: flags(), start: start)
  }

  /// What is known in each state, with what can still become of it: two searches backwards from the
  /// states that answer yes.
  private func flags() -> [GlobAutomaton.Flags] {
    let accepts = states.map(accept)
    var sources = [[Int]](repeating: [], count: rows.count)
    for (state, row) in rows.enumerated() {
      for target in row where sources[target].last != state { sources[target].append(state) }
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

  private func accept(_ state: [Place]) -> GlobAutomaton.Flags {
    var (includes, excludes) = (false, false)
    for place in state {
      includes = includes || nodes[Int(place >> 3)].includes
      excludes = excludes || nodes[Int(place >> 3)].excludes
    }
    return excludes ? .excluded : includes ? .included : []
  }

  /// Adds a node and those entered together with it.
  private func enter(_ node: Int, _ guarding: UTF8Guard, _ places: inout [Place]) {
    let mark = Place(guarding.rawValue)
    for node in entered[node] { places.append(Place(truncatingIfNeeded: node << 3) | mark) }
  }

  private func step(_ place: Place, _ buckets: inout [[Place]]) {
    let node = Int(place >> 3)
    let guarding = UTF8Guard(rawValue: UInt8(truncatingIfNeeded: place & 7)) ?? .none
    for (index, edge) in nodes[node].edges.enumerated() {
      for byteClass in edgeClasses[node][index] {
        let byte = representatives[byteClass]
        guard let after = guarding.advanced(over: byte) else { continue }
        enter(edge.target, edge.isStray ? UTF8Guard(lead: byte) : after, &buckets[byteClass])
      }
    }
  }

  private mutating func intern(_ places: [Place]) -> Int {
    var state = places
    simplify(&state)
    let key = MixedKey(state)
    if let index = indexes[key] { return index }
    states.append(state)
    indexes[key] = states.count - 1
    return states.count - 1
  }

  /// Sorts, and leaves out places that change no answer, now or later, beside the others.
  private func simplify(_ places: inout [Place]) {
    var excludesBelow: Place?
    var includesBelow: Place?
    var includesRest = false
    for place in places where place & 7 == 0 {
      switch nodes[Int(place >> 3)].role {
      case .excluded:
        places = [0]
        return
      case .excludesBelow: excludesBelow = place
      case .includesBelow: includesBelow = max(place, includesBelow ?? 0)
      case .includesRestOfName: includesRest = true
      case .plain: break
      }
    }
    if let excludesBelow {
      places = [excludesBelow]
      return
    }
    if let includesBelow {
      places.removeAll { nodes[Int($0 >> 3)].side == .include && $0 != includesBelow }
    } else if includesRest {
      places.removeAll {
        let node = nodes[Int($0 >> 3)]
        return node.side == .include && !node.crossesSlash && node.role != .includesRestOfName
      }
    }
    places.sort()
    var count = 0
    for index in places.indices where count == 0 || places[count - 1] != places[index] {
      places[count] = places[index]
      count += 1
    }
    places.removeSubrange(count...)
  }
}
