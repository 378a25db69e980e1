import Glibc
import HotReloadTesting
import SystemPackage

/// A call of the system failed; the text names the call, the path and the reason.
struct SystemFailure: Error, CustomStringConvertible {
  var call: String
  var path: FilePath
  var errorNumber: CInt

  var description: String { "\(call) \(path): \(String(cString: strerror(errorNumber)))" }
}

/// What a test does to the file system, below one folder. Each function is one system call where the name
/// says so, because which calls a program makes is what these tests are about.
struct Folder: Sendable {
  let path: FilePath

  init(_ path: FilePath) {
    self.path = path
  }

  /// The absolute path of something in the folder.
  func at(_ relative: FilePath) -> FilePath { path.appending(relative.components) }

  /// The folder of that name.
  func folder(_ relative: FilePath) -> Folder { Folder(at(relative)) }

  /// Opens, truncates, writes and closes.
  func write(_ relative: FilePath, _ text: String) throws {
    try put(relative, text, flags: O_WRONLY | O_CREAT | O_TRUNC)
  }

  /// Writes over the first bytes, without truncating.
  func overwrite(_ relative: FilePath, _ text: String) throws {
    try put(relative, text, flags: O_WRONLY)
  }

  func append(_ relative: FilePath, _ text: String) throws {
    try put(relative, text, flags: O_WRONLY | O_CREAT | O_APPEND)
  }

  /// Writes a temporary file beside it and renames it over the path.
  func replace(_ relative: FilePath, _ text: String, by temporary: FilePath? = nil) throws {
    let beside = temporary ?? FilePath(relative.string + ".new")
    try write(beside, text)
    try move(beside, relative)
  }

  /// `mkdir -p`.
  func makeFolder(_ relative: FilePath) throws {
    var current = path
    for component in relative.components {
      current.append(component)
      let result = current.withPlatformString { mkdir($0, 0o755) }
      if result != 0 && errno != EEXIST {
        throw SystemFailure(call: "mkdir", path: current, errorNumber: errno)
      }
    }
  }

  /// `rename`.
  func move(_ from: FilePath, _ to: FilePath) throws {
    try moveAbsolute(at(from), at(to))
  }

  /// Removes a file, a link or a folder with all that is in it.
  func remove(_ relative: FilePath) throws {
    try removeTree(at(relative))
  }

  func symlink(_ relative: FilePath, to target: FilePath) throws {
    try call("symlink", relative) { name in target.withPlatformString { Glibc.symlink($0, name) } }
  }

  /// Makes a link beside it and renames it over the path: one atomic step.
  func retarget(_ relative: FilePath, to target: FilePath) throws {
    let beside = FilePath(relative.string + "_tmp")
    try symlink(beside, to: target)
    try move(beside, relative)
  }

  func hardLink(_ relative: FilePath, to existing: FilePath) throws {
    try call("link", relative) { name in at(existing).withPlatformString { link($0, name) } }
  }

  func setMode(_ relative: FilePath, _ mode: mode_t) throws {
    try call("chmod", relative) { chmod($0, mode) }
  }

  /// Sets the time of the last write to now.
  func touch(_ relative: FilePath) throws {
    try call("utimensat", relative) { utimensat(AT_FDCWD, $0, nil, 0) }
  }

  func makeFIFO(_ relative: FilePath) throws {
    try call("mkfifo", relative) { mkfifo($0, 0o644) }
  }

  /// The file's bytes as text.
  func read(_ relative: FilePath) throws -> String {
    switch FileContent(at: at(relative)) {
    case .bytes(let bytes): return String(decoding: bytes, as: UTF8.self)
    case .unreadable(let number):
      throw SystemFailure(call: "read", path: at(relative), errorNumber: number)
    }
  }

  /// Opens for writing and leaves it to the caller to close.
  func open(_ relative: FilePath, _ flags: CInt) throws -> CInt {
    try call("open", relative) { Glibc.open($0, flags | O_CLOEXEC, 0o644) }
  }

  @discardableResult
  func call(_ name: String, _ relative: FilePath, _ body: (UnsafePointer<CChar>) -> CInt) throws
    -> CInt
  {
    let result = at(relative).withPlatformString(body)
    if result < 0 { throw SystemFailure(call: name, path: at(relative), errorNumber: errno) }
    return result
  }

  private func put(_ relative: FilePath, _ text: String, flags: CInt) throws {
    try DescriptorInheritance.whileWriting {
      let file = try open(relative, flags)
      defer { close(file) }
      try writeAll(file, text, path: at(relative))
    }
  }
}

/// Writes all of the text to an open file.
func writeAll(_ file: CInt, _ text: String, path: FilePath = "") throws {
  let bytes = Array(text.utf8)
  var done = 0
  while done < bytes.count {
    let count = bytes.withUnsafeBytes { write(file, $0.baseAddress! + done, bytes.count - done) }
    if count < 0 { throw SystemFailure(call: "write", path: path, errorNumber: errno) }
    done += count
  }
}

/// `rename`, of absolute paths.
func moveAbsolute(_ from: FilePath, _ to: FilePath) throws {
  let result = from.withPlatformString { old in to.withPlatformString { rename(old, $0) } }
  if result != 0 { throw SystemFailure(call: "rename", path: from, errorNumber: errno) }
}

/// `mkfifo` and friends aside, everything below a path and the path itself; links are not followed.
func removeTree(_ path: FilePath) throws {
  if let status = linkStatus(path), status.st_mode & S_IFMT == S_IFDIR {
    for name in (try? entries(of: path)) ?? [] { try removeTree(path.appending(name)) }
    if path.withPlatformString({ rmdir($0) }) != 0 {
      throw SystemFailure(call: "rmdir", path: path, errorNumber: errno)
    }
  } else if path.withPlatformString({ unlink($0) }) != 0 {
    throw SystemFailure(call: "unlink", path: path, errorNumber: errno)
  }
}

/// `lstat`; nil if it fails.
func linkStatus(_ path: FilePath) -> stat? {
  var status = stat()
  return path.withPlatformString { lstat($0, &status) } == 0 ? status : nil
}

/// `stat`; nil if it fails.
func followedStatus(_ path: FilePath) -> stat? {
  var status = stat()
  return path.withPlatformString { stat($0, &status) } == 0 ? status : nil
}

/// The names in a folder, as they are: any bytes.
func entries(of folder: FilePath) throws -> [FilePath.Component] {
  guard let stream = folder.withPlatformString({ opendir($0) }) else {
    throw SystemFailure(call: "opendir", path: folder, errorNumber: errno)
  }
  defer { closedir(stream) }
  var names: [FilePath.Component] = []
  while let entry = readdir(stream) {
    guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { continue }
    let name = (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self)
    if let component = FilePath.Component(platformString: name), component.kind == .regular {
      names.append(component)
    }
  }
  return names
}

/// What a reader of a file gets.
enum FileContent: Hashable, CustomStringConvertible {
  case bytes([UInt8])
  /// The error number; 0 if it is not a regular file.
  case unreadable(CInt)

  /// Reads the file. What is not a regular file is never opened: that is what this package promises too.
  init(at path: FilePath) {
    guard let status = followedStatus(path) else {
      self = .unreadable(errno)
      return
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      self = .unreadable(0)
      return
    }
    let file = path.withPlatformString { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard file >= 0 else {
      self = .unreadable(errno)
      return
    }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(file, &buffer, buffer.count)
      if count <= 0 { break }
      bytes.append(contentsOf: buffer[..<count])
    }
    self = .bytes(bytes)
  }

  var description: String {
    switch self {
    case .bytes(let bytes):
      "\"\(String(decoding: bytes.prefix(40), as: UTF8.self))\" (\(bytes.count) bytes)"
    case .unreadable(let number): "unreadable (\(number))"
    }
  }
}

/// Tests name files by number.
extension FilePath: @retroactive ExpressibleByStringInterpolation {}
