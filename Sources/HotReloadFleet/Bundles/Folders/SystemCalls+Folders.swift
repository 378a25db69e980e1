import SystemPackage
import WorkspaceTools

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension SystemCalls {
  /// Whether a folder is at a path, and not only a link to one.
  static func isFolder(_ path: FilePath) -> Bool {
    kind(of: path, followLinks: false) == mode_t(S_IFDIR)
  }

  /// Whether a regular file is at a path, and not only a link to one.
  static func isFile(_ path: FilePath) -> Bool {
    kind(of: path, followLinks: false) == mode_t(S_IFREG)
  }

  /// Makes one folder.
  static func makeNewFolder(_ path: FilePath) throws(Errno) {
    if path.withPlatformString({ mkdir($0, 0o700) }) != 0 { throw lastError }
  }

  /// Opens a folder and locks it for this descriptor alone, without waiting; nil if another holds it, or it is not at the path any more.
  static func openLocked(_ folder: FilePath) -> FileDescriptor? {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    let raw = folder.withPlatformString { open($0, flags) }
    guard raw >= 0 else { return nil }
    let handle = FileDescriptor(rawValue: raw)
    var opened = stat()
    var there = stat()
    guard flock(raw, LOCK_EX | LOCK_NB) == 0, fstat(raw, &opened) == 0,
      folder.withPlatformString({ lstat($0, &there) }) == 0,
      opened.st_dev == there.st_dev, opened.st_ino == there.st_ino
    else {
      try? handle.close()
      return nil
    }
    return handle
  }
}
