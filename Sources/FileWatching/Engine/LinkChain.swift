import SystemPackage
import WorkspaceFiles

/// The names and links on the way to a file or folder, each of which is watched in its folder.
struct LinkChain {
  /// The watches that the way leads through.
  var watches: [Int32] = []
  /// The stamp of what is at the end, or nil if nothing is.
  var target: FileStamp?
}

extension WatchEngine {
  /// Follows the link at a node and takes over what it leads to.
  /// - Returns: whether it differs from what was known.
  func examineLink(
    _ id: NodeID, hint: Hint, report: Report, at now: Nanoseconds, skipping skipped: Int = -1
  ) -> Bool {
    let node = nodes[id]
    let target: FileStamp?
    if source != nil, chains[id] != nil || canFollowAnother(id) {
      target = resolveLink(id)
    } else {
      target = stamp(id, followLinks: true)
    }
    node.pointee.flags.insert(.link)
    switch target?.kind {
    case .file:
      if node.pointee.kind == .directory { leaveFolderBehindLink(id, report: report, at: now) }
      return take(
        target!, for: id, hint: hint, report: report, at: now, skipping: skipped)
    case .directory where node.pointee.flags.contains(.spine):
      becomeAbsent(id, report: report, at: now, skipping: skipped)
      enterLinkedFolder(id, target!, report: report, at: now)
      return false
    default:
      if node.pointee.kind == .directory { leaveFolderBehindLink(id, report: report, at: now) }
      let wasFile = node.pointee.kind == .file
      becomeAbsent(id, report: report, at: now, skipping: skipped)
      return wasFile
    }
  }

  /// Links named by a literal part of a glob or demanded are always followed, others up to a bound.
  private func canFollowAnother(_ id: NodeID) -> Bool {
    !nodes[id].pointee.flags.isDisjoint(with: [.spine, .demanded])
      || chains.count < Self.maximumFollowedLinks
  }

  private func enterLinkedFolder(
    _ id: NodeID, _ target: FileStamp, report: Report, at now: Nanoseconds
  ) {
    let parent = nodes[id].pointee.parent
    if nodes[id].pointee.kind != .directory {
      guard nodes[parent].pointee.kind == .directory,
        let states = states(
          entering: nodes.name(id), of: nodes[parent].pointee.directoryIndex, always: true)
      else { return }
      let node = nodes[id]
      node.pointee.kind = .directory
      node.pointee.size = Int64(folders.add(states: states))
      node.pointee.inode = 0
    } else if nodes[id].pointee.inode == target.inode,
      nodes[id].pointee.bornNanoseconds == target.bornNanoseconds, report != .polled,
      folders[nodes[id].pointee.directoryIndex].watch >= 0
    {
      return
    }
    scan(id, deep: true, report: report, at: now)
  }

  /// The folder's entries vanish, but the node stays a link.
  func leaveFolderBehindLink(_ id: NodeID, report: Report, at now: Nanoseconds) {
    let chain = chains.removeValue(forKey: id)
    leaveFolder(id, report: report, at: now)
    chains[id] = chain
    nodes[id].pointee.flags.insert(.link)
  }

  /// The node is no link any more, or gone.
  func endLink(_ id: NodeID) {
    nodes[id].pointee.flags.remove(.link)
    dirtyChains.remove(id)
    guard let chain = chains.removeValue(forKey: id) else { return }
    releaseHops(of: id, Set(chain.watches))
  }

  private func releaseHops(of id: NodeID, _ watchNumbers: Set<Int32>) {
    for watch in watchNumbers where watches.removeHops(of: id, from: watch) {
      source?.unwatch(watch)
    }
  }

  /// Walks from the link's folder to what it leads to, watching each name on the way in its folder.
  private func resolveLink(_ id: NodeID) -> FileStamp? {
    let parent = nodes[id].pointee.parent
    let name = Array(nodes.name(id))
    let folder = withAbsolutePath(parent) { FileSystem.openPath($0) }
    guard folder >= 0 else { return nil }
    return replaceChain(of: id) { walker in walker.walk(from: folder, [name], skipFirst: true) }
  }

  /// Resolves a chain anew; watches that it no longer leads through end.
  private func replaceChain(
    of id: NodeID, _ walk: (inout ChainWalker) -> FileStamp?
  ) -> FileStamp? {
    let old = Set(chains[id]?.watches ?? [])
    for watch in old { watches.suspendHops(of: id, from: watch) }
    var walker = ChainWalker(chain: id, source: source)
    let target = walk(&walker)
    for (watch, hop) in walker.hops { watches.add(hop, to: watch) }
    let now = Set(walker.hops.map(\.watch))
    chains[id] = LinkChain(watches: Array(now), target: target)
    releaseHops(of: id, old.subtracting(now))
    return target
  }

  /// Finds the root and what is above it, and crawls it if it is not the folder it was.
  func resolveRoot(report: Report, at now: Nanoseconds) {
    if nodes[.root].pointee.kind != .directory {
      nodes[.root].pointee.kind = .directory
      let states = ContiguousArray(subscribers.map(\.filter.start))
      nodes[.root].pointee.size = Int64(folders.add(states: states))
    }
    if source != nil {
      let components = rootPath.split(separator: UInt8(ascii: "/")).map(Array.init)
      let target = replaceChain(of: .root) { walker in
        let top = FileSystem.openPath("/")
        return top < 0 ? nil : walker.walk(from: top, components, skipFirst: false)
      }
      let node = nodes[.root].pointee
      let isWatched = folders[node.directoryIndex].watch >= 0
      if let target, node.inode == target.inode, node.bornNanoseconds == target.bornNanoseconds,
        isWatched || polled.contains(.root)
      {
        return
      }
      if target == nil, node.inode == 0, report != .silent { return }
    }
    if report == .silent {
      crawl(.root, at: now)
      return
    }
    let before = nodes[.root].pointee.inode
    scan(.root, deep: true, report: report, at: now)
    guard nodes[.root].pointee.inode != before else { return }
    notify(.rescanned(.rootChanged))
    resolveLinksBelow()
  }

  private func resolveLinksBelow() {
    for id in chains.keys where id != .root { dirtyChains.insert(id) }
  }

  /// Follows again the chains through which something changed.
  func resolveDirtyChains(at now: Nanoseconds) {
    lookAtLostFolders(at: now)
    var rounds = 0
    while !dirtyChains.isEmpty, rounds < Self.maximumSyncRounds {
      rounds += 1
      let dirty = dirtyChains
      dirtyChains = []
      if dirty.contains(.root) { resolveRoot(report: .found, at: now) }
      for id in dirty where id != .root && chains[id] != nil {
        if nodes[id].pointee.kind == .directory || nodes[id].pointee.flags.contains(.spine) {
          lookAgain(atFolder: id, at: now)
        } else {
          note(id, .closed, at: now)
        }
      }
    }
  }
}
