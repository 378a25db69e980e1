import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The socket of one instance: held under a lock on the folder, so that a live process's socket is never taken away, and one
/// that a dead process left is replaced.
struct ControlListener: Sendable {
  let socket: UnixSocket
  /// The folder that was looked at; it stays the same one however its path changes.
  private let folder: FileDescriptor
  private let lock: FileDescriptor

  /// Makes the folder if it is missing, for its owner alone, and listens. Blocking.
  /// - Throws: ``ControlError`` with the code `inUse` or `cannotListen`.
  static func open(_ path: FilePath, backlog: Int) throws(ControlError) -> ControlListener {
    let folder = try openFolder(path)
    do throws(ControlError) {
      let lock = try takeLock(in: folder, path)
      do throws(Errno) {
        // Under the lock nobody alive listens there.
        if unlinkat(folder.rawValue, ControlFolder.socketName, 0) != 0, errno != ENOENT {
          throw Errno(rawValue: errno)
        }
        let socket = try UnixSocket.listen(in: folder, backlog: backlog)
        return ControlListener(socket: socket, folder: folder, lock: lock)
      } catch {
        _ = flock(lock.rawValue, LOCK_UN)
        try? lock.close()
        throw cannotListen(path.appending(ControlFolder.socketName), error)
      }
    } catch {
      try? folder.close()
      throw error
    }
  }

  /// Removes the socket and lets go of the folder.
  func close() {
    socket.close()
    // Still under the lock: it cannot be another's.
    _ = unlinkat(folder.rawValue, ControlFolder.socketName, 0)
    // Closing alone is not enough: a program that is being started holds a copy for a moment, and the lock with it.
    _ = flock(lock.rawValue, LOCK_UN)
    try? lock.close()
    try? folder.close()
  }

  private static func openFolder(_ path: FilePath) throws(ControlError) -> FileDescriptor {
    do {
      try makeFolder(path, mode: 0o700)
      let folder = try FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec])
      do {
        try checkOwner(of: folder)
        return folder
      } catch {
        try? folder.close()
        throw error
      }
    } catch {
      throw cannotListen(path, error as? Errno ?? .ioError)
    }
  }

  /// Nobody else may enter: whoever can is taken for somebody who may ask.
  private static func checkOwner(of folder: FileDescriptor) throws(Errno) {
    var status = stat()
    guard fstat(folder.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
    guard status.st_uid == geteuid() || geteuid() == 0 else { throw .permissionDenied }
    if status.st_mode & 0o077 != 0, fchmod(folder.rawValue, 0o700) != 0 {
      throw Errno(rawValue: errno)
    }
  }

  /// Makes a folder, and those above it that are missing.
  private static func makeFolder(_ path: FilePath, mode: mode_t) throws(Errno) {
    if path.withPlatformString({ mkdir($0, mode) }) == 0 || errno == EEXIST { return }
    let error = Errno(rawValue: errno)
    let parent = path.removingLastComponent()
    guard error == .noSuchFileOrDirectory, !parent.isEmpty, parent != path else { throw error }
    try makeFolder(parent, mode: 0o777)
    if path.withPlatformString({ mkdir($0, mode) }) == 0 || errno == EEXIST { return }
    throw Errno(rawValue: errno)
  }

  /// A process that dies lets go of the lock. The file stays: if it were removed, two could hold "the" lock.
  private static func takeLock(
    in folder: FileDescriptor, _ path: FilePath
  ) throws(ControlError) -> FileDescriptor {
    let raw = openat(
      folder.rawValue, ControlFolder.lockName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
      mode_t(0o600))
    guard raw >= 0 else {
      throw cannotListen(path.appending(ControlFolder.lockName), Errno(rawValue: errno))
    }
    let lock = FileDescriptor(rawValue: raw)
    while flock(raw, LOCK_EX | LOCK_NB) != 0 {
      let error = Errno(rawValue: errno)
      if error == .interrupted { continue }
      try? lock.close()
      guard error == .wouldBlock else {
        throw cannotListen(path.appending(ControlFolder.lockName), error)
      }
      throw ControlError(
        code: .inUse,
        message: "another process is the instance at \(path); give this one another name")
    }
    return lock
  }

  private static func cannotListen(_ path: FilePath, _ error: Errno) -> ControlError {
    ControlError(
      code: .cannotListen,
      message: "no control socket can be made at \(path): \(error); the folder must belong to the "
        + "user of this process, on a file system that it can write")
  }
}
