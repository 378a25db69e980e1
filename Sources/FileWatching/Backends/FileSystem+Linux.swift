#if os(Linux)
  import CSystemShims
  #if canImport(Glibc)
    import Glibc
  #else
    import Musl
  #endif

  /// The system calls that the engine makes. All of them make the calling thread wait.
  enum FileSystem {
    static let currentDirectory = AT_FDCWD

    static var lastError: CInt { errno }

    /// A queue of the kernel's hints.
    static func makeHintQueue(watchLimit: Int) throws(WatchError) -> (any HintQueue)? {
      try Inotify(watchLimit: watchLimit)
    }

    /// Opens a folder for reading its entries.
    static func openFolder(_ path: UnsafePointer<CChar>, followLinks: Bool) -> CInt {
      open(
        path,
        O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | (followLinks ? 0 : O_NOFOLLOW))
    }

    /// Opens a folder only as a place to start from; needs no permission to read it.
    static func openPath(_ path: UnsafePointer<CChar>) -> CInt {
      shim_open_path(AT_FDCWD, path, true)
    }

    /// Opens a name in a folder without following it or touching its content.
    static func openPath(_ name: [UInt8], in folder: CInt) -> CInt {
      let terminated = name.map { CChar(bitPattern: $0) } + [0]
      return shim_open_path(folder, terminated, false)
    }

    static func close(_ descriptor: CInt) {
      _ = Glibc.close(descriptor)
    }

    /// What an open link says, or nil if that cannot be read.
    static func readLink(_ descriptor: CInt) -> [UInt8]? {
      var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
      let length = readlinkat(descriptor, "", &buffer, buffer.count)
      guard length >= 0, length < buffer.count else { return nil }
      return buffer[0..<length].map { UInt8(bitPattern: $0) }
    }

    /// The content of a small regular file, or nil if it cannot be read or is larger than `limit` bytes.
    static func read(_ path: UnsafePointer<CChar>, limit: Int) -> [UInt8]? {
      // Should a FIFO have taken the file's place, O_NONBLOCK keeps the thread from waiting for its writer.
      let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
      guard descriptor >= 0 else { return nil }
      defer { close(descriptor) }
      var bytes = [UInt8](repeating: 0, count: limit + 1)
      let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      guard count >= 0, count <= limit else { return nil }
      return Array(bytes[0..<count])
    }

    /// Whether this process may read the file.
    static func isReadable(_ path: UnsafePointer<CChar>) -> Bool {
      faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0
    }

    /// The type of the file system that a path lies on, as in `statfs`.
    static func type(of path: UnsafePointer<CChar>) -> Int64 {
      shim_file_system_type(path)
    }

    /// How many processors this process may run on.
    static var processorCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    static func monotonicNanoseconds() -> Nanoseconds { clock(CLOCK_MONOTONIC) }

    static func wallClockNanoseconds() -> Int64 { clock(CLOCK_REALTIME) }

    private static func clock(_ id: clockid_t) -> Int64 {
      var time = timespec()
      clock_gettime(id, &time)
      return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
  }
#endif
