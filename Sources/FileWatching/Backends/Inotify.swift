#if os(Linux)
  import CSystemShims
  #if canImport(Glibc)
    import Glibc
  #else
    import Musl
  #endif

  /// One inotify instance. Used by one thread.
  final class Inotify: HintQueue {
    /// How much is read from the queue at once; also the most that is handled before what is due is done.
    static let readSize = 65536

    let descriptor: CInt
    /// How many watches it may hold; for tests of what happens at the limit.
    private let watchLimit: Int
    private var watches: Set<Int32> = []
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Inotify.readSize, alignment: 16)

    /// The masks have no OPEN and no ACCESS, so what this process reads makes no noise. An unlinked file's last
    /// writer concerns nobody.
    private static let names = UInt32(
      IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
    private static let contents =
      names | UInt32(IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB) | UInt32(IN_EXCL_UNLINK)

    /// - Throws: the system's error number if there is no instance left (EMFILE) or no memory.
    init(watchLimit: Int = .max) throws(WatchError) {
      descriptor = inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC))
      self.watchLimit = watchLimit
      guard descriptor >= 0 else { throw WatchError(errorNumber: errno) }
    }

    deinit {
      if descriptor >= 0 { close(descriptor) }
      buffer.deallocate()
    }

    func watch(directory: CInt, for interest: WatchInterest) -> Result<Int32, WatchError> {
      if watchLimit != .max, watches.count >= watchLimit {
        return .failure(WatchError(errorNumber: ENOSPC))
      }
      let mask = interest == .contents ? Self.contents : Self.names
      // The descriptor leads to the folder that was opened, whatever has happened to its path since. Masks are
      // added because one folder can be watched for several reasons.
      let watch = withDescriptorPath(directory) { path in
        inotify_add_watch(
          descriptor, path, mask | UInt32(IN_ONLYDIR) | UInt32(bitPattern: IN_MASK_ADD))
      }
      guard watch >= 0 else { return .failure(WatchError(errorNumber: errno)) }
      if watchLimit != .max { watches.insert(watch) }
      return .success(watch)
    }

    private func withDescriptorPath(
      _ descriptor: CInt, _ body: (UnsafePointer<CChar>) -> CInt
    ) -> CInt {
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { path in
        var length = 0
        for byte in "/proc/self/fd/".utf8 {
          path[length] = CChar(bitPattern: byte)
          length += 1
        }
        var divisor: CInt = 1
        while descriptor / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
          path[length] = CChar(descriptor / divisor % 10) + CChar(bitPattern: UInt8(ascii: "0"))
          length += 1
          divisor /= 10
        }
        path[length] = 0
        return body(UnsafePointer(path.baseAddress!))
      }
    }

    func unwatch(_ watch: Int32) {
      inotify_rm_watch(descriptor, watch)
      watches.remove(watch)
    }

    /// How many bytes of events wait in the queue.
    var available: Int { max(0, shim_bytes_available(descriptor)) }

    /// Reads once, without waiting, and hands the events over.
    /// - Returns: how many bytes were read; 0 if the queue was empty.
    func read(
      _ event: (WatchEvent) -> Void, overflow: () -> Void
    ) -> Int {
      let count = Glibc.read(descriptor, buffer.baseAddress!, buffer.count)
      guard count > 0 else { return 0 }
      var offset = 0
      var raw = shim_inotify_event()
      while shim_next_inotify_event(buffer.baseAddress!, count, &offset, &raw) {
        if raw.mask & UInt32(IN_Q_OVERFLOW) != 0 {
          overflow()
          continue
        }
        event(
          WatchEvent(
            watch: raw.watch, kind: Self.kind(raw.mask), cookie: raw.cookie,
            name: UnsafeRawBufferPointer(start: raw.name, count: Int(raw.name_length))))
      }
      return count
    }

    private static func kind(_ mask: UInt32) -> WatchEvent.Kind {
      var kind: WatchEvent.Kind = []
      if mask & UInt32(IN_MODIFY) != 0 { kind.insert(.modified) }
      if mask & UInt32(IN_CLOSE_WRITE) != 0 { kind.insert(.closedAfterWriting) }
      if mask & UInt32(IN_CREATE) != 0 { kind.insert(.created) }
      if mask & UInt32(IN_DELETE) != 0 { kind.insert(.deleted) }
      if mask & UInt32(IN_MOVED_FROM) != 0 { kind.insert(.movedFrom) }
      if mask & UInt32(IN_MOVED_TO) != 0 { kind.insert(.movedTo) }
      if mask & UInt32(IN_ATTRIB) != 0 { kind.insert(.attributes) }
      if mask & UInt32(IN_ISDIR) != 0 { kind.insert(.folder) }
      if mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT) != 0 { kind.insert(.selfGone) }
      if mask & UInt32(IN_IGNORED) != 0 { kind.insert(.watchEnded) }
      return kind
    }
  }
#endif
