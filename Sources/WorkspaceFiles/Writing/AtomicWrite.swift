public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Replaces a file's content in one step: readers see the old or the new whole, never a part.
///
/// A temporary file (`.NAME.RANDOM.tmp`) in the same folder is written, made durable and renamed
/// over the file; then the folder is made durable. A link at the path stays, and the file it leads
/// to is replaced. On any failure the temporary file is removed. A replaced file's mode is kept,
/// and its owner and group where this process may set them (without that right the set-user and
/// set-group bits are dropped). A file that is read-only is replaced all the same if its folder can
/// be written. Other hard links keep the old content; extended attributes are not copied. Blocks
/// the calling thread.
///
/// - Parameters:
///   - bytes: the whole new content.
///   - path: the file; its folder must exist.
///   - permissions: the mode to set; by default the replaced file's, or `rw-rw-rw-` less the umask.
public func writeAtomically(
  _ bytes: [UInt8], to path: FilePath, permissions: FilePermissions? = nil
) throws(AtomicWriteError) {
  let target = try AtomicWrite.target(of: path)
  try AtomicWrite(path: path, target: target, permissions: permissions).run(bytes)
}

private struct AtomicWrite {
  /// The most links from a path to its file, as the kernel has it.
  static let maximumLinks = 40
  /// How many names for a temporary file are tried.
  static let maximumNames = 16
  /// The most bytes of the file's name that the temporary file's name repeats.
  static let maximumNameBytes = 200

  let path: FilePath
  let target: FilePath
  let permissions: FilePermissions?

  private func error(_ step: AtomicWriteError.Step, _ code: CInt) -> AtomicWriteError {
    AtomicWriteError(path: path, step: step, errno: Errno(rawValue: code))
  }

  /// Follows the links at the end of a path; the last may lead to nothing yet.
  static func target(of path: FilePath) throws(AtomicWriteError) -> FilePath {
    var current = path
    for _ in 0...maximumLinks {
      var status = stat()
      guard current.withPlatformString({ lstat($0, &status) }) == 0 else {
        if errno == ENOENT, current.lastComponent?.kind == .regular { return current }
        throw AtomicWriteError(path: path, step: .resolve, errno: Errno(rawValue: errno))
      }
      switch status.st_mode & S_IFMT {
      case S_IFREG: return current
      case S_IFLNK:
        guard let link = readLink(current) else {
          throw AtomicWriteError(path: path, step: .resolve, errno: Errno(rawValue: errno))
        }
        current = link.isAbsolute ? link : current.removingLastComponent().pushing(link)
      case S_IFDIR: throw AtomicWriteError(path: path, step: .notAFile, errno: .isDirectory)
      default: throw AtomicWriteError(path: path, step: .notAFile, errno: .invalidArgument)
      }
    }
    throw AtomicWriteError(path: path, step: .resolve, errno: .tooManySymbolicLinkLevels)
  }

  func run(_ bytes: [UInt8]) throws(AtomicWriteError) {
    guard let name = target.lastComponent else { throw error(.notAFile, EISDIR) }
    let parent = target.removingLastComponent()
    let folderPath = parent.isEmpty ? FilePath(".") : parent
    guard let folder = Descriptor(opening: folderPath, O_RDONLY | O_DIRECTORY | O_CLOEXEC) else {
      throw error(.openFolder, errno)
    }

    var old = stat()
    let fileName = FilePath(root: nil, [name])
    let replaces = fileName.withPlatformString {
      fstatat(folder.raw, $0, &old, AT_SYMLINK_NOFOLLOW) == 0
    }
    let isPrivate = replaces || permissions != nil
    let temporary = try createTemporary(
      name, folder, mode: isPrivate ? 0o600 : 0o666)
    do throws(AtomicWriteError) {
      try fill(temporary.file, bytes, replacing: replaces ? old : nil)
      let result = temporary.name.withPlatformString { from in
        fileName.withPlatformString { renameat(folder.raw, from, folder.raw, $0) }
      }
      if result != 0 { throw error(.replace, errno) }
    } catch {
      _ = temporary.name.withPlatformString { unlinkat(folder.raw, $0, 0) }
      throw error
    }
    // Some file systems cannot sync a folder and say EINVAL; their renames are as durable as they
    // get.
    if fsync(folder.raw) != 0, errno != EINVAL { throw error(.syncFolder, errno) }
  }

  private struct Temporary: ~Copyable {
    var name: FilePath
    var file: Descriptor
  }

  private func createTemporary(
    _ name: FilePath.Component, _ folder: borrowing Descriptor, mode: mode_t
  ) throws(AtomicWriteError) -> Temporary {
    // Of a long name only the beginning, so that the temporary name is not too long.
    let start = FilePath(root: nil, [name]).withPlatformString { characters in
      UnsafeRawBufferPointer(start: characters, count: strlen(characters))
        .prefix(Self.maximumNameBytes).map { CChar(bitPattern: $0) }
    }
    for _ in 0..<Self.maximumNames {
      let random = ".\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
      let temporary = FilePath(
        platformString: [CChar(bitPattern: UInt8(ascii: "."))] + start
          + random.utf8.map { CChar(bitPattern: $0) } + [0])
      let raw = temporary.withPlatformString {
        openat(folder.raw, $0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
      }
      if let file = Descriptor(raw) { return Temporary(name: temporary, file: file) }
      if errno != EEXIST && errno != EINTR { break }
    }
    throw error(.create, errno)
  }

  private func fill(
    _ file: borrowing Descriptor, _ bytes: [UInt8], replacing old: stat?
  ) throws(AtomicWriteError) {
    let raw = file.raw
    var failure: CInt = 0
    bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count {
        let result = write(raw, buffer.baseAddress.map { $0 + written }, buffer.count - written)
        if result > 0 {
          written += result
        } else if result < 0, errno == EINTR {
          continue
        } else {
          failure = result < 0 ? errno : EIO
          return
        }
      }
    }
    if failure != 0 { throw error(.write, failure) }
    try adopt(file, old)
    while fsync(raw) != 0 {
      if errno != EINTR { throw error(.write, errno) }
    }
  }

  /// Gives the temporary file the owner and mode that the file shall have.
  private func adopt(_ file: borrowing Descriptor, _ old: stat?) throws(AtomicWriteError) {
    var mode = permissions?.rawValue
    if let old {
      var current = stat()
      let isSame =
        fstat(file.raw, &current) == 0 && current.st_uid == old.st_uid
        && current.st_gid == old.st_gid
      let keepsOwner = isSame || fchown(file.raw, old.st_uid, old.st_gid) == 0
      if !keepsOwner { _ = fchown(file.raw, uid_t.max, old.st_gid) }
      if mode == nil { mode = old.st_mode & (keepsOwner ? 0o7777 : 0o777) }
    }
    if let mode, fchmod(file.raw, mode) != 0 { throw error(.write, errno) }
  }
}
