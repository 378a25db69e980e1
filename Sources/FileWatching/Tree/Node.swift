import WorkspaceFiles

/// A node of a ``NodeTable``.
struct NodeID: Hashable {
  var raw: Int32

  /// No node.
  static let none = NodeID(raw: -1)
  /// The watcher's root.
  static let root = NodeID(raw: 0)
}

/// What the watcher knows of one path: 72 bytes, so that a hundred thousand files cost 7 MiB.
struct Node {
  enum Kind: UInt8 {
    /// Nothing that concerns us is there: no such file, or a link to a folder, or a device.
    case absent
    /// A regular file, or a link that leads to one.
    case file
    /// A folder whose entries are known.
    case directory
  }

  struct Flags: OptionSet {
    var rawValue: UInt8
    /// Named by a literal part of a glob or above a demanded path: kept though absent, entered though excluded.
    static let spine = Flags(rawValue: 1 << 0)
    /// Watched whatever the globs say.
    static let demanded = Flags(rawValue: 1 << 1)
    /// A symbolic link; the stamp is that of what it leads to.
    static let link = Flags(rawValue: 1 << 2)
    /// Last compared so soon after its time stamps that an equal stamp proves nothing.
    static let young = Flags(rawValue: 1 << 3)
    /// The process may not read it.
    static let unreadable = Flags(rawValue: 1 << 4)
    /// Met by the scan in progress.
    static let met = Flags(rawValue: 1 << 5)
    /// In the table of files with more than one hard link.
    static let multiplyLinked = Flags(rawValue: 1 << 6)
  }

  var parent: NodeID
  var firstChild = NodeID.none
  var nextSibling = NodeID.none
  var previousSibling = NodeID.none
  var name: NameID
  var deviceIndex: UInt16 = 0
  var mode: UInt16 = 0
  var kind = Kind.absent
  var flags: Flags = []
  /// Which subscriptions hear of it, a bit each.
  var subscriptions: UInt8 = 0
  /// In how many subscriptions' pending sets it is.
  var pending: UInt8 = 0
  var inode: UInt64 = 0
  /// The size of a file; for a folder its index in the engine's table of folders.
  var size: Int64 = 0
  var modifiedNanoseconds: Int64 = 0
  var changedNanoseconds: Int64 = 0
  var bornNanoseconds: Int64 = 0

  init(parent: NodeID, name: NameID) {
    self.parent = parent
    self.name = name
  }
}

extension Node {
  /// The folder's index in the engine's table.
  var directoryIndex: Int { Int(size) }

  /// Takes over a file's stamp.
  mutating func take(_ stamp: FileStamp, deviceIndex: UInt16) {
    self.deviceIndex = deviceIndex
    inode = stamp.inode
    mode = UInt16(truncatingIfNeeded: stamp.mode)
    size = stamp.size
    modifiedNanoseconds = stamp.modifiedNanoseconds
    changedNanoseconds = stamp.changedNanoseconds
    bornNanoseconds = stamp.bornNanoseconds
  }
}
