import SystemPackage
import WorkspaceFiles

extension WatchEngine {
  /// Takes one hint.
  func handle(_ event: WatchEvent, at now: Nanoseconds) {
    if event.kind.contains(.watchEnded) {
      watchEnded(event.watch)
      return
    }
    if let hold = renameHold, event.kind.contains(.movedTo), hold.cookie == event.cookie {
      renameHold = nil
    }
    if let node = watches.soleNode(event.watch) {
      handle(event, in: node, at: now)
      return
    }
    for hop in watches.hops(event.watch) { handle(event, at: hop, now) }
    for node in watches.nodes(event.watch) { handle(event, in: node, at: now) }
  }

  /// The kernel's queue was full: everything is compared again when it has been emptied.
  func overflow() {
    overflowed = true
  }

  private func watchEnded(_ watch: Int32) {
    let (watchedNodes, watchedChains) = watches.remove(watch)
    for id in watchedNodes where nodes[id].pointee.kind == .directory {
      folders[nodes[id].pointee.directoryIndex].watch = -1
      // Usually the parent has told that the folder is gone. If not (an unmounted file system, the root), its
      // parent is asked.
      lostFolders.append(id)
    }
    dirtyChains.formUnion(watchedChains)
  }

  private func handle(_ event: WatchEvent, in folder: NodeID, at now: Nanoseconds) {
    guard nodes[folder].pointee.kind == .directory else { return }
    if event.name.isEmpty {
      if !event.kind.isDisjoint(with: [.selfGone, .attributes]) {
        if event.kind.contains(.selfGone), folder == .root || chains[folder] != nil {
          dirtyChains.insert(folder)
        } else if event.kind.contains(.attributes) {
          lostFolders.append(folder)
        }
      }
      return
    }
    let index = nodes[folder].pointee.directoryIndex
    var child = nodes.child(of: folder, named: event.name)
    if event.kind.contains(.folder)
      || (child != .none
        && (nodes[child].pointee.kind == .directory
          || nodes[child].pointee.flags.contains(.spine)))
    {
      lookAgain(at: event.name, in: folder, child, event.kind, at: now)
      return
    }
    if child == .none {
      if event.kind.isDisjoint(with: [.created, .movedTo, .modified, .closedAfterWriting]) {
        return
      }
      let bits = subscriptions(including: event.name, in: index)
      guard bits != 0 else { return }
      child = nodes.insert(event.name, below: folder)
      nodes[child].pointee.subscriptions = bits
    } else if nodes[child].pointee.kind == .absent {
      // It may have been a folder, for which nobody asks by itself.
      includeFile(child)
    }
    note(child, activity(of: event, for: child), at: now)
    if event.kind.contains(.movedFrom) {
      renameHold = (event.cookie, now.advanced(clamping: Self.renameWindow))
    }
  }

  private func activity(of event: WatchEvent, for id: NodeID) -> Settler.Activity {
    if event.kind.contains(.modified) { return .opened }
    if event.kind.contains(.created) {
      // A file that open() created will be closed by its writer; a hard link, a symbolic link and a device
      // have none.
      guard let stamp = stamp(id, followLinks: false), stamp.kind == .file, stamp.links == 1 else {
        return .closed
      }
      return .opened
    }
    return event.kind.contains(.attributes) ? .attributes : .closed
  }

  /// A folder was named, or a path that leads to other folders: looks what is there now.
  private func lookAgain(
    at name: UnsafeRawBufferPointer, in folder: NodeID, _ known: NodeID, _ kind: WatchEvent.Kind,
    at now: Nanoseconds
  ) {
    var id = known
    if id == .none {
      if kind.isDisjoint(with: [.created, .movedTo]) { return }
      let index = nodes[folder].pointee.directoryIndex
      guard states(entering: name, of: index, always: false) != nil else { return }
      id = nodes.insert(name, below: folder)
    }
    if kind.contains(.movedFrom) {
      renameHold = nil
    }
    lookAgain(atFolder: id, at: now)
  }

  /// Looks what is at a path that is, was or may become a folder, and enters or leaves it.
  func lookAgain(atFolder id: NodeID, at now: Nanoseconds) {
    defer { freeIfUnused(id) }
    guard let stamp = stamp(id, followLinks: false) else {
      vanishNode(id, at: now)
      return
    }
    let isLink = nodes[id].pointee.flags.contains(.link)
    switch stamp.kind {
    case .directory:
      if nodes[id].pointee.kind == .directory, !isLink, nodes[id].pointee.inode == stamp.inode,
        folders[nodes[id].pointee.directoryIndex].watch >= 0
      {
        scan(id, deep: false, report: .found, at: now)
      } else {
        enterFolder(id, report: .found, at: now)
      }
    case .link:
      if nodes[id].pointee.kind == .directory, !isLink { leaveFolder(id, report: .found, at: now) }
      includeFile(id)
      if nodes[id].pointee.subscriptions == 0, nodes[id].pointee.flags.isDisjoint(with: .spine) {
        return
      }
      _ = examineLink(id, hint: .written, report: .found, at: now)
    case .file:
      if nodes[id].pointee.kind == .directory { leaveFolder(id, report: .found, at: now) }
      includeFile(id)
      note(id, .closed, at: now)
    case .other:
      vanishNode(id, at: now)
    }
  }

  private func vanishNode(_ id: NodeID, at now: Nanoseconds) {
    if nodes[id].pointee.kind == .directory {
      leaveFolder(id, report: .found, at: now)
    } else {
      note(id, .closed, at: now)
    }
  }

  private func includeFile(_ id: NodeID) {
    let parent = nodes[id].pointee.parent
    guard parent != .none, nodes[parent].pointee.kind == .directory else { return }
    let bits = subscriptions(including: nodes.name(id), in: nodes[parent].pointee.directoryIndex)
    nodes[id].pointee.subscriptions |= bits
  }

  /// Makes the node a folder, if the globs or a demand want it, and reads it with all below.
  func enterFolder(_ id: NodeID, report: Report, at now: Nanoseconds) {
    if id == .root {
      scan(.root, deep: true, report: report, at: now)
      return
    }
    let parent = nodes[id].pointee.parent
    guard nodes[parent].pointee.kind == .directory else { return }
    let isKept = !nodes[id].pointee.flags.isDisjoint(with: [.spine, .demanded])
    guard
      let states = states(
        entering: nodes.name(id), of: nodes[parent].pointee.directoryIndex, always: isKept)
    else { return }
    if nodes[id].pointee.kind != .directory || nodes[id].pointee.flags.contains(.link) {
      becomeFolder(id, states: states, report: report, at: now)
    }
    scan(id, deep: true, report: report, at: now)
  }

  private func handle(_ event: WatchEvent, at hop: WatchTable.Hop, _ now: Nanoseconds) {
    if event.name.isEmpty {
      if event.kind.contains(.selfGone) { dirtyChains.insert(hop.chain) }
      return
    }
    guard event.name.elementsEqual(hop.name) else { return }
    if !event.kind.isDisjoint(with: .entryChanged) {
      dirtyChains.insert(hop.chain)
    } else if hop.isTarget {
      note(hop.chain, activity(of: event, for: hop.chain), at: now)
    }
  }

  /// Looks at the folders whose watch the kernel ended, or whose own attributes changed.
  func lookAtLostFolders(at now: Nanoseconds) {
    while let id = lostFolders.popLast() {
      guard nodes.isUsed(id), nodes[id].pointee.kind == .directory else { continue }
      if id == .root || chains[id] != nil {
        dirtyChains.insert(id)
      } else {
        lookAgain(atFolder: id, at: now)
      }
    }
  }
}
