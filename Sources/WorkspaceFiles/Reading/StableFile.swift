public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file's content that was read while nobody changed it.
public struct StableFile: Sendable, Hashable {
  /// The path as the caller gave it.
  public var path: FilePath
  /// The whole content.
  public var bytes: [UInt8]
  /// The file's stamp, the same before and after the content was read.
  public var stamp: FileStamp
  /// The path of the file itself, absolute and without links, as the system knew it when the file
  /// was open.
  public var resolvedPath: FilePath

  /// Creates a value, for tests and for other sources of files.
  public init(path: FilePath, bytes: [UInt8], stamp: FileStamp, resolvedPath: FilePath) {
    self.path = path
    self.bytes = bytes
    self.stamp = stamp
    self.resolvedPath = resolvedPath
  }
}

/// Reads a whole regular file, and proves that it was not written meanwhile.
///
/// The file is opened once: stamped, read, stamped again; then the path must still lead to it. Only
/// regular files are opened, so a FIFO or device is never touched. What this cannot see: a writer
/// in place that writes the same number of bytes within one tick of the file system's clock
/// (``FileStamp/isTooYoung(at:)``). Blocks the calling thread; see ``BlockingExecutor``.
///
/// - Parameters:
///   - path: any path; links are followed.
///   - limit: the most bytes that are acceptable.
public func readStably(_ path: FilePath, limit: Int) throws(StableReadError) -> StableFile {
  guard let file = try readStably(path, limit: limit, admitting: { _ in true }) else {
    throw .notSettled(path: path)
  }
  return file
}

/// The same for a file that may have to stay untouched because of where it is.
///
/// - Parameter isAdmitted: asked with the ``StableFile/resolvedPath`` of the very file that is to be read, before
///   it is read; on Linux also before it is opened.
/// - Returns: nil if it was not admitted.
package func readStably(
  _ path: FilePath, limit: Int, admitting isAdmitted: (FilePath) -> Bool
) throws(StableReadError) -> StableFile? {
  guard let file = try openForReading(path, if: isAdmitted) else { return nil }
  let before = file.stamp
  if before.kind != .file { throw .notAFile(path: path, kind: before.kind) }
  if before.size > Int64(limit) { throw .tooLarge(path: path, size: before.size, limit: limit) }

  let bytes = try readAll(file.descriptor, size: Int(before.size), path: path)
  guard bytes.count == before.size,
    FileStamp(at: "", in: file.descriptor.raw, followLinks: true) == before,
    let atPath = path.withPlatformString({
      FileStamp(at: $0, in: AT_FDCWD, followLinks: true)
    }), atPath.isSameFile(as: before)
  else { throw .notSettled(path: path) }
  return StableFile(path: path, bytes: bytes, stamp: before, resolvedPath: file.resolvedPath)
}

/// A file that is open for reading, its stamp before anything was read, and its own path.
private struct OpenFile: ~Copyable {
  let descriptor: Descriptor
  let stamp: FileStamp
  let resolvedPath: FilePath
}

/// Reads up to one byte more than `size`, which tells that the file has grown.
private func readAll(
  _ file: borrowing Descriptor, size: Int, path: FilePath
) throws(StableReadError) -> [UInt8] {
  let capacity = size + 1
  let raw = file.raw
  var failure: CInt = 0
  let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
    while count < capacity {
      let result = read(raw, buffer.baseAddress.map { $0 + count }, capacity - count)
      if result > 0 {
        count += result
        // One byte more was asked for and not given: the stamp has to prove anyway that this is all.
        if count == size { return }
      } else if result == 0 {
        return
      } else if errno != EINTR {
        failure = errno
        return
      }
    }
  }
  if failure != 0 { throw .unreadable(path: path, errno: Errno(rawValue: failure)) }
  return bytes
}

private func failure(_ path: FilePath, _ code: CInt) -> StableReadError {
  code == ENOENT || code == ENOTDIR
    ? .missing(path: path) : .unreadable(path: path, errno: Errno(rawValue: code))
}

#if os(Linux)
  /// Looks first, without opening (`O_PATH`), then opens the very file that was looked at.
  private func openForReading(
    _ path: FilePath, if isAdmitted: (FilePath) -> Bool
  ) throws(StableReadError) -> OpenFile? {
    let flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY
    guard let place = Descriptor(opening: path, pathOnly | O_CLOEXEC),
      let stamp = FileStamp(at: "", in: place.raw, followLinks: true)
    else { throw failure(path, errno) }
    if stamp.kind != .file { throw .notAFile(path: path, kind: stamp.kind) }
    let link = "/proc/self/fd/\(place.raw)"
    let known = link.withCString { readLink($0) }
    // Without /proc the path is asked again, and may lead elsewhere by now: then it is not settled.
    guard let resolved = known ?? realPath(path) else { throw .notSettled(path: path) }
    guard isAdmitted(resolved) else { return nil }
    let raw =
      known == nil
      ? path.withPlatformString { open($0, flags) } : link.withCString { open($0, flags) }
    guard let file = Descriptor(raw) else { throw failure(path, errno) }
    if known == nil {
      let opened = FileStamp(at: "", in: file.raw, followLinks: true)
      guard opened == stamp else { throw .notSettled(path: path) }
    }
    return OpenFile(descriptor: file, stamp: stamp, resolvedPath: resolved)
  }

  /// `O_PATH`, whose macro the C library hides without `_GNU_SOURCE`; the value is the same on all
  /// Linux architectures that Swift runs on.
  private let pathOnly: CInt = 0o10000000

  private func realPath(_ path: FilePath) -> FilePath? {
    guard let real = path.withPlatformString({ realpath($0, nil) }) else { return nil }
    defer { free(real) }
    return FilePath(platformString: real)
  }
#else
  private func openForReading(
    _ path: FilePath, if isAdmitted: (FilePath) -> Bool
  ) throws(StableReadError) -> OpenFile? {
    let stamp = path.withPlatformString { FileStamp(at: $0, in: AT_FDCWD, followLinks: true) }
    guard let stamp else { throw failure(path, errno) }
    if stamp.kind != .file { throw .notAFile(path: path, kind: stamp.kind) }
    let flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY
    guard let file = Descriptor(opening: path, flags),
      let opened = FileStamp(at: "", in: file.raw, followLinks: true)
    else { throw failure(path, errno) }
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    guard fcntl(file.raw, F_GETPATH, &buffer) == 0 else { throw .notSettled(path: path) }
    let resolved = FilePath(platformString: buffer)
    guard isAdmitted(resolved) else { return nil }
    return OpenFile(descriptor: file, stamp: opened, resolvedPath: resolved)
  }
#endif

/// Where a symbolic link leads, as it was written; nil with `errno` set if it is none.
func readLink(_ path: FilePath) -> FilePath? {
  path.withPlatformString { readLink($0) }
}

private func readLink(_ path: UnsafePointer<CChar>) -> FilePath? {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { buffer in
    guard let start = buffer.baseAddress else { return nil }
    let count = readlink(path, start, buffer.count - 1)
    guard count > 0 else { return nil }
    buffer[count] = 0
    return FilePath(platformString: start)
  }
}
