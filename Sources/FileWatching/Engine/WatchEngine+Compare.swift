import SystemPackage
import WorkspaceFiles

/// How a difference is told to the subscriptions.
enum Report {
  /// Not at all: it was so when watching began.
  case silent
  /// As found in a watched folder.
  case found
  /// As found in a folder that is only polled, where writers cannot be seen.
  case polled

  var activity: Settler.Activity { self == .polled ? .polled : .found }
}

/// What is known of an event when a file is compared after it.
enum Hint {
  /// A scan came by: nothing is known.
  case none
  /// Content was written, or the name given to another file.
  case written
  /// Only attributes were said to have changed.
  case attributes
}

extension WatchEngine {
  /// Makes a path pending for its subscriptions. To be called before the node changes.
  @inline(__always)
  func note(
    _ id: NodeID, _ activity: Settler.Activity, at now: Nanoseconds, except skipped: Int = -1
  ) {
    let node = nodes[id]
    let wasPresent = node.pointee.kind == .file
    var bits = node.pointee.subscriptions
    while bits != 0 {
      let index = bits.trailingZeroBitCount
      bits &= bits - 1
      if index == skipped { continue }
      if subscribers[index].settler.note(id, activity, wasPresent: wasPresent, at: now) {
        node.pointee.pending += 1
      }
    }
  }

  /// Compares a file with its stamp, takes the stamp over and tells the subscriptions.
  ///
  /// - Parameter skipped: the subscription that is being released, which takes note itself.
  /// - Returns: whether the file is another or may have other content.
  @discardableResult
  func take(
    _ stamp: FileStamp, for id: NodeID, hint: Hint, report: Report, at now: Nanoseconds,
    skipping skipped: Int = -1
  ) -> Bool {
    let node = nodes[id]
    let isUnreadable = isUnreadable(id, stamp)
    let wasFile = node.pointee.kind == .file
    let difference =
      wasFile
      ? difference(id, from: stamp, isUnreadable: isUnreadable, hint: hint) : .certain
    let changed = difference != .none
    if changed, report != .silent {
      if difference == .doubt, skipped >= 0 {
        markPending(id, except: skipped)
      } else {
        note(id, report.activity, at: now, except: skipped)
      }
    }
    if !wasFile {
      node.pointee.kind = .file
      fileCount += 1
    }
    let oldKey = FileKey(
      device: devices.device(node.pointee.deviceIndex), inode: node.pointee.inode)
    node.pointee.take(stamp, deviceIndex: deviceIndex(of: stamp.device, at: id))
    node.pointee.flags.set(.unreadable, isUnreadable)
    let age = wallClock() - max(stamp.modifiedNanoseconds, stamp.changedNanoseconds)
    // A time stamp far in the future is no reason for doubt: the clock was set back, or the file came so.
    node.pointee.flags.set(.young, abs(age) <= FileStamp.clockTickNanoseconds)
    keepYoungDigest(id)
    if stamp.links > 1 || node.pointee.flags.contains(.multiplyLinked) {
      keepLinkedFile(id, oldKey: oldKey, stamp: stamp, changed: changed && wasFile, at: now)
      let key = FileKey(device: stamp.device, inode: stamp.inode)
      if !wasFile || oldKey != key, report != .silent { newlyLinked.insert(key) }
    }
    return changed
  }

  /// The other subscriptions heard the same hint. If they wait to compare too, what they find counts as a
  /// difference; if they have compared already, telling them again would come back to us without end.
  private func markPending(_ id: NodeID, except skipped: Int) {
    for index in subscribers.indices where index != skipped {
      subscribers[index].settler.markChanged(id)
    }
  }

  /// What a comparison of stamps says of the content.
  private enum Difference {
    case none
    /// Equal stamps that are too young to prove anything.
    case doubt
    case certain
  }

  private func difference(
    _ id: NodeID, from stamp: FileStamp, isUnreadable: Bool, hint: Hint
  ) -> Difference {
    let node = nodes[id].pointee
    if node.inode != stamp.inode || node.size != stamp.size
      || node.modifiedNanoseconds != stamp.modifiedNanoseconds
      || node.bornNanoseconds != stamp.bornNanoseconds
      || devices.device(node.deviceIndex) != stamp.device
    {
      return .certain
    }
    if node.flags.contains(.unreadable) != isUnreadable { return .certain }
    if node.changedNanoseconds == stamp.changedNanoseconds {
      // Equal stamps prove nothing within a tick of the clock. What cannot be read looks the same whatever it is.
      if !node.flags.contains(.young) || hint == .attributes || isUnreadable { return .none }
      guard let known = youngDigests[id] else { return .doubt }
      return digest(id, size: stamp.size) == known ? .none : .certain
    }
    // Only the time of the last change moved: mode, owner or link count, or a write whose time was set back.
    switch hint {
    case .written: return .certain
    case .attributes: return .none
    case .none:
      // With hints, a write would have been heard of; after an overflow it would not.
      let isWrite =
        (source == nil || isRescanning)
        && node.mode == UInt16(truncatingIfNeeded: stamp.mode) && stamp.links == 1
        && !node.flags.contains(.multiplyLinked)
      return isWrite ? .certain : .none
    }
  }

  /// The path no longer leads to a file.
  func becomeAbsent(
    _ id: NodeID, report: Report, at now: Nanoseconds, skipping skipped: Int = -1
  ) {
    let node = nodes[id]
    guard node.pointee.kind == .file else { return }
    if report != .silent { note(id, report.activity, at: now, except: skipped) }
    node.pointee.kind = .absent
    fileCount -= 1
    if node.pointee.flags.contains(.multiplyLinked) { forgetLinkedFile(id) }
    youngDigests[id] = nil
  }

  /// The largest file whose content is compared on the reader thread, in bytes. Larger ones count as modified
  /// when their stamp proves nothing.
  static let maximumDigestedSize: Int64 = 65536

  /// Where hints are missing, the content of a file with a young stamp is what tells the next write.
  private func keepYoungDigest(_ id: NodeID) {
    let node = nodes[id].pointee
    if node.flags.contains(.young), source == nil || node.flags.contains(.demanded) {
      youngDigests[id] = digest(id, size: node.size)
    } else if !youngDigests.isEmpty {
      youngDigests[id] = nil
    }
  }

  private func digest(_ id: NodeID, size: Int64) -> ContentDigest? {
    guard size <= Self.maximumDigestedSize else { return nil }
    return withAbsolutePath(id) { FileSystem.read($0, limit: Int(Self.maximumDigestedSize)) }
      .map(ContentDigest.init(of:))
  }

  /// Looks at a path again when its change is about to be told.
  /// - Returns: whether it differs from what was known.
  func examine(
    _ id: NodeID, hint: Hint, at now: Nanoseconds, skipping skipped: Int = -1
  ) -> Bool {
    let node = nodes[id]
    if node.pointee.kind == .directory {
      lookAgain(atFolder: id, at: now)
      return false
    }
    // Where the folder above is none for us, its path may now lead elsewhere through a link that is not followed.
    guard id == .root || nodes[node.pointee.parent].pointee.kind == .directory,
      let stamp = stamp(id, followLinks: false)
    else {
      return vanish(id, at: now, skipping: skipped)
    }
    switch stamp.kind {
    case .file:
      if node.pointee.flags.contains(.link) { endLink(id) }
      return take(stamp, for: id, hint: hint, report: .found, at: now, skipping: skipped)
    case .link:
      return examineLink(id, hint: hint, report: .found, at: now, skipping: skipped)
    case .directory:
      let changed = vanish(id, at: now, skipping: skipped)
      enterFolder(id, report: .found, at: now)
      return changed
    case .other:
      return vanish(id, at: now, skipping: skipped)
    }
  }

  private func vanish(_ id: NodeID, at now: Nanoseconds, skipping skipped: Int) -> Bool {
    if nodes[id].pointee.flags.contains(.link) { endLink(id) }
    let wasFile = nodes[id].pointee.kind == .file
    becomeAbsent(id, report: .found, at: now, skipping: skipped)
    return wasFile
  }

  /// The stamp of what is at the node's path, or nil if nothing is.
  func stamp(_ id: NodeID, followLinks: Bool) -> FileStamp? {
    withAbsolutePath(id) {
      FileStamp(at: $0, in: FileSystem.currentDirectory, followLinks: followLinks)
    }
  }

  /// Removes nodes from `id` upward that stand for nothing. A link that leads nowhere stays: its target may come.
  func freeIfUnused(_ start: NodeID) {
    var id = start
    // A scan that found the folder gone has freed it already.
    while id != .root, nodes.isUsed(id) {
      let node = nodes[id].pointee
      guard node.kind == .absent, node.pending == 0, node.firstChild == .none,
        node.flags.isDisjoint(with: [.spine, .demanded, .link])
      else { return }
      nodes.remove(id)
      id = node.parent
    }
  }

  private func isUnreadable(_ id: NodeID, _ stamp: FileStamp) -> Bool {
    // Everybody may read almost every file; only for the others the kernel is asked.
    if stamp.mode & 0o444 == 0o444 { return false }
    return withAbsolutePath(id) { !FileSystem.isReadable($0) }
  }

  func deviceIndex(of device: UInt64, at id: NodeID) -> UInt16 {
    if let index = devices.find(device) { return index }
    let type = withAbsolutePath(id) { FileSystem.type(of: $0) }
    return devices.add(device, isRemote: DeviceTable.isRemote(fileSystemType: type))
  }
}

extension Node.Flags {
  @inline(__always)
  mutating func set(_ flag: Node.Flags, _ isOn: Bool) {
    if isOn { insert(flag) } else { remove(flag) }
  }
}
