#if os(Linux)
  import CSystemShims
  import WorkspaceFiles
  #if canImport(Glibc)
    import Glibc
  #else
    import Musl
  #endif

  /// Reads the entries of an open folder through a buffer of the caller's, one `getdents64` per buffer full.
  struct FolderCursor {
    struct Entry {
      /// Valid until the next call of `next`.
      var name: UnsafeRawBufferPointer
      /// What it is, or nil if the file system does not say without asking.
      var kind: FileStamp.Kind?
      var inode: UInt64

      /// The name, NUL-terminated.
      var cName: UnsafePointer<CChar> { name.baseAddress!.assumingMemoryBound(to: CChar.self) }
    }

    private let descriptor: CInt
    private let buffer: UnsafeMutableRawBufferPointer
    private var length = 0
    private var offset = 0
    /// Why reading ended early, if it did.
    private(set) var errorNumber: CInt?

    init(descriptor: CInt, buffer: UnsafeMutableRawBufferPointer) {
      self.descriptor = descriptor
      self.buffer = buffer
    }

    mutating func next() -> Entry? {
      var entry = shim_directory_entry()
      while !shim_next_entry(buffer.baseAddress!, length, &offset, &entry) {
        let count = shim_read_directory(descriptor, buffer.baseAddress!, buffer.count)
        guard count > 0 else {
          // A folder that was removed while open has no entries any more; that is its end, not a failure.
          if count < 0, errno != ENOENT { errorNumber = errno }
          return nil
        }
        length = count
        offset = 0
      }
      let kind: FileStamp.Kind? =
        switch Int(entry.type) {
        case Int(DT_REG): .file
        case Int(DT_DIR): .directory
        case Int(DT_LNK): .link
        case Int(DT_UNKNOWN): nil
        default: .other
        }
      return Entry(
        name: UnsafeRawBufferPointer(start: entry.name, count: Int(entry.name_length)), kind: kind,
        inode: entry.inode)
    }
  }
#endif
