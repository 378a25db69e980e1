#if os(Linux)
  import CSystemShims

  extension FileStamp {
    /// Stamps `path`, relative to an open folder. The calling thread waits for the file system.
    ///
    /// - Parameters:
    ///   - path: a NUL-terminated path; empty for the descriptor itself.
    ///   - directory: an open folder, or `AT_FDCWD`.
    ///   - followLinks: false stamps a link itself.
    /// - Returns: nil on failure; `errno` tells why.
    @inlinable
    public init?(
      at path: UnsafePointer<CChar>, in directory: CInt, followLinks: Bool
    ) {
      var status = shim_file_status()
      guard shim_status_at(directory, path, followLinks, &status) == 0 else { return nil }
      self.init(
        device: status.device, inode: status.inode, size: status.size,
        modifiedNanoseconds: status.modified_ns, changedNanoseconds: status.changed_ns,
        bornNanoseconds: status.born_ns, mode: status.mode, links: status.links)
    }
  }
#endif
