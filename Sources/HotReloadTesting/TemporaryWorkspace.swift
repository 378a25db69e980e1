public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A folder of its own for one test, removed with everything in it when the last reference goes.
///
/// All paths are relative to ``root`` unless they are absolute; folders that are missing on the way to a
/// written file are made. Every function is blocking and may be called from any thread; two threads
/// that change the same path race as two processes would.
public final class TemporaryWorkspace: Sendable {
  /// The absolute path of the folder, with every link resolved.
  public let root: FilePath

  /// Creates an empty folder with an unused name.
  ///
  /// - Parameters:
  ///   - prefix: how its name starts, to recognise it in a listing.
  ///   - parent: where to create it; nil for `TMPDIR`, or `/tmp` where that is not set.
  public init(prefix: String = "hotreload", in parent: FilePath? = nil) throws {
    let place = parent ?? FilePath(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")
    let template = place.appending(prefix + "-XXXXXX")
    var bytes = template.withPlatformString {
      Array(UnsafeBufferPointer(start: $0, count: strlen($0)))
    }
    bytes.append(0)
    let resolved = bytes.withUnsafeMutableBufferPointer { buffer -> FilePath? in
      guard let name = buffer.baseAddress, let made = mkdtemp(name), let real = realpath(made, nil)
      else { return nil }
      defer { free(real) }
      return FilePath(platformString: real)
    }
    guard let resolved else { throw TemporaryWorkspaceError("create a folder", template) }
    root = resolved
  }

  deinit {
    try? Self.removeTree(root)
  }

  /// The absolute path of `path`.
  public func path(_ path: FilePath) -> FilePath {
    path.isAbsolute ? path : root.pushing(path)
  }

  /// Whether something is there, be it a link that leads nowhere.
  public func exists(_ path: FilePath) -> Bool {
    var status = stat()
    return self.path(path).withPlatformString { lstat($0, &status) } == 0
  }
}

extension TemporaryWorkspace {
  /// Writes a file in place: what is there is emptied first, then written.
  public func write(_ path: FilePath, _ text: String) throws {
    try write(path, bytes: Array(text.utf8))
  }

  /// Writes a file in place: what is there is emptied first, then written.
  public func write(_ path: FilePath, bytes: [UInt8]) throws {
    try write(path, bytes: bytes, options: [.create, .truncate])
  }

  /// Writes at the end of a file, which is made where it is missing.
  public func append(_ path: FilePath, _ text: String) throws {
    try write(path, bytes: Array(text.utf8), options: [.create, .append])
  }

  /// Writes a file beside `path` and renames it over `path`, as careful editors do.
  public func replace(_ path: FilePath, _ text: String) throws {
    let temporary = try beside(path)
    try write(temporary, text)
    try rename(temporary, to: path)
  }

  /// The content of a file.
  public func read(_ path: FilePath) throws -> [UInt8] {
    let absolute = self.path(path)
    let file = try Self.attempt("open", absolute) { try FileDescriptor.open(absolute, .readOnly) }
    defer { try? file.close() }
    return try Self.attempt("read", absolute) {
      var bytes: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
        if count == 0 { return bytes }
        bytes.append(contentsOf: chunk[..<count])
      }
    }
  }

  /// The content of a file as text; bytes that are not UTF-8 are replaced.
  public func text(_ path: FilePath) throws -> String {
    String(decoding: try read(path), as: UTF8.self)
  }

  private func write(
    _ path: FilePath, bytes: [UInt8], options: FileDescriptor.OpenOptions
  ) throws {
    let absolute = self.path(path)
    try makeDirectory(absolute.removingLastComponent())
    try DescriptorInheritance.whileWriting {
      let file = try Self.attempt("open", absolute) {
        try FileDescriptor.open(
          absolute, .writeOnly, options: options,
          permissions: [.ownerReadWrite, .groupRead, .otherRead])
      }
      defer { try? file.close() }
      _ = try Self.attempt("write", absolute) { try file.writeAll(bytes) }
    }
  }

  /// A name in the folder of `path` that starts with a dot and ends in `.tmp`.
  private func beside(_ path: FilePath) throws -> FilePath {
    let name = path.lastComponent?.string ?? "file"
    return path.removingLastComponent().appending(".\(name).tmp")
  }
}

extension TemporaryWorkspace {
  /// Makes a folder, and those above it that are missing.
  public func makeDirectory(_ path: FilePath) throws {
    let absolute = self.path(path)
    if absolute.withPlatformString({ mkdir($0, 0o755) }) == 0 { return }
    switch errno {
    case EEXIST: return
    case ENOENT:
      try makeDirectory(absolute.removingLastComponent())
      try call("create the folder", absolute) { mkdir($0, 0o755) }
    default: throw TemporaryWorkspaceError("create the folder", absolute)
    }
  }

  /// Removes a file, a link (never what it leads to) or a folder with everything in it.
  public func remove(_ path: FilePath) throws {
    try Self.removeTree(self.path(path))
  }

  /// Renames, over a file that is there; folders that are missing above the new name are made.
  public func rename(_ path: FilePath, to new: FilePath) throws {
    let absolute = self.path(new)
    try makeDirectory(absolute.removingLastComponent())
    let result = self.path(path).withPlatformString { old in
      absolute.withPlatformString { Self.renameEntry(old, $0) }
    }
    guard result == 0 else {
      throw TemporaryWorkspaceError("rename to \(absolute)", self.path(path))
    }
  }

  /// Makes a link at `path` that holds `target` as it is given; the target need not exist.
  public func symlink(_ path: FilePath, to target: FilePath) throws {
    let absolute = self.path(path)
    try makeDirectory(absolute.removingLastComponent())
    try call("create the link", absolute) { link in
      target.withPlatformString { Self.symbolicLink($0, link) }
    }
  }

  /// Makes a second name `path` for the file at `existing`.
  public func hardLink(_ path: FilePath, to existing: FilePath) throws {
    let absolute = self.path(path)
    try makeDirectory(absolute.removingLastComponent())
    try call("create the hard link", absolute) { new in
      self.path(existing).withPlatformString { Self.secondName($0, new) }
    }
  }

  /// Makes the link `path` lead to `target` in one step: a link beside it is renamed over it.
  public func swapLink(_ path: FilePath, to target: FilePath) throws {
    let temporary = try beside(path)
    try symlink(temporary, to: target)
    try rename(temporary, to: path)
  }

  /// Sets the permission bits, for example `0o000`.
  public func setMode(_ path: FilePath, _ mode: UInt32) throws {
    try call("change the mode of", self.path(path)) { chmod($0, mode_t(mode)) }
  }

  /// Sets the time of the last write, in nanoseconds since 1970, and that of the last access too.
  public func setModificationTime(_ path: FilePath, nanoseconds: Int64) throws {
    let time = timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    try call("set the time of", self.path(path)) { utimensat(AT_FDCWD, $0, [time, time], 0) }
  }

  /// Lays out `files` as Kubernetes lays out a ConfigMap in `directory`, or swaps in their next version.
  ///
  /// Each call writes a folder `..VERSION`, points the link `..data` to it in one step, makes a link
  /// `NAME -> ..data/NAME` for each file, and removes links of files that are gone and the version before.
  public func publishConfigMap(
    _ files: [String: String], in directory: FilePath, version: String
  ) throws {
    let data = directory.appending("..data")
    let before = try? Self.linkTarget(path(data))
    let folder = directory.appending("..\(version)")
    try makeDirectory(folder)
    for (name, text) in files { try write(folder.appending(name), text) }
    try swapLink(data, to: FilePath("..\(version)"))
    for name in files.keys where !exists(directory.appending(name)) {
      try symlink(directory.appending(name), to: FilePath("..data").appending(name))
    }
    guard let before, before != FilePath("..\(version)") else { return }
    for name in try Self.names(in: path(directory).pushing(before))
    where files[name.string] == nil {
      try remove(directory.appending(name))
    }
    try remove(directory.pushing(before))
  }
}

extension TemporaryWorkspace {
  private func call(
    _ action: String, _ path: FilePath, _ body: (UnsafePointer<CInterop.PlatformChar>) -> CInt
  ) throws {
    guard path.withPlatformString(body) == 0 else { throw TemporaryWorkspaceError(action, path) }
  }

  private static func attempt<R>(_ action: String, _ path: FilePath, _ body: () throws -> R) throws
    -> R
  {
    do { return try body() } catch let error as Errno {
      throw TemporaryWorkspaceError(action, path, error)
    }
  }

  private static func removeTree(_ path: FilePath) throws {
    var status = stat()
    guard path.withPlatformString({ lstat($0, &status) }) == 0 else {
      throw TemporaryWorkspaceError("remove", path)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      guard path.withPlatformString({ unlink($0) }) == 0 else {
        throw TemporaryWorkspaceError("remove", path)
      }
      return
    }
    // A test may have taken the permission to list it.
    if status.st_mode & 0o700 != 0o700 { _ = path.withPlatformString { chmod($0, 0o700) } }
    for name in try names(in: path) { try removeTree(path.appending(name)) }
    guard path.withPlatformString({ rmdir($0) }) == 0 else {
      throw TemporaryWorkspaceError("remove", path)
    }
  }

  private static func names(in path: FilePath) throws -> [FilePath.Component] {
    guard let folder = path.withPlatformString({ opendir($0) }) else {
      throw TemporaryWorkspaceError("list", path)
    }
    defer { closedir(folder) }
    var names: [FilePath.Component] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CInterop.PlatformChar.self, capacity: 1) {
          FilePath.Component(platformString: $0)
        }
      }
      if let name, name.kind == .regular { names.append(name) }
    }
    return names
  }

  private static func linkTarget(_ path: FilePath) throws -> FilePath {
    var buffer = [CInterop.PlatformChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let count = path.withPlatformString { readlink($0, &buffer, Int(PATH_MAX)) }
    guard count >= 0 else { throw TemporaryWorkspaceError("read the link", path) }
    return FilePath(platformString: buffer)
  }

  // The methods of this type hide the C functions of the same name.
  private static let renameEntry: @Sendable (UnsafePointer<CChar>, UnsafePointer<CChar>) -> CInt = {
    #if canImport(Glibc)
      Glibc.rename($0, $1)
    #elseif canImport(Musl)
      Musl.rename($0, $1)
    #else
      Darwin.rename($0, $1)
    #endif
  }

  private static let symbolicLink: @Sendable (UnsafePointer<CChar>, UnsafePointer<CChar>) -> CInt =
    {
      #if canImport(Glibc)
        Glibc.symlink($0, $1)
      #elseif canImport(Musl)
        Musl.symlink($0, $1)
      #else
        Darwin.symlink($0, $1)
      #endif
    }

  private static let secondName: @Sendable (UnsafePointer<CChar>, UnsafePointer<CChar>) -> CInt = {
    link($0, $1)
  }
}

/// A file operation of ``TemporaryWorkspace`` that the system refused.
public struct TemporaryWorkspaceError: Error, CustomStringConvertible {
  /// What was tried, where, and the system's answer.
  public let description: String
  /// The system's answer.
  public let errno: Errno

  init(_ action: String, _ path: FilePath, _ error: Errno? = nil) {
    errno = error ?? Errno(rawValue: systemErrno())
    description = "cannot \(action) \(path): \(errno)"
  }
}

private func systemErrno() -> CInt { errno }
