#if canImport(Darwin)
  import Darwin

  extension FileStamp {
    /// Stamps `path`, relative to an open folder. The calling thread waits for the file system.
    ///
    /// - Returns: nil on failure; `errno` tells why.
    public init?(at path: UnsafePointer<CChar>, in directory: CInt, followLinks: Bool) {
      var status = stat()
      let result =
        path.pointee == 0
        ? fstat(directory, &status)
        : fstatat(directory, path, &status, followLinks ? 0 : AT_SYMLINK_NOFOLLOW)
      guard result == 0 else { return nil }
      func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
      }
      self.init(
        device: UInt64(bitPattern: Int64(status.st_dev)), inode: UInt64(status.st_ino),
        size: Int64(status.st_size), modifiedNanoseconds: nanoseconds(status.st_mtimespec),
        changedNanoseconds: nanoseconds(status.st_ctimespec),
        bornNanoseconds: nanoseconds(status.st_birthtimespec),
        mode: UInt32(status.st_mode), links: UInt32(status.st_nlink))
    }
  }
#endif
