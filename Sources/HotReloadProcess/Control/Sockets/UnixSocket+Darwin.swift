#if canImport(Darwin)
  import Darwin
  import SystemPackage

  /// A socket's address has room for 103 bytes of path, and there is no way around it here: a workspace that is deeper gets
  /// an error that says so.
  extension UnixSocket {
    static let sendFlags = CInt(MSG_DONTWAIT)

    /// Connects with the instance whose folder this is.
    static func connect(in folder: FilePath) throws(Errno) -> UnixSocket {
      let socket = try make()
      let result = withAddress(in: folder) { Darwin.connect(socket.descriptor, $0, $1) }
      guard result == 0 else { throw socket.failed() }
      return socket
    }

    /// Listens at the socket's name in an open folder, where nothing of that name may be. Only the owner can connect, for
    /// nobody else can enter the folder.
    static func listen(in folder: FileDescriptor, backlog: Int) throws(Errno) -> UnixSocket {
      var path = [CChar](repeating: 0, count: Int(MAXPATHLEN))
      guard fcntl(folder.rawValue, F_GETPATH, &path) == 0 else { throw Errno(rawValue: errno) }
      let socket = try make()
      let isListening =
        withAddress(in: FilePath(platformString: path)) { bind(socket.descriptor, $0, $1) } == 0
        && fchmodat(folder.rawValue, ControlFolder.socketName, 0o600, 0) == 0
        && Darwin.listen(socket.descriptor, CInt(clamping: backlog)) == 0
      guard isListening else { throw socket.failed() }
      return socket
    }

    /// The next client, if one waits.
    func accept() -> UnixSocket? {
      let descriptor = Darwin.accept(descriptor, nil, nil)
      guard descriptor >= 0 else { return nil }
      let socket = UnixSocket(descriptor: descriptor)
      socket.prepare()
      return socket
    }

    /// The user at the other end.
    var peerUser: UInt32? {
      var user: uid_t = 0
      var group: gid_t = 0
      return getpeereid(descriptor, &user, &group) == 0 ? user : nil
    }

    /// Two connected sockets.
    static func pair() throws(Errno) -> (UnixSocket, UnixSocket) {
      var ends: [CInt] = [-1, -1]
      guard socketpair(AF_UNIX, SOCK_STREAM, 0, &ends) == 0 else { throw Errno(rawValue: errno) }
      let pair = (UnixSocket(descriptor: ends[0]), UnixSocket(descriptor: ends[1]))
      pair.0.prepare()
      pair.1.prepare()
      return pair
    }

    private static func make() throws(Errno) -> UnixSocket {
      let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
      guard descriptor >= 0 else { throw Errno(rawValue: errno) }
      let socket = UnixSocket(descriptor: descriptor)
      socket.prepare()
      return socket
    }

    private func prepare() {
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      var yes: CInt = 1
      setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<CInt>.size))
    }

    private func failed() -> Errno {
      defer { close() }
      return Errno(rawValue: errno)
    }

    private static func withAddress(
      in folder: FilePath, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      let path = Array(folder.appending(ControlFolder.socketName).string.utf8)
      let isFitting = withUnsafeMutableBytes(of: &address.sun_path) { room in
        guard path.count < room.count else { return false }
        room.copyBytes(from: path)
        return true
      }
      guard isFitting else {
        errno = ENAMETOOLONG
        return -1
      }
      return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
    }
  }
#endif
