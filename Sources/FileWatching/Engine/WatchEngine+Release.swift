import SystemPackage
import WorkspaceFiles

extension WatchEngine {
  /// Compares what has settled and delivers what differs from what the consumer knows.
  func release(_ index: Int, at now: Nanoseconds, force: Bool) {
    var set = PendingSet()
    var taken: [NodeID] = []
    for (id, entry) in subscribers[index].settler.takeSettled(at: now, force: force) {
      var entry = entry
      let hint: Hint = entry.written ? .written : entry.changed ? .none : .attributes
      let sizeBefore = nodes[id].pointee.kind == .file ? nodes[id].pointee.size : 0
      if examine(id, hint: hint, at: now, skipping: index) { entry.changed = true }
      if shouldHold(id, entry, sizeBefore: sizeBefore) {
        subscribers[index].settler.holdEmpty(id, entry)
        continue
      }
      taken.append(id)
      let isPresent = nodes[id].pointee.kind == .file
      // A folder that another path turned out to be may have been scanned in between, with this file in it.
      subscribers[index].settler.rebase(id, wasPresent: isPresent)
      switch (entry.wasPresent, isPresent) {
      case (false, true): set.created.append(id)
      case (true, false): set.deleted.append(id)
      case (true, true): if entry.changed { set.modified.append(id) }
      case (false, false): break
      }
    }
    deliver(set, to: index)
    // Not earlier: what one path turns out to be can make others vanish, and their names are needed until now.
    for id in taken { nodes[id].pointee.pending -= 1 }
    for id in taken { freeIfUnused(id) }
  }

  /// A demanded file that just became empty is likely between a writer's truncation and its write.
  private func shouldHold(_ id: NodeID, _ entry: Settler.Entry, sizeBefore: Int64) -> Bool {
    let node = nodes[id].pointee
    return node.flags.contains(.demanded) && node.kind == .file && node.size == 0 && sizeBefore > 0
      && entry.wasPresent && !entry.heldEmpty
  }

  private func deliver(_ set: PendingSet, to index: Int) {
    let count = set.created.count + set.deleted.count + set.modified.count
    guard count > 0 else { return }
    var changes: [FileChange] = []
    if count > subscribers[index].maxChanges {
      changes = [FileChange(path: FilePath(""), kind: .subtreeChanged)]
    } else {
      changes.reserveCapacity(count)
      let sources = renames(in: set)
      var renamedAway: Set<NodeID> = []
      for id in set.created {
        if let from = sources[id] {
          renamedAway.insert(from)
          changes.append(
            FileChange(path: relativePath(id), kind: .renamed(from: relativePath(from))))
        } else {
          changes.append(FileChange(path: relativePath(id), kind: .created))
        }
      }
      for id in set.modified { changes.append(FileChange(path: relativePath(id), kind: .modified)) }
      for id in set.deleted where !renamedAway.contains(id) {
        changes.append(FileChange(path: relativePath(id), kind: .deleted))
      }
    }
    send(changes, to: index)
  }

  func deliverNotices(_ index: Int) {
    if !subscribers[index].notices.isEmpty { send([], to: index) }
  }

  private func send(_ changes: [FileChange], to index: Int) {
    subscribers[index].setNumber += 1
    let notices = subscribers[index].notices
    subscribers[index].notices = []
    subscribers[index].deliver(
      ChangeSet(number: subscribers[index].setNumber, changes: changes, notices: notices))
  }

  /// Pairs files that vanished with files that appeared and are the same file: equal device, inode and time of
  /// birth, which together are never used twice. Where the file system keeps no time of birth, size and time of
  /// the last write must be equal too. A file that could be paired in two ways is not.
  private func renames(in set: PendingSet) -> [NodeID: NodeID] {
    if set.created.isEmpty || set.deleted.isEmpty { return [:] }
    var vanished: [Identity: NodeID?] = [:]
    for id in set.deleted {
      let identity = Identity(nodes[id].pointee)
      vanished[identity] = vanished[identity] == nil ? .some(id) : .some(nil)
    }
    var appeared: [Identity: NodeID?] = [:]
    for id in set.created {
      let identity = Identity(nodes[id].pointee)
      appeared[identity] = appeared[identity] == nil ? .some(id) : .some(nil)
    }
    var sources: [NodeID: NodeID] = [:]
    for (identity, to) in appeared {
      if let to, let from = vanished[identity], let from { sources[to] = from }
    }
    return sources
  }

  /// What has settled, by what became of it.
  private struct PendingSet {
    var created: [NodeID] = []
    var deleted: [NodeID] = []
    var modified: [NodeID] = []
  }

  private struct Identity: Hashable {
    var device: UInt16
    var inode: UInt64
    var born: Int64
    var modified: Int64 = 0
    var size: Int64 = 0

    init(_ node: Node) {
      device = node.deviceIndex
      inode = node.inode
      born = node.bornNanoseconds
      if born == 0 {
        modified = node.modifiedNanoseconds
        size = node.size
      }
    }
  }
}
