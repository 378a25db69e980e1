import WorkspaceFiles

/// What to read of a folder. Holds all that is needed, so that any thread can do it.
struct FolderRequest: Sendable {
  var node: NodeID
  /// The absolute path, NUL-terminated.
  var path: [UInt8]
  var followLinks: Bool
  /// The watch that the folder has, or -1, and which folder that is for.
  var watch: Int32
  var inode: UInt64
  var bornNanoseconds: Int64
  /// Where each subscription's globs are after the folder's path.
  var states: ContiguousArray<PathFilter.State>
}

/// What a folder held when it was read, stamped but not yet compared with the tree.
struct FolderListing: Sendable {
  struct Entry: Sendable {
    var nameStart: Int
    var nameLength: Int
    var kind: FileStamp.Kind
    var inode: UInt64
    /// Which subscriptions' globs include it, a bit each.
    var subscriptions: UInt8
    /// Of files that some subscription includes.
    var stamp: FileStamp?
  }

  var node: NodeID
  /// The folder's own stamp, or nil if it could not be opened.
  var folder: FileStamp?
  /// The watch that was added, if one was needed and there is a source.
  var watch: Result<Int32, WatchError>?
  /// Why the folder could not be read to its end; 0 if it was.
  var errorNumber: CInt = 0
  var entries: [Entry] = []
  /// The entries' names, one after the other.
  var names: [UInt8] = []
}

/// Reads folders: all the waiting for the file system that a crawl does, and nothing else.
struct FolderReader {
  let filters: ContiguousArray<PathFilter>
  let source: (any WatchSource)?
  /// For the entries as the kernel writes them; used during `read` only.
  let buffer: UnsafeMutableRawBufferPointer

  /// Opens the folder, watches it, and only then reads it through the same descriptor: what appears in
  /// between is either read or reported by the watch.
  func read(_ request: FolderRequest) -> FolderListing {
    var listing = FolderListing(node: request.node)
    let descriptor = request.path.withUnsafeBufferPointer { path in
      path.withMemoryRebound(to: CChar.self) {
        FileSystem.openFolder($0.baseAddress!, followLinks: request.followLinks)
      }
    }
    guard descriptor >= 0 else {
      listing.errorNumber = FileSystem.lastError
      return listing
    }
    defer { FileSystem.close(descriptor) }
    guard let folder = FileStamp(at: "", in: descriptor, followLinks: false) else {
      listing.errorNumber = FileSystem.lastError
      return listing
    }
    listing.folder = folder
    let isSame = folder.inode == request.inode && folder.bornNanoseconds == request.bornNanoseconds
    if let source, request.watch < 0 || !isSame {
      listing.watch = source.watch(directory: descriptor, for: .contents)
    }
    var cursor = FolderCursor(descriptor: descriptor, buffer: buffer)
    while let entry = cursor.next() { add(entry, descriptor, request, to: &listing) }
    listing.errorNumber = cursor.errorNumber ?? 0
    return listing
  }

  @inline(__always)
  private func add(
    _ entry: FolderCursor.Entry, _ descriptor: CInt, _ request: FolderRequest,
    to listing: inout FolderListing
  ) {
    var kind = entry.kind
    var stamp: FileStamp?
    if kind == nil {
      stamp = FileStamp(at: entry.cName, in: descriptor, followLinks: false)
      kind = stamp?.kind
    }
    guard let kind, kind != .other else { return }
    var subscriptions: UInt8 = 0
    if kind != .directory {
      for index in filters.indices {
        let state = filters[index].advance(request.states[index], over: entry.name)
        if filters[index].isIncluded(state) { subscriptions |= 1 << UInt8(index) }
      }
    }
    if kind == .file, stamp == nil, subscriptions != 0 {
      stamp = FileStamp(at: entry.cName, in: descriptor, followLinks: false)
      // Gone, or something else, since the folder was read: its watch tells what to look at.
      guard let stamp, stamp.kind == .file else { return }
    }
    listing.entries.append(
      FolderListing.Entry(
        nameStart: listing.names.count, nameLength: entry.name.count, kind: kind,
        inode: entry.inode, subscriptions: subscriptions, stamp: stamp))
    listing.names.append(contentsOf: entry.name)
  }
}
