#if canImport(Darwin)
  import Darwin
  import WorkspaceFiles

  /// Reads the entries of an open folder. The buffer that Linux needs is not used.
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

    private final class Stream {
      let directory: UnsafeMutablePointer<DIR>

      init?(_ descriptor: CInt) {
        let copy = dup(descriptor)
        guard copy >= 0, let directory = fdopendir(copy) else {
          if copy >= 0 { close(copy) }
          return nil
        }
        self.directory = directory
        rewinddir(directory)
      }

      deinit {
        closedir(directory)
      }
    }

    private let stream: Stream?
    /// Why reading ended early, if it did.
    private(set) var errorNumber: CInt?

    init(descriptor: CInt, buffer: UnsafeMutableRawBufferPointer) {
      stream = Stream(descriptor)
      if stream == nil { errorNumber = errno }
    }

    mutating func next() -> Entry? {
      guard let stream else { return nil }
      while true {
        errno = 0
        guard let entry = readdir(stream.directory) else {
          if errno != 0 { errorNumber = errno }
          return nil
        }
        let name = UnsafeRawPointer(entry) + MemoryLayout<dirent>.offset(of: \.d_name)!
        let length = Int(entry.pointee.d_namlen)
        let bytes = UnsafeRawBufferPointer(start: name, count: length)
        let dot = UInt8(ascii: ".")
        if length == 1, bytes[0] == dot { continue }
        if length == 2, bytes[0] == dot, bytes[1] == dot { continue }
        let kind: FileStamp.Kind? =
          switch CInt(entry.pointee.d_type) {
          case DT_REG: .file
          case DT_DIR: .directory
          case DT_LNK: .link
          case DT_UNKNOWN: nil
          default: .other
          }
        return Entry(name: bytes, kind: kind, inode: UInt64(entry.pointee.d_ino))
      }
    }
  }
#endif
