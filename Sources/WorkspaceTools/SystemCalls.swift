import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The few calls of the C library that this module makes. All are blocking.
package enum SystemCalls {
  /// The number of characters before the NUL.
  static func length(_ text: UnsafePointer<CInterop.PlatformChar>) -> Int { strlen(text) }

  /// Stands for the current folder where a call wants an open one.
  static var currentDirectoryHandle: CInt { AT_FDCWD }

  /// What `errno` holds.
  static var lastError: Errno { Errno(rawValue: errno) }

  /// The path with every link resolved.
  static func realPath(_ path: FilePath) throws(Errno) -> FilePath {
    guard let real = path.withPlatformString({ realpath($0, nil) }) else { throw lastError }
    defer { free(real) }
    return FilePath(platformString: real)
  }

  /// The process's current folder.
  static func currentDirectory() throws(Errno) -> FilePath {
    guard let path = getcwd(nil, 0) else { throw lastError }
    defer { free(path) }
    return FilePath(platformString: path)
  }

  /// What is at `path`; nil for nothing or if it cannot be told.
  static func kind(of path: FilePath, followLinks: Bool = true) -> mode_t? {
    var status = stat()
    let result = path.withPlatformString {
      followLinks ? stat($0, &status) : lstat($0, &status)
    }
    return result == 0 ? status.st_mode & S_IFMT : nil
  }

  /// Whether `path` leads to a folder.
  static func isDirectory(_ path: FilePath) -> Bool { kind(of: path) == S_IFDIR }

  /// Makes a folder and those above it that are missing; false if it was there.
  @discardableResult
  static func makeDirectory(_ path: FilePath, mode: mode_t = 0o777) throws(Errno) -> Bool {
    if path.withPlatformString({ mkdir($0, mode) }) == 0 { return true }
    let error = lastError
    switch error {
    case .fileExists:
      guard isDirectory(path) else { throw .notDirectory }
      return false
    case .noSuchFileOrDirectory where !path.removingLastComponent().isEmpty:
      let parent = path.removingLastComponent()
      guard parent != path else { throw error }
      // Somebody else may have made it since; a link that leads nowhere stays in the way.
      if kind(of: parent) == nil { try makeDirectory(parent) }
      if path.withPlatformString({ mkdir($0, mode) }) == 0 { return true }
      let second = lastError
      guard second == .fileExists, isDirectory(path) else { throw second }
      return false
    default: throw error
    }
  }

  /// Lets the calling thread rest.
  package static func wait(milliseconds: Int) {
    var time = timespec(
      tv_sec: milliseconds / 1000, tv_nsec: (milliseconds % 1000) * 1_000_000)
    nanosleep(&time, nil)
  }

  /// Locks an open file for this descriptor alone, without waiting; false if another holds it.
  static func tryLock(_ file: FileDescriptor) throws(Errno) -> Bool {
    while flock(file.rawValue, LOCK_EX | LOCK_NB) != 0 {
      switch lastError {
      case .interrupted: continue
      case .wouldBlock, .resourceTemporarilyUnavailable: return false
      case let error: throw error
      }
    }
    return true
  }
}
