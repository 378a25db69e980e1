#if os(Linux)
  import CSystemShims
  import SystemPackage

  #if canImport(Glibc)
    import Glibc
  #else
    import Musl
  #endif

  /// A socket's address has room for 107 bytes of path. So the socket is reached through the open folder, as
  /// `/proc/self/fd/N/control.sock`: a workspace may be as deep as it likes, and the folder that was looked at is the one
  /// that is used.
  extension UnixSocket {
    static let sendFlags = CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)

    private static let kind = CInt(
      SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)

    /// Connects with the instance whose folder this is.
    static func connect(in folder: FilePath) throws(Errno) -> UnixSocket {
      let handle = folder.withPlatformString { shim_open_path(AT_FDCWD, $0, true) }
      guard handle >= 0 else { throw Errno(rawValue: errno) }
      defer { _ = Glibc.close(handle) }
      let socket = try make()
      guard withAddress(in: handle, { Glibc.connect(socket.descriptor, $0, $1) }) == 0 else {
        let error = Errno(rawValue: errno)
        socket.close()
        throw error
      }
      return socket
    }

    /// Listens at the socket's name in an open folder, where nothing of that name may be. Only the owner can connect.
    static func listen(in folder: FileDescriptor, backlog: Int) throws(Errno) -> UnixSocket {
      let socket = try make()
      // The name gets the mode of the socket, so there is no moment at which others could connect.
      let isListening =
        fchmod(socket.descriptor, 0o600) == 0
        && withAddress(in: folder.rawValue, { bind(socket.descriptor, $0, $1) }) == 0
        && Glibc.listen(socket.descriptor, CInt(clamping: backlog)) == 0
      guard isListening else {
        let error = Errno(rawValue: errno)
        socket.close()
        throw error
      }
      return socket
    }

    /// The next client, if one waits.
    func accept() -> UnixSocket? {
      let descriptor = shim_accept(descriptor)
      return descriptor >= 0 ? UnixSocket(descriptor: descriptor) : nil
    }

    /// The user at the other end.
    var peerUser: UInt32? {
      var user: UInt32 = 0
      var process: Int32 = 0
      return shim_peer(descriptor, &user, &process) == 0 ? user : nil
    }

    /// Two connected sockets.
    static func pair() throws(Errno) -> (UnixSocket, UnixSocket) {
      var ends: [CInt] = [-1, -1]
      guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw Errno(rawValue: errno) }
      return (UnixSocket(descriptor: ends[0]), UnixSocket(descriptor: ends[1]))
    }

    private static func make() throws(Errno) -> UnixSocket {
      let descriptor = socket(AF_UNIX, kind, 0)
      guard descriptor >= 0 else { throw Errno(rawValue: errno) }
      return UnixSocket(descriptor: descriptor)
    }

    private static func withAddress(
      in folder: CInt, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      // Some 30 bytes, whatever the number.
      let path = Array("/proc/self/fd/\(folder)/\(ControlFolder.socketName)".utf8)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
      return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
    }
  }
#endif
