/// A nondeterministic automaton over bytes for a set of globs (Thompson's construction, built from
/// the end of each pattern to its beginning so that equal tails are the same nodes).
///
/// Sharing tails is more than thrift: without it, `**/*a*.txt` and `**/*b*.txt` would each keep a
/// "seen" flag of its own and double the deterministic automaton.
struct GlobNetwork {
  /// An arrow to `target` for the bytes from `low` to `high`.
  struct Edge: Hashable {
    var low: UInt8
    var high: UInt8
    var target: Int
    /// The byte is taken for one that is not part of valid UTF-8: ``UTF8Guard`` sees to it.
    var isStray = false
  }

  struct Node: Hashable {
    var edges: [Edge] = []
    /// Nodes that are entered together with this one.
    var also: [Int] = []
    var includes = false
    var excludes = false
    var role = Role.plain
    /// Whether some path from here takes a "/".
    var crossesSlash = false
    /// Which side's patterns the node is part of.
    var side = Side.include
  }

  /// What is known of all continuations of a node; lets a set of nodes be simplified.
  enum Role: Hashable {
    case plain
    /// Everything from here on is excluded, the bytes so far too.
    case excluded
    /// Everything that has at least one byte more is excluded.
    case excludesBelow
    /// Everything that has at least one byte more is included.
    case includesBelow
    /// The rest of this component is included, whatever it is.
    case includesRestOfName
  }

  /// Which list a pattern is from.
  enum Side: Hashable {
    case include
    case exclude
  }

  private enum LoopKey: Hashable {
    case star([Int])
    case scalarStar(Int)
    case anyDepth([Int])
    case everything
  }

  private(set) var nodes: [Node] = []
  /// The first nodes of all patterns.
  private(set) var starts: [Int] = []
  private var known: [Node: Int] = [:]
  private var loops: [LoopKey: Int] = [:]
  private var side = Side.include
  private let excludedNode: Int
  private let excludeEnd: Int
  private let includeEnd: Int

  private static let slash: UInt8 = 0x2F

  init() {
    excludedNode = 0
    includeEnd = 1
    excludeEnd = 2
    // An excluded path excludes all below it: after the end of an exclude comes a "/", and then no
    // way back.
    nodes = [
      Node(
        edges: [Edge(low: 0, high: 255, target: 0)], excludes: true, role: .excluded,
        crossesSlash: true, side: .exclude),
      Node(includes: true),
      Node(
        edges: [Edge(low: Self.slash, high: Self.slash, target: 0)], excludes: true,
        crossesSlash: true, side: .exclude),
    ]
  }

  /// Adds brace-free patterns of one side.
  ///
  /// Those that begin with `**/` share that node, and those that then begin with `*` share that
  /// one: most patterns begin so, and the sets of nodes that are in use together stay small.
  mutating func add(_ patterns: [[GlobComponent]], _ side: Side) {
    self.side = side
    let isDeep = { (pattern: [GlobComponent]) in pattern.count > 1 && pattern[0] == .anyDepth }
    var first = begin(patterns.filter { !isDeep($0) }[...])
    let deep = begin(patterns.filter(isDeep).map { Array($0.dropFirst()) }[...])
    if !deep.isEmpty { first.append(anyDepth(before: deep)) }
    for start in first where !starts.contains(start) { starts.append(start) }
  }

  /// The first nodes of some patterns that begin at the same place.
  private mutating func begin(_ patterns: ArraySlice<[GlobComponent]>) -> [Int] {
    var first: [Int] = []
    var afterStar: [Int] = []
    for pattern in patterns {
      let rest = components(pattern.dropFirst())
      guard case .name(let tokens)? = pattern.first, tokens.count > 1, tokens[0] == .star,
        !tokens[1].acceptsStrayBytes
      else {
        first.append(component(pattern.first, before: rest))
        continue
      }
      afterStar.append(name(Array(tokens.dropFirst()), before: beforeSlash(rest)))
    }
    if !afterStar.isEmpty { first.append(star(before: Array(Set(afterStar)).sorted())) }
    return Array(Set(first)).sorted()
  }

  /// The node of the components that are left; nil at the end of a pattern.
  private mutating func components(_ components: ArraySlice<GlobComponent>) -> Int? {
    var next: Int?
    for element in components.reversed() { next = component(element, before: next) }
    return next
  }

  private mutating func component(_ component: GlobComponent?, before next: Int?) -> Int {
    switch component {
    case .anyDepth?:
      if let next { return anyDepth(before: [next]) }
      return everythingBelow()
    case .name(let tokens)?:
      return name(tokens, before: beforeSlash(next))
    case nil:
      return end
    }
  }

  /// The node where a component has ended: before a slash, or at the end of the pattern.
  private mutating func beforeSlash(_ next: Int?) -> Int {
    guard let next else { return end }
    return node([Edge(low: Self.slash, high: Self.slash, target: next)])
  }

  private var end: Int { side == .include ? includeEnd : excludeEnd }

  private mutating func insert(_ node: Node) -> Int {
    if let index = known[node] { return index }
    nodes.append(node)
    known[node] = nodes.count - 1
    return nodes.count - 1
  }

  private mutating func node(_ edges: [Edge]) -> Int {
    let crosses = edges.contains {
      $0.low <= Self.slash && $0.high >= Self.slash || nodes[$0.target].crossesSlash
    }
    return insert(Node(edges: edges, crossesSlash: crosses, side: side))
  }

  /// A node whose edges may lead back to itself.
  private mutating func loop(
    _ key: LoopKey, also: [Int], _ edges: (inout GlobNetwork, Int) -> [Edge]
  ) -> Int {
    if let index = loops[key] { return index }
    let index = nodes.count
    let crosses = also.contains { nodes[$0].crossesSlash }
    nodes.append(Node(also: also, crossesSlash: crosses, side: side))
    loops[key] = index
    nodes[index].edges = edges(&self, index)
    return index
  }

  private static func notSlash(_ target: Int) -> [Edge] {
    [
      Edge(low: 0, high: slash - 1, target: target),
      Edge(low: slash + 1, high: 255, target: target),
    ]
  }

  /// `**` at the end: one or more components.
  private mutating func everythingBelow() -> Int {
    switch side {
    case .exclude:
      return insert(
        Node(
          edges: [Edge(low: 0, high: 255, target: excludedNode)], role: .excludesBelow,
          crossesSlash: true, side: .exclude))
    case .include:
      if let index = loops[.everything] { return index }
      let below = nodes.count
      let inName = below + 1
      nodes.append(
        Node(edges: Self.notSlash(inName), role: .includesBelow, crossesSlash: true))
      nodes.append(
        Node(
          edges: Self.notSlash(inName) + [Edge(low: Self.slash, high: Self.slash, target: below)],
          includes: true, role: .includesBelow, crossesSlash: true))
      loops[.everything] = below
      return below
    }
  }

  /// `**/`: zero or more components, each with its slash.
  private mutating func anyDepth(before next: [Int]) -> Int {
    loop(.anyDepth(next), also: next) { network, index in
      let inName = network.nodes.count
      network.nodes.append(
        Node(
          edges: Self.notSlash(inName) + [Edge(low: Self.slash, high: Self.slash, target: index)],
          crossesSlash: true, side: network.side))
      network.nodes[index].crossesSlash = true
      return Self.notSlash(inName)
    }
  }

  private mutating func name(_ tokens: [GlobToken], before end: Int) -> Int {
    // A component is never empty, so a lone star takes one byte at least.
    if tokens == [.star] { return node(Self.notSlash(star(before: [end]))) }
    var next = end
    for (index, token) in tokens.enumerated().reversed() {
      switch token {
      case .literal(let scalar):
        for byte in Unicode.UTF8.encode(scalar).map(Array.init)?.reversed() ?? [] {
          next = node([Edge(low: byte, high: byte, target: next)])
        }
      case .anyScalar:
        next = node(edges(for: .any, to: next))
      case .scalars(let set):
        next = node(edges(for: set, to: next))
      case .star:
        // A star may end anywhere before a literal, since no scalar's encoding starts within
        // another's. Before something that accepts stray bytes it must stop between scalars.
        let following = index + 1 < tokens.count ? tokens[index + 1] : nil
        if following?.acceptsStrayBytes == true {
          next = loop(.scalarStar(next), also: [next]) { $0.edges(for: .any, to: $1) }
        } else {
          next = star(before: [next])
        }
      case .slash: break  // not in a component
      }
    }
    return next
  }

  private mutating func star(before next: [Int]) -> Int {
    let index = loop(.star(next), also: next) { Self.notSlash($1) }
    if next.contains(includeEnd) {
      nodes[index].role = .includesRestOfName
      nodes[index].includes = true
    }
    if next.contains(excludeEnd) { nodes[index].role = .excluded }
    return index
  }

  /// One scalar of the set or, where it accepts them, one stray byte.
  private mutating func edges(for set: ScalarSet, to target: Int) -> [Edge] {
    var edges: [Edge] = []
    for encoding in set.encodings {
      guard let first = encoding.first else { continue }
      var next = target
      for range in encoding.dropFirst().reversed() {
        next = node([Edge(low: range.lowerBound, high: range.upperBound, target: next)])
      }
      edges.append(Edge(low: first.lowerBound, high: first.upperBound, target: next))
    }
    if set.acceptsStrayBytes {
      for range in UTF8Guard.neverFirst {
        edges.append(Edge(low: range.lowerBound, high: range.upperBound, target: target))
      }
      let leads = UTF8Guard.leads
      edges.append(
        Edge(low: leads.lowerBound, high: leads.upperBound, target: target, isStray: true))
    }
    return edges
  }
}
