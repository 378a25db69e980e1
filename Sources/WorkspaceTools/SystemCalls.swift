package import SystemPackage

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
  package static var currentDirectoryHandle: CInt { AT_FDCWD }

  /// The part of a mode that says that it is a regular file's.
  static var regularFile: UInt32 { UInt32(S_IFREG) }

  /// What `errno` holds.
  package static var lastError: Errno { Errno(rawValue: errno) }

  /// The path with every link resolved.
  package static func realPath(_ path: FilePath) throws(Errno) -> FilePath {
    guard let real = path.withPlatformString({ realpath($0, nil) }) else { throw lastError }
    defer { free(real) }
    return FilePath(platformString: real)
  }

  /// The process's current folder.
  package static func currentDirectory() throws(Errno) -> FilePath {
    guard let path = getcwd(nil, 0) else { throw lastError }
    defer { free(path) }
    return FilePath(platformString: path)
  }

  /// What is at `path`; nil for nothing or if it cannot be told.
  package static func kind(of path: FilePath, followLinks: Bool = true) -> mode_t? {
    var status = stat()
    let result = path.withPlatformString {
      followLinks ? stat($0, &status) : lstat($0, &status)
    }
    return result == 0 ? status.st_mode & S_IFMT : nil
  }

  /// Whether `path` leads to a folder.
  package static func isDirectory(_ path: FilePath) -> Bool { kind(of: path) == S_IFDIR }

  /// Makes a folder and those above it that are missing; false if it was there.
  @discardableResult
  package static func makeDirectory(_ path: FilePath, mode: mode_t = 0o777) throws(Errno) -> Bool {
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

  /// Removes a file or a link, not what it leads to.
  package static func removeFile(_ path: FilePath) throws(Errno) {
    if path.withPlatformString({ unlink($0) }) != 0 { throw lastError }
  }

  /// Renames, over a file that is there.
  package static func rename(_ path: FilePath, to new: FilePath) throws(Errno) {
    let result = path.withPlatformString { old in
      new.withPlatformString { renameEntry(old, $0) }
    }
    if result != 0 { throw lastError }
  }

  /// Makes what was written to an open file or folder durable.
  package static func synchronize(_ file: FileDescriptor) throws(Errno) {
    while fsync(file.rawValue) != 0 {
      // Some file systems cannot sync a folder and say EINVAL; their renames are as durable as they get.
      if lastError == .invalidArgument { return }
      if lastError != .interrupted { throw lastError }
    }
  }

  /// Makes a file, or the names in a folder, durable.
  package static func synchronize(_ path: FilePath) throws(Errno) {
    let file: FileDescriptor
    do { file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec) } catch let error
      as Errno
    { throw error } catch { throw .ioError }
    defer { try? file.close() }
    try synchronize(file)
  }

  /// The names in a folder, sorted, without `.` and `..`; empty if it cannot be read.
  package static func names(in folder: FilePath) -> [String] {
    (try? entries(of: folder))?.sorted() ?? []
  }

  /// The names in a folder, in no order, without `.` and `..`.
  static func entries(of folder: FilePath) throws(Errno) -> [String] {
    guard let handle = folder.withPlatformString({ opendir($0) }) else { throw lastError }
    defer { closedir(handle) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
      errno = 0
    }
    guard errno == 0 else { throw lastError }
    return names
  }

  /// The number of this process.
  package static var processID: Int32 { getpid() }

  /// Nanoseconds since 1970.
  package static func currentTime() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }

  /// Lets the calling thread rest.
  package static func wait(milliseconds: Int) {
    var time = timespec(
      tv_sec: milliseconds / 1000, tv_nsec: (milliseconds % 1000) * 1_000_000)
    nanosleep(&time, nil)
  }

  /// Undoes `tryLock`.
  static func unlock(_ file: FileDescriptor) {
    _ = flock(file.rawValue, LOCK_UN)
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

private func renameEntry(_ old: UnsafePointer<CChar>, _ new: UnsafePointer<CChar>) -> CInt {
  rename(old, new)
}
