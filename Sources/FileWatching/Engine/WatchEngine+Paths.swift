import SystemPackage
import WorkspaceFiles

extension WatchEngine {
  /// The node's path relative to the root.
  func relativePath(_ id: NodeID) -> FilePath {
    var bytes: [UInt8] = []
    nodes.appendPath(of: id, to: &bytes)
    return FilePath(relativeBytes: bytes)
  }

  /// Calls `body` with the node's absolute path, NUL-terminated.
  @inline(__always)
  func withAbsolutePath<R>(_ id: NodeID, _ body: (UnsafePointer<CChar>) -> R) -> R {
    pathBuffer.removeAll(keepingCapacity: true)
    pathBuffer.append(contentsOf: rootPath)
    if id != .root {
      if pathBuffer.last != UInt8(ascii: "/") { pathBuffer.append(UInt8(ascii: "/")) }
      nodes.appendPath(of: id, to: &pathBuffer)
    }
    pathBuffer.append(0)
    return pathBuffer.withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { body($0.baseAddress!) }
    }
  }

  /// Marks the folders of a path as kept and entered whatever the globs say.
  /// - Returns: the node of the last component.
  @discardableResult
  func addSpine(_ components: [[UInt8]]) -> NodeID {
    var at = NodeID.root
    for component in components {
      at = childOrNew(component, below: at)
      nodes[at].pointee.flags.insert(.spine)
    }
    return at
  }

  /// Marks a file as watched for a subscription whatever the globs say.
  @discardableResult
  func addDemand(_ components: [[UInt8]], for subscription: Int) -> NodeID {
    guard let last = components.last else { return .root }
    let folder = addSpine(Array(components.dropLast()))
    let id = childOrNew(last, below: folder)
    nodes[id].pointee.flags.insert(.demanded)
    nodes[id].pointee.subscriptions |= 1 << UInt8(subscription)
    demanded.insert(id)
    return id
  }

  private func childOrNew(_ name: [UInt8], below parent: NodeID) -> NodeID {
    name.withUnsafeBytes { name in
      let known = nodes.child(of: parent, named: name)
      return known != .none ? known : nodes.insert(name, below: parent)
    }
  }

  /// Which subscriptions' globs include a file of that name in a folder, a bit each.
  @inline(__always)
  func subscriptions(including name: UnsafeRawBufferPointer, in folder: Int) -> UInt8 {
    var bits: UInt8 = 0
    for index in subscribers.indices {
      let state = folders.state(folder, index)
      let after = subscribers[index].filter.advance(state, over: name)
      if subscribers[index].filter.isIncluded(after) { bits |= 1 << UInt8(index) }
    }
    return bits
  }

  /// Where each subscription's globs are after a folder of that name and its "/", or nil if none of them can
  /// match below it.
  func states(
    entering name: UnsafeRawBufferPointer, of folder: Int, always: Bool
  ) -> ContiguousArray<PathFilter.State>? {
    var states = ContiguousArray<PathFilter.State>()
    states.reserveCapacity(subscribers.count)
    var isWanted = always
    for index in subscribers.indices {
      let filter = subscribers[index].filter
      let after = filter.advance(
        filter.advance(folders.state(folder, index), over: name), byte: UInt8(ascii: "/"))
      states.append(after)
      if filter.canMatchBelow(after) { isWanted = true }
    }
    return isWanted ? states : nil
  }
}

extension FilePath {
  /// A relative path of these bytes, which hold no NUL.
  init(relativeBytes bytes: [UInt8]) {
    var terminated = bytes.map { CInterop.PlatformChar(bitPattern: $0) }
    terminated.append(0)
    self = terminated.withUnsafeBufferPointer { FilePath(platformString: $0.baseAddress!) }
  }

  /// The names that a relative path is made of, without ".".
  var relativeComponents: [[UInt8]] {
    components.compactMap { component in
      if component.kind == .currentDirectory { return nil }
      return component.withPlatformString { name in
        var bytes: [UInt8] = []
        var at = name
        while at.pointee != 0 {
          bytes.append(UInt8(bitPattern: at.pointee))
          at += 1
        }
        return bytes
      }
    }
  }
}
