import SystemPackage
import WorkspaceFiles

extension WatchEngine {
  /// Scans from now on what lies in a folder the kernel does not tell of.
  func startPolling(_ id: NodeID) {
    polled.insert(id)
  }

  func schedulePolling(at now: Nanoseconds) {
    nextPoll = polled.isEmpty ? .max : now.advanced(clamping: pollInterval)
  }

  /// Scans what is polled.
  func poll(at now: Nanoseconds) {
    for id in polled where nodes.isUsed(id) {
      if id == .root {
        if source == nil {
          resolveRoot(report: .polled, at: now)
        } else {
          scan(.root, deep: true, report: .polled, at: now)
        }
      } else {
        scan(id, deep: true, report: .polled, at: now)
      }
    }
    schedulePolling(at: now)
  }

  /// Looks at what the kernel may have been silent about: writes through a memory map or another hard link to
  /// demanded files, links whose way leads through folders that may not be watched, and the root itself.
  func reconcile(at now: Nanoseconds) {
    nextReconcile = now.advanced(clamping: reconcileInterval)
    if nextPoll == .max, !polled.isEmpty { schedulePolling(at: now) }
    guard source != nil else { return }
    if !isRootUnchanged { resolveRoot(report: .found, at: now) }
    for id in demanded.union(chains.keys) where id != .root && nodes.isUsed(id) {
      let parent = nodes[id].pointee.parent
      guard nodes[parent].pointee.kind == .directory else { continue }
      switch nodes[id].pointee.kind {
      case .directory: lookAgain(atFolder: id, at: now)
      case .file, .absent: reconcileFile(id, at: now)
      }
    }
  }

  /// Whether the root's path still leads to the folder that is watched: one system call, so that an idle watcher
  /// costs next to nothing.
  private var isRootUnchanged: Bool {
    let root = nodes[.root].pointee
    guard root.inode != 0, folders[root.directoryIndex].watch >= 0,
      let stamp = stamp(.root, followLinks: true)
    else { return false }
    return stamp.inode == root.inode && stamp.bornNanoseconds == root.bornNanoseconds
  }

  private func reconcileFile(_ id: NodeID, at now: Nanoseconds) {
    guard let stamp = stamp(id, followLinks: false) else {
      becomeAbsent(id, report: .found, at: now)
      return
    }
    switch stamp.kind {
    case .file:
      if nodes[id].pointee.flags.contains(.link) { endLink(id) }
      take(stamp, for: id, hint: .none, report: .polled, at: now)
    case .link:
      // The way is walked again only if it leads elsewhere.
      if let known = chains[id]?.target, nodes[id].pointee.kind == .file,
        let target = self.stamp(id, followLinks: true), target.isSameFile(as: known)
      {
        take(target, for: id, hint: .none, report: .polled, at: now)
      } else {
        _ = examineLink(id, hint: .none, report: .polled, at: now)
      }
    case .directory:
      lookAgain(atFolder: id, at: now)
    case .other:
      becomeAbsent(id, report: .found, at: now)
    }
  }

  /// Compares the whole tree with the file system.
  func rescan(because reason: WatchNotice.RescanReason, at now: Nanoseconds) {
    notify(.rescanned(reason))
    isRescanning = true
    defer { isRescanning = false }
    if source != nil { resolveRoot(report: .found, at: now) }
    scan(.root, deep: true, report: .found, at: now)
    for id in chains.keys where id != .root { dirtyChains.insert(id) }
    resolveDirtyChains(at: now)
  }

  /// Watches one more path for a subscription.
  func demand(_ components: [[UInt8]], for index: Int, at now: Nanoseconds) {
    guard !components.isEmpty else { return }
    addDemand(components, for: index)
    var at = NodeID.root
    for component in components {
      let child = component.withUnsafeBytes { nodes.child(of: at, named: $0) }
      guard child != .none, nodes[at].pointee.kind == .directory else { return }
      if nodes[child].pointee.kind == .absent { meetSilently(child, at: now) }
      at = child
    }
  }

  private func meetSilently(_ id: NodeID, at now: Nanoseconds) {
    guard let stamp = stamp(id, followLinks: false) else { return }
    switch stamp.kind {
    case .file: take(stamp, for: id, hint: .none, report: .silent, at: now)
    case .link: _ = examineLink(id, hint: .none, report: .silent, at: now)
    case .directory: enterFolder(id, report: .silent, at: now)
    case .other: break
    }
  }
}
