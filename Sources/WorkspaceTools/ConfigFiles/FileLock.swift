package import SystemPackage

/// An advisory lock on a file that exists for nothing else, held until this value is released.
///
/// Locks of `flock` belong to the open file, so two holders in one process exclude each other as two
/// processes do, and a process that dies lets go. The file stays: removing it would let two hold "the" lock.
package final class FileLock: Sendable {
  private let file: FileDescriptor

  private init(_ file: FileDescriptor) {
    self.file = file
  }

  deinit {
    try? file.close()
  }

  /// Lets go of the lock now, whoever still has this value.
  package func unlock() {
    SystemCalls.unlock(file)
  }

  /// Takes the lock without waiting; nil if another holds it. Blocking.
  package static func tryLock(_ path: FilePath) throws(Errno) -> FileLock? {
    try SystemCalls.makeDirectory(path.removingLastComponent())
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(
        path, .readOnly, options: [.create, .closeOnExec],
        permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
    } catch let error as Errno { throw error } catch { throw .ioError }
    let lock = FileLock(file)
    return try SystemCalls.tryLock(file) ? lock : nil
  }
}
