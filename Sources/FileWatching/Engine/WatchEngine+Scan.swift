import SystemPackage
import WorkspaceFiles

extension WatchEngine {
  /// Reads a folder and makes the tree equal to it; with `deep`, also every folder below that is known already.
  /// Folders that are new are always read with all below them.
  func scan(_ start: NodeID, deep: Bool, report: Report, at now: Nanoseconds) {
    var work = [start]
    while let id = work.popLast() {
      guard let request = request(for: id) else { continue }
      merge(reader.read(request), deep: deep, report: report, at: now, work: &work)
    }
  }

  /// The same for a tree of which nothing is known yet, with other threads reading ahead.
  func crawl(_ start: NodeID, at now: Nanoseconds) {
    guard crawlThreads > 0, let first = request(for: start) else {
      scan(start, deep: true, report: .silent, at: now)
      return
    }
    var work: [NodeID] = []
    merge(reader.read(first), deep: true, report: .silent, at: now, work: &work)
    let pool = CrawlPool()
    let readers = (0..<crawlThreads).map { _ in
      FolderReader(
        filters: reader.filters, source: source,
        buffer: .allocate(byteCount: entryBuffer.count, alignment: 16))
    }
    pool.start(readers)
    pool.add(work.compactMap(request(for:)))
    crawling: while true {
      work.removeAll(keepingCapacity: true)
      switch pool.next() {
      case .merge(let listings):
        for listing in listings {
          merge(listing, deep: true, report: .silent, at: now, work: &work)
        }
      case .read(let request):
        merge(reader.read(request), deep: true, report: .silent, at: now, work: &work)
      case .done:
        break crawling
      }
      pool.add(work.compactMap(request(for:)))
    }
    pool.end()
    for reader in readers { reader.buffer.deallocate() }
  }

  private func request(for id: NodeID) -> FolderRequest? {
    let node = nodes[id].pointee
    guard node.kind == .directory else { return nil }
    let index = node.directoryIndex
    let path = withAbsolutePath(id) { _ in pathBuffer }
    return FolderRequest(
      node: id, path: path, followLinks: id == .root || node.flags.contains(.link),
      watch: folders[index].watch, inode: node.inode, bornNanoseconds: node.bornNanoseconds,
      states: ContiguousArray(subscribers.indices.map { folders.state(index, $0) }))
  }

  /// Makes the tree equal to what was read of a folder, and adds the folders in it that are to be read to `work`.
  private func merge(
    _ listing: FolderListing, deep: Bool, report: Report, at now: Nanoseconds,
    work: inout [NodeID]
  ) {
    let id = listing.node
    // An entry merged before may have led to the removal of this one.
    guard nodes.isUsed(id), nodes[id].pointee.kind == .directory else { return }
    guard let folder = listing.folder else {
      folderFailed(id, errorNumber: listing.errorNumber, report: report, at: now)
      return
    }
    let replaced = takeFolder(folder, for: id)
    takeWatch(listing.watch, for: id)
    let below = deep || replaced
    listing.names.withUnsafeBytes { names in
      for entry in listing.entries {
        let name = UnsafeRawBufferPointer(
          rebasing: names[entry.nameStart..<entry.nameStart + entry.nameLength])
        meet(entry, name, in: id, deep: below, report: report, at: now, work: &work)
      }
    }
    if listing.errorNumber != 0 {
      folderFailed(id, errorNumber: listing.errorNumber, report: report, at: now)
      return
    }
    var unmet: [NodeID] = []
    nodes.forEachChild(of: id) { nodes, child in
      if nodes[child].pointee.flags.contains(.met) {
        nodes[child].pointee.flags.remove(.met)
      } else {
        unmet.append(child)
      }
    }
    for child in unmet { vanishTree(child, report: report, at: now) }
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

  private func takeWatch(_ watch: Result<Int32, WatchError>?, for id: NodeID) {
    let index = nodes[id].pointee.directoryIndex
    if folders[index].isUnreadable {
      folders[index].isUnreadable = false
      restore(id)
    }
    switch watch {
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
    case nil:
      break
    }
  }

  @inline(__always)
  private func meet(
    _ entry: FolderListing.Entry, _ name: UnsafeRawBufferPointer, in folder: NodeID, deep: Bool,
    report: Report, at now: Nanoseconds, work: inout [NodeID]
  ) {
    let known = nodes.child(of: folder, named: name)
    let isKept =
      known != .none && !nodes[known].pointee.flags.isDisjoint(with: [.spine, .demanded])
    if entry.kind == .directory {
      let index = nodes[folder].pointee.directoryIndex
      guard let states = states(entering: name, of: index, always: isKept) else { return }
      let id = known != .none ? known : nodes.insert(name, below: folder)
      nodes[id].pointee.flags.insert(.met)
      if nodes[id].pointee.kind != .directory || nodes[id].pointee.flags.contains(.link) {
        becomeFolder(id, states: states, report: report, at: now)
        work.append(id)
      } else if deep || nodes[id].pointee.inode != entry.inode {
        work.append(id)
      }
      return
    }
    var bits = entry.subscriptions
    if known != .none { bits |= nodes[known].pointee.subscriptions }
    guard bits != 0 || isKept else { return }
    let id = known != .none ? known : nodes.insert(name, below: folder)
    nodes[id].pointee.subscriptions = bits
    nodes[id].pointee.flags.insert(.met)
    if nodes[id].pointee.kind == .directory,
      entry.kind == .file || !nodes[id].pointee.flags.contains(.link)
    {
      leaveFolder(id, report: report, at: now)
    }
    if entry.kind == .link {
      _ = examineLink(id, hint: .none, report: report, at: now)
    } else if let stamp = entry.stamp ?? stamp(id, followLinks: false), stamp.kind == .file {
      if nodes[id].pointee.flags.contains(.link) { endLink(id) }
      take(stamp, for: id, hint: .none, report: report, at: now)
    } else {
      nodes[id].pointee.flags.remove(.met)
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
      } else if nodes[id].pointee.flags.contains(.link) {
        // The link is there, but leads elsewhere by now: it is followed again.
        leaveFolderBehindLink(id, report: report, at: now)
        dirtyChains.insert(id)
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
