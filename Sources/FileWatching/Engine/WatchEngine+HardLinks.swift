import WorkspaceFiles

/// Files with several names. The kernel tells only the folder of the name that was written through, so every
/// name of such a file that lies in the tree is kept by its inode.
extension WatchEngine {
  /// Keeps or forgets a path as one name of several, and has the others compared if this one changed.
  func keepLinkedFile(
    _ id: NodeID, oldKey: FileKey, stamp: FileStamp, changed: Bool, at now: Nanoseconds
  ) {
    let key = FileKey(device: stamp.device, inode: stamp.inode)
    if nodes[id].pointee.flags.contains(.multiplyLinked), oldKey != key || stamp.links == 1 {
      removeLinkedFile(id, oldKey)
    }
    guard stamp.links > 1 else { return }
    if !nodes[id].pointee.flags.contains(.multiplyLinked) {
      nodes[id].pointee.flags.insert(.multiplyLinked)
      linkedFiles[key, default: []].append(id)
    }
    guard changed else { return }
    // The event named one path; the others lead to the same content.
    for other in linkedFiles[key] ?? [] where other != id {
      let node = nodes[other].pointee
      if node.modifiedNanoseconds != stamp.modifiedNanoseconds || node.size != stamp.size {
        note(other, .closed, at: now)
      }
    }
  }

  /// The path no longer leads to a file with several names.
  func forgetLinkedFile(_ id: NodeID) {
    let node = nodes[id].pointee
    removeLinkedFile(
      id, FileKey(device: devices.device(node.deviceIndex), inode: node.inode))
  }

  private func removeLinkedFile(_ id: NodeID, _ key: FileKey) {
    nodes[id].pointee.flags.remove(.multiplyLinked)
    linkedFiles[key]?.removeAll { $0 == id }
    if linkedFiles[key]?.isEmpty == true {
      linkedFiles[key] = nil
    } else {
      lostName.insert(key)
    }
  }

  /// Compares the files that got a further name or lost one.
  ///
  /// Making a hard link gives the old name no event, so the tree does not know yet that there are several: one
  /// pass over it finds them, however many got one. And somebody may have written through a name before it was
  /// taken away, or through one that came and went unseen.
  func resolveHardLinks(at now: Nanoseconds) {
    if newlyLinked.isEmpty, lostName.isEmpty { return }
    var found = lostName.union(newlyLinked).flatMap { linkedFiles[$0] ?? [] }
    lostName = []
    if !newlyLinked.isEmpty {
      let keys = newlyLinked
      newlyLinked = []
      nodes.forEach { id, node in
        guard node.kind == .file, !node.flags.contains(.multiplyLinked) else { return }
        let key = FileKey(device: devices.device(node.deviceIndex), inode: node.inode)
        if keys.contains(key) { found.append(id) }
      }
    }
    for id in found where nodes.isUsed(id) && nodes[id].pointee.kind == .file {
      guard let stamp = stamp(id, followLinks: true), stamp.kind == .file else { continue }
      take(stamp, for: id, hint: .none, report: .found, at: now)
    }
  }
}
