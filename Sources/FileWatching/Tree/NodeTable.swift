import WorkspaceFiles

/// The watcher's snapshot of the file system: nodes linked to their parents, found by parent and name.
///
/// Nodes lie in chunks that never move, so growing copies nothing and a node is one pointer away. Used by
/// one thread.
struct NodeTable: ~Copyable {
  private static let chunkBits: Int32 = 10
  private static let chunkSize = 1 << Int(chunkBits)
  private static let chunkMask: Int32 = (1 << chunkBits) - 1

  private var chunks = ContiguousArray<UnsafeMutablePointer<Node>>()
  private var used: Int32 = 0
  private var free = ContiguousArray<NodeID>()
  private var index = HashIndex()
  private var names = NameTable()

  /// Creates a table that holds the root.
  init() {
    let root = allocate()
    let name = names.retain(UnsafeRawBufferPointer(start: nil, count: 0))
    Self.pointer(chunks, root).initialize(to: Node(parent: .none, name: name))
  }

  deinit {
    for chunk in chunks { chunk.deallocate() }
  }

  /// How many nodes there are, the root included.
  var count: Int { Int(used) - free.count }

  /// The node's place; it stays valid until the node is removed.
  @inline(__always)
  subscript(_ id: NodeID) -> UnsafeMutablePointer<Node> {
    Self.pointer(chunks, id)
  }

  @inline(__always)
  private static func pointer(
    _ chunks: ContiguousArray<UnsafeMutablePointer<Node>>, _ id: NodeID
  ) -> UnsafeMutablePointer<Node> {
    chunks[Int(id.raw >> chunkBits)] + Int(id.raw & chunkMask)
  }

  /// Whether a number that was kept still stands for a node.
  func isUsed(_ id: NodeID) -> Bool {
    id == .root || (id.raw >= 0 && id.raw < used && self[id].pointee.parent != .none)
  }

  /// The node's name, valid as long as the node.
  @inline(__always)
  func name(_ id: NodeID) -> UnsafeRawBufferPointer {
    names.bytes(self[id].pointee.name)
  }

  /// The child of that name, or ``NodeID/none``.
  @inline(__always)
  func child(of parent: NodeID, named name: UnsafeRawBufferPointer) -> NodeID {
    guard let name = names.find(name) else { return .none }
    return child(of: parent, named: name)
  }

  @inline(__always)
  private func child(of parent: NodeID, named name: NameID) -> NodeID {
    let chunks = self.chunks
    let found = index.find(hash: Self.hash(parent, name)) { candidate in
      let node = Self.pointer(chunks, NodeID(raw: candidate))
      return node.pointee.parent == parent && node.pointee.name == name
    }
    return NodeID(raw: found)
  }

  /// Adds an absent child; there must be none of that name.
  mutating func insert(_ name: UnsafeRawBufferPointer, below parent: NodeID) -> NodeID {
    let name = names.retain(name)
    let id = allocate()
    var node = Node(parent: parent, name: name)
    node.nextSibling = self[parent].pointee.firstChild
    if node.nextSibling != .none { self[node.nextSibling].pointee.previousSibling = id }
    self[parent].pointee.firstChild = id
    self[id].initialize(to: node)
    let chunks = self.chunks
    index.insert(id.raw, hash: Self.hash(parent, name)) { Self.hash(chunks, $0) }
    return id
  }

  /// Removes a node without children.
  mutating func remove(_ id: NodeID) {
    let node = self[id].pointee
    precondition(node.firstChild == .none && id != .root, "only leaves can be removed")
    let chunks = self.chunks
    index.remove(id.raw, hash: Self.hash(node.parent, node.name)) { Self.hash(chunks, $0) }
    if node.previousSibling == .none {
      self[node.parent].pointee.firstChild = node.nextSibling
    } else {
      self[node.previousSibling].pointee.nextSibling = node.nextSibling
    }
    if node.nextSibling != .none {
      self[node.nextSibling].pointee.previousSibling = node.previousSibling
    }
    names.release(node.name)
    self[id].pointee = Node(parent: .none, name: node.name)
    free.append(id)
  }

  /// Calls `body` with each child; `body` may remove the child it was given, and no other.
  @inline(__always)
  mutating func forEachChild(of parent: NodeID, _ body: (inout NodeTable, NodeID) -> Void) {
    var child = self[parent].pointee.firstChild
    while child != .none {
      let next = self[child].pointee.nextSibling
      body(&self, child)
      child = next
    }
  }

  /// Calls `body` with every node, in no particular order.
  func forEach(_ body: (NodeID, borrowing Node) -> Void) {
    for raw in 0..<used {
      let id = NodeID(raw: raw)
      if isUsed(id) { body(id, self[id].pointee) }
    }
  }

  /// Writes the node's path relative to the root, without a NUL, at the end of `buffer`. The root's is empty.
  func appendPath(of id: NodeID, to buffer: inout [UInt8]) {
    var length = 0
    var at = id
    while at != .root {
      length += name(at).count + 1
      at = self[at].pointee.parent
    }
    guard length > 0 else { return }
    let start = buffer.count
    buffer.append(contentsOf: repeatElement(UInt8(ascii: "/"), count: length - 1))
    var end = buffer.count
    at = id
    while at != .root {
      let name = name(at)
      buffer.withUnsafeMutableBytes { bytes in
        UnsafeMutableRawBufferPointer(rebasing: bytes[(end - name.count)..<end]).copyMemory(
          from: name)
      }
      end -= name.count + 1
      at = self[at].pointee.parent
    }
    assert(end == start - 1)
  }

  private mutating func allocate() -> NodeID {
    if let reused = free.popLast() { return reused }
    if Int(used) == chunks.count * Self.chunkSize {
      chunks.append(UnsafeMutablePointer<Node>.allocate(capacity: Self.chunkSize))
    }
    used += 1
    return NodeID(raw: used - 1)
  }

  @inline(__always)
  private static func hash(
    _ chunks: ContiguousArray<UnsafeMutablePointer<Node>>, _ raw: Int32
  ) -> UInt32 {
    let node = pointer(chunks, NodeID(raw: raw))
    return hash(node.pointee.parent, node.pointee.name)
  }

  /// Multiplicative hashing of the pair (Knuth, TAOCP vol. 3, 6.4), high bits folded into the low ones.
  @inline(__always)
  private static func hash(_ parent: NodeID, _ name: NameID) -> UInt32 {
    let pair = UInt64(UInt32(bitPattern: parent.raw)) << 32 | UInt64(UInt32(bitPattern: name.raw))
    return UInt32(truncatingIfNeeded: (pair &* 0x9E37_79B9_7F4A_7C15) >> 32)
  }
}
