import SystemPackage
import WorkspaceFiles

extension WatchEngine {
  /// Reads a folder and makes the tree equal to it; with `deep`, also every folder below that is known already.
  /// Folders that are new are always read with all below them.
  ///
  /// Each folder is opened, watched, and only then read through the same descriptor: what appears in between
  /// is either read or reported by the watch.
  func scan(_ start: NodeID, deep: Bool, report: Report, at now: Nanoseconds) {
    var work = [start]
    while let id = work.popLast() {
      guard nodes[id].pointee.kind == .directory else { continue }
      scanFolder(id, deep: deep, report: report, at: now, work: &work)
    }
  }

  private func scanFolder(
    _ id: NodeID, deep: Bool, report: Report, at now: Nanoseconds, work: inout [NodeID]
  ) {
    let followLinks = id == .root || nodes[id].pointee.flags.contains(.link)
    let descriptor = withAbsolutePath(id) { FileSystem.openFolder($0, followLinks: followLinks) }
    guard descriptor >= 0 else {
      folderFailed(id, errorNumber: FileSystem.lastError, report: report, at: now)
      return
    }
    defer { FileSystem.close(descriptor) }
    guard let stamp = FileStamp(at: "", in: descriptor, followLinks: false) else { return }
    let replaced = takeFolder(stamp, for: id)
    watchFolder(id, descriptor, replaced: replaced)
    let below = deep || replaced
    var cursor = FolderCursor(descriptor: descriptor, buffer: entryBuffer)
    while let entry = cursor.next() {
      meet(entry, in: id, descriptor, deep: below, report: report, at: now, work: &work)
    }
    if let errorNumber = cursor.errorNumber {
      folderFailed(id, errorNumber: errorNumber, report: report, at: now)
      return
    }
    nodes.forEachChild(of: id) { nodes, child in
      if nodes[child].pointee.flags.contains(.met) {
        nodes[child].pointee.flags.remove(.met)
      } else {
        self.unmet.append(child)
      }
    }
    while let child = unmet.popLast() { vanishTree(child, report: report, at: now) }
    // Only now: a link can lead to a folder that is scanned in turn, through the same buffer.
    let links = metLinks
    metLinks = []
    for link in links { _ = examineLink(link, hint: .none, report: report, at: now) }
  }

  /// - Returns: whether the folder is another one than before.
  private func takeFolder(_ stamp: FileStamp, for id: NodeID) -> Bool {
    let device = deviceIndex(of: stamp.device, at: id)
    let node = nodes[id]
    let isSame =
      node.pointee.inode == stamp.inode && node.pointee.deviceIndex == device
      && node.pointee.bornNanoseconds == stamp.bornNanoseconds
    let wasKnown = node.pointee.inode != 0
    node.pointee.inode = stamp.inode
    node.pointee.deviceIndex = device
    node.pointee.bornNanoseconds = stamp.bornNanoseconds
    node.pointee.mode = UInt16(truncatingIfNeeded: stamp.mode)
    if !isSame, wasKnown { releaseWatch(id) }
    let isMountPoint =
      id == .root || nodes[node.pointee.parent].pointee.deviceIndex != device
    if isMountPoint, source != nil, devices.isRemote(device) { startPolling(id) }
    return !isSame && wasKnown
  }

  private func watchFolder(_ id: NodeID, _ descriptor: CInt, replaced: Bool) {
    let index = nodes[id].pointee.directoryIndex
    if folders[index].isUnreadable {
      folders[index].isUnreadable = false
      restore(id)
    }
    guard let source, folders[index].watch < 0 else { return }
    switch source.watch(directory: descriptor, for: .contents) {
    case .success(let watch):
      folders[index].watch = watch
      watches.add(id, to: watch)
      if folders[index].isDegraded {
        folders[index].isDegraded = false
        polled.remove(id)
        restore(id)
      }
    case .failure(let error):
      degrade(id, errorNumber: error.errorNumber)
    }
  }

  @inline(__always)
  private func meet(
    _ entry: FolderCursor.Entry, in folder: NodeID, _ descriptor: CInt, deep: Bool, report: Report,
    at now: Nanoseconds, work: inout [NodeID]
  ) {
    let known = nodes.child(of: folder, named: entry.name)
    let folderIndex = nodes[folder].pointee.directoryIndex
    let isKept =
      known != .none && !nodes[known].pointee.flags.isDisjoint(with: [.spine, .demanded])
    var kind = entry.kind
    var stamp: FileStamp?
    if kind == nil {
      stamp = FileStamp(at: entry.cName, in: descriptor, followLinks: false)
      kind = stamp?.kind
    }
    switch kind {
    case .directory:
      guard
        let states = states(entering: entry.name, of: folderIndex, always: isKept)
      else { return }
      let id = known != .none ? known : nodes.insert(entry.name, below: folder)
      nodes[id].pointee.flags.insert(.met)
      if nodes[id].pointee.kind != .directory || nodes[id].pointee.flags.contains(.link) {
        becomeFolder(id, states: states, report: report, at: now)
        work.append(id)
      } else if deep || nodes[id].pointee.inode != entry.inode {
        work.append(id)
      }
    case .file, .link:
      var bits = subscriptions(including: entry.name, in: folderIndex)
      if known != .none { bits |= nodes[known].pointee.subscriptions }
      guard bits != 0 || isKept else { return }
      if kind == .file {
        stamp = stamp ?? FileStamp(at: entry.cName, in: descriptor, followLinks: false)
        // Gone, or something else, since the folder was read: its watch tells what to look at.
        guard let stamp, stamp.kind == .file else { return }
      }
      let id = known != .none ? known : nodes.insert(entry.name, below: folder)
      nodes[id].pointee.subscriptions = bits
      nodes[id].pointee.flags.insert(.met)
      if nodes[id].pointee.kind == .directory,
        kind == .file || !nodes[id].pointee.flags.contains(.link)
      {
        leaveFolder(id, report: report, at: now)
      }
      if let stamp, kind == .file {
        if nodes[id].pointee.flags.contains(.link) { endLink(id) }
        take(stamp, for: id, hint: .none, report: report, at: now)
      } else {
        nodes[id].pointee.flags.insert(.link)
        metLinks.append(id)
      }
    case .other, nil:
      return
    }
  }

  /// Makes a node a folder whose entries are not known yet.
  func becomeFolder(
    _ id: NodeID, states: ContiguousArray<PathFilter.State>, report: Report, at now: Nanoseconds
  ) {
    if nodes[id].pointee.kind == .directory { leaveFolder(id, report: report, at: now) }
    if nodes[id].pointee.flags.contains(.link) { endLink(id) }
    becomeAbsent(id, report: report, at: now)
    let node = nodes[id]
    node.pointee.kind = .directory
    node.pointee.size = Int64(folders.add(states: states))
    node.pointee.inode = 0
  }

  /// A folder and all below it is gone: its files become absent, its watches end.
  func leaveFolder(_ id: NodeID, report: Report, at now: Nanoseconds) {
    guard nodes[id].pointee.kind == .directory else { return }
    forgetEntries(of: id, report: report, at: now)
    releaseWatch(id)
    folders.remove(nodes[id].pointee.directoryIndex)
    polled.remove(id)
    failures[id] = nil
    nodes[id].pointee.kind = .absent
    nodes[id].pointee.size = 0
    if nodes[id].pointee.flags.contains(.link) { endLink(id) }
  }

  /// Everything in a folder is gone; the folder stays.
  func forgetEntries(of id: NodeID, report: Report, at now: Nanoseconds) {
    var children: [NodeID] = []
    nodes.forEachChild(of: id) { _, child in children.append(child) }
    for child in children { vanishTree(child, report: report, at: now) }
  }

  /// Nothing is at a path any more.
  func vanishTree(_ id: NodeID, report: Report, at now: Nanoseconds) {
    switch nodes[id].pointee.kind {
    case .directory: leaveFolder(id, report: report, at: now)
    case .file:
      if nodes[id].pointee.flags.contains(.link) { endLink(id) }
      becomeAbsent(id, report: report, at: now)
    case .absent:
      if nodes[id].pointee.flags.contains(.link) { endLink(id) }
    }
    freeIfUnused(id)
  }

  /// A folder could not be opened or read.
  private func folderFailed(
    _ id: NodeID, errorNumber: CInt, report: Report, at now: Nanoseconds
  ) {
    switch FileSystem.failure(errorNumber) {
    case .missing:
      if id == .root {
        forgetEntries(of: id, report: report, at: now)
        releaseWatch(id)
        nodes[id].pointee.inode = 0
      } else {
        vanishTree(id, report: report, at: now)
      }
    case .denied:
      forgetEntries(of: id, report: report, at: now)
      let index = nodes[id].pointee.directoryIndex
      guard !folders[index].isUnreadable else { return }
      folders[index].isUnreadable = true
      let path = relativePath(id)
      let failure = WatchFailure(
        errorNumber: errorNumber,
        description:
          "cannot read the folder \(path.isEmpty ? "." : path.string) (permission denied); give this "
          + "user read and search permission on it, or exclude it")
      failures[id] = failure
      notify(.unreadable(path: path, reason: failure))
    case .exhausted:
      degrade(id, errorNumber: errorNumber)
    }
  }

  /// Polls a folder from now on because it cannot be watched.
  private func degrade(_ id: NodeID, errorNumber: CInt) {
    let index = nodes[id].pointee.directoryIndex
    guard !folders[index].isDegraded else { return }
    folders[index].isDegraded = true
    // Above a polled folder nothing more is to be said: the polling comes by here too.
    var above = nodes[id].pointee.parent
    while above != .none {
      if polled.contains(above) { return }
      above = nodes[above].pointee.parent
    }
    startPolling(id)
    let path = relativePath(id)
    let failure = WatchFailure.watchRefused(path: path, errorNumber: errorNumber)
    failures[id] = failure
    notify(.degraded(path: path, reason: failure))
  }

  private func restore(_ id: NodeID) {
    if failures.removeValue(forKey: id) != nil {
      notify(.restored(path: relativePath(id)))
    }
  }

  func releaseWatch(_ id: NodeID) {
    let index = nodes[id].pointee.directoryIndex
    let watch = folders[index].watch
    guard watch >= 0 else { return }
    folders[index].watch = -1
    if watches.remove(id, from: watch) { source?.unwatch(watch) }
  }
}
