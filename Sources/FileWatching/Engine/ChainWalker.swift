import SystemPackage
import WorkspaceFiles

/// Follows a path name by name as the kernel does, and watches each name in its folder before looking at it,
/// so that no change to the way goes unheard.
struct ChainWalker {
  /// The kernel's own bound on links in one path (path_resolution(7)); more is a cycle.
  static let maximumLinks = 40

  let chain: NodeID
  let source: (any WatchSource)?
  private(set) var hops: [(watch: Int32, hop: WatchTable.Hop)] = []

  init(chain: NodeID, source: (any WatchSource)?) {
    self.chain = chain
    self.source = source
  }

  /// Walks from an open folder, which it closes.
  /// - Returns: the stamp of what is at the end; nil if nothing is, or a folder may not be searched.
  mutating func walk(
    from folder: CInt, _ components: [[UInt8]], skipFirst: Bool
  ) -> FileStamp? {
    var current = folder
    defer { FileSystem.close(current) }
    var remaining = Array(components.reversed())
    var links = 0
    var isFirst = skipFirst
    var reached = FileStamp(at: "", in: current, followLinks: false)
    while let name = remaining.popLast() {
      if name.isEmpty || name == Self.dot { continue }
      if name != Self.dotDot, !isFirst { watch(name, in: current, isTarget: remaining.isEmpty) }
      isFirst = false
      let next = FileSystem.openPath(name, in: current)
      guard next >= 0, let stamp = FileStamp(at: "", in: next, followLinks: false) else {
        if next >= 0 { FileSystem.close(next) }
        return nil
      }
      switch stamp.kind {
      case .directory:
        FileSystem.close(current)
        current = next
        reached = stamp
      case .link:
        let target = FileSystem.readLink(next)
        FileSystem.close(next)
        links += 1
        guard links <= Self.maximumLinks, let target, !target.isEmpty else { return nil }
        if target.first == UInt8(ascii: "/") {
          let top = FileSystem.openPath("/")
          guard top >= 0 else { return nil }
          FileSystem.close(current)
          current = top
        }
        remaining.append(
          contentsOf: target.split(separator: UInt8(ascii: "/")).map(Array.init).reversed())
        reached = FileStamp(at: "", in: current, followLinks: false)
      case .file, .other:
        FileSystem.close(next)
        return remaining.isEmpty ? stamp : nil
      }
    }
    return reached
  }

  private mutating func watch(_ name: [UInt8], in folder: CInt, isTarget: Bool) {
    let isFile = isTarget && chain != .root
    guard let source,
      case .success(let watch) = source.watch(directory: folder, for: isFile ? .contents : .names)
    else { return }
    hops.append((watch, WatchTable.Hop(name: name, chain: chain, isTarget: isFile)))
  }

  private static let dot = [UInt8(ascii: ".")]
  private static let dotDot = [UInt8(ascii: "."), UInt8(ascii: ".")]
}
