#if canImport(Darwin)
  import Darwin

  /// The system calls that the engine makes. All of them make the calling thread wait.
  enum FileSystem {
    static let currentDirectory = AT_FDCWD

    static var lastError: CInt { errno }

    /// There is no queue of hints yet: everything is polled.
    static func makeHintQueue(watchLimit: Int) throws(WatchError) -> (any HintQueue)? { nil }

    /// Opens a folder for reading its entries.
    static func openFolder(_ path: UnsafePointer<CChar>, followLinks: Bool) -> CInt {
      open(
        path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | (followLinks ? 0 : O_NOFOLLOW))
    }

    /// Opens a folder as a place to start from.
    static func openPath(_ path: UnsafePointer<CChar>) -> CInt {
      open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    }

    /// Opens a name in a folder without following it.
    static func openPath(_ name: [UInt8], in folder: CInt) -> CInt {
      let terminated = name.map { CChar(bitPattern: $0) } + [0]
      return openat(folder, terminated, O_RDONLY | O_SYMLINK | O_CLOEXEC | O_NONBLOCK)
    }

    static func close(_ descriptor: CInt) {
      _ = Darwin.close(descriptor)
    }

    /// What an open link says, or nil if that cannot be read.
    static func readLink(_ descriptor: CInt) -> [UInt8]? {
      var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
      let length = freadlink(descriptor, &buffer, buffer.count)
      guard length >= 0, length < buffer.count else { return nil }
      return buffer[0..<Int(length)].map { UInt8(bitPattern: $0) }
    }

    /// The content of a small regular file, or nil if it cannot be read or is larger than `limit` bytes.
    static func read(_ path: UnsafePointer<CChar>, limit: Int) -> [UInt8]? {
      let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
      guard descriptor >= 0 else { return nil }
      defer { close(descriptor) }
      var bytes = [UInt8](repeating: 0, count: limit + 1)
      let count = bytes.withUnsafeMutableBytes { Darwin.read(descriptor, $0.baseAddress, $0.count) }
      guard count >= 0, count <= limit else { return nil }
      return Array(bytes[0..<count])
    }

    /// Whether this process may read the file.
    static func isReadable(_ path: UnsafePointer<CChar>) -> Bool {
      faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0
    }

    /// Everything is polled, so the type does not matter.
    static func type(of path: UnsafePointer<CChar>) -> Int64 { -1 }

    /// How many processors this process may run on.
    static var processorCount: Int { max(1, sysconf(_SC_NPROCESSORS_ONLN)) }

    static func monotonicNanoseconds() -> Nanoseconds {
      Nanoseconds(clamping: clock_gettime_nsec_np(CLOCK_MONOTONIC))
    }

    static func wallClockNanoseconds() -> Int64 {
      Int64(clamping: clock_gettime_nsec_np(CLOCK_REALTIME))
    }
  }
#endif
