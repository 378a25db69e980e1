/// What depends on each of the kernel's watches.
///
/// One watch can serve several nodes (a folder reached by two paths) and several chains of links.
struct WatchTable {
  /// A name in a watched folder that leads to a watched file or folder.
  struct Hop: Equatable {
    var name: [UInt8]
    /// The node whose chain this name is part of.
    var chain: NodeID
    /// Whether the name is the last of the chain: the file itself.
    var isTarget: Bool
  }

  /// The rare part of an entry.
  private final class More {
    var nodes: [NodeID] = []
    var hops: [Hop] = []
  }

  private struct Entry {
    var node = NodeID.none
    var more: More?
  }

  private var entries: [Int32: Entry] = [:]

  var count: Int { entries.count }

  func isKnown(_ watch: Int32) -> Bool { entries[watch] != nil }

  mutating func add(_ node: NodeID, to watch: Int32) {
    var entry = entries[watch] ?? Entry()
    if entry.node == .none {
      entry.node = node
    } else if entry.node != node {
      let more = entry.more ?? More()
      if !more.nodes.contains(node) { more.nodes.append(node) }
      entry.more = more
    }
    entries[watch] = entry
  }

  mutating func add(_ hop: Hop, to watch: Int32) {
    var entry = entries[watch] ?? Entry()
    let more = entry.more ?? More()
    if !more.hops.contains(hop) { more.hops.append(hop) }
    entry.more = more
    entries[watch] = entry
  }

  /// - Returns: whether nothing depends on the watch any more, which is then forgotten.
  mutating func remove(_ node: NodeID, from watch: Int32) -> Bool {
    guard var entry = entries[watch] else { return false }
    entry.more?.nodes.removeAll { $0 == node }
    if entry.node == node { entry.node = entry.more?.nodes.popLast() ?? .none }
    return put(entry, watch)
  }

  /// - Returns: whether nothing depends on the watch any more, which is then forgotten.
  mutating func removeHops(of chain: NodeID, from watch: Int32) -> Bool {
    guard let entry = entries[watch] else { return false }
    entry.more?.hops.removeAll { $0.chain == chain }
    return put(entry, watch)
  }

  /// Removes a chain's hops from a watch that is kept for the moment, because the chain is being resolved anew.
  func suspendHops(of chain: NodeID, from watch: Int32) {
    entries[watch]?.more?.hops.removeAll { $0.chain == chain }
  }

  private mutating func put(_ entry: Entry, _ watch: Int32) -> Bool {
    let isUnused = entry.node == .none && (entry.more?.hops.isEmpty ?? true)
    entries[watch] = isUnused ? nil : entry
    return isUnused
  }

  /// Forgets a watch that the kernel ended, and tells what depended on it.
  mutating func remove(_ watch: Int32) -> (nodes: [NodeID], chains: [NodeID]) {
    guard let entry = entries.removeValue(forKey: watch) else { return ([], []) }
    let nodes = (entry.node == .none ? [] : [entry.node]) + (entry.more?.nodes ?? [])
    return (nodes, entry.more?.hops.map(\.chain) ?? [])
  }

  /// The only node that depends on the watch, if there are no others and no chains: the common case, without
  /// a copy.
  @inline(__always)
  func soleNode(_ watch: Int32) -> NodeID? {
    guard let entry = entries[watch], entry.more == nil else { return nil }
    return entry.node
  }

  /// All nodes that depend on the watch.
  func nodes(_ watch: Int32) -> [NodeID] {
    guard let entry = entries[watch] else { return [] }
    return (entry.node == .none ? [] : [entry.node]) + (entry.more?.nodes ?? [])
  }

  /// The hops through the watched folder.
  func hops(_ watch: Int32) -> [Hop] {
    entries[watch]?.more?.hops ?? []
  }
}
