import Synchronization
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// The file that lines are appended to. Any thread may append; one thread, the journal's, does all else.
///
/// An append is one `write`, which a reload can afford; lines that cannot be written are kept and tried
/// again, in their order, with the next ones.
final class JournalFile: Sendable {
  /// The most bytes of lines that are kept while nothing can be written.
  static let maximumPendingSize = 256 << 10
  private static let fileMode: FilePermissions = [.ownerReadWrite]

  private struct State {
    var file: FileDescriptor?
    var pending: [[UInt8]] = []
    var pendingSize = 0
    var dropped = 0
    var problem: String? = "the journal is not open"
    /// Whether the file may end within a line.
    var isTorn = false
    var size: Int64 = 0
  }

  private let state = Mutex(State())

  /// Why lines are waiting; nil if none are.
  var problem: String? { state.withLock { $0.problem } }
  /// How many lines were given up.
  var dropped: Int { state.withLock { $0.dropped } }
  /// The file's size after the last append, in bytes.
  var size: Int64 { state.withLock { $0.size } }

  /// Appends lines; false if they have to wait.
  @discardableResult
  func append(_ entries: [JournalEntry]) -> Bool {
    let lines = entries.map(\.line)
    return state.withLock { state in
      for line in lines {
        state.pending.append(line)
        state.pendingSize += line.count
      }
      Self.write(&state)
      while state.pendingSize > Self.maximumPendingSize, !state.pending.isEmpty {
        state.pendingSize -= state.pending.removeFirst().count
        state.dropped += 1
      }
      return state.problem == nil
    }
  }

  /// Tries again what could not be written.
  @discardableResult
  func retry() -> Bool {
    state.withLock { state in
      Self.write(&state)
      return state.problem == nil
    }
  }

  private static func write(_ state: inout State) {
    guard let file = state.file else { return }
    guard let before = FileStamp(at: "", in: file.rawValue, followLinks: true), before.links > 0
    else {
      state.problem = "the journal's file was removed"
      return
    }
    if state.pending.isEmpty {
      state.problem = nil
      return
    }
    var bytes: [UInt8] = state.isTorn ? [UInt8(ascii: "\n")] : []
    for line in state.pending { bytes += line }
    do {
      try file.writeAll(bytes)
      state.size = before.size + Int64(bytes.count)
      state.pending = []
      state.pendingSize = 0
      state.isTorn = false
      state.problem = nil
    } catch {
      // Part of it may be there, and would be a torn line in the middle.
      if (try? file.resize(to: before.size)) == nil { state.isTorn = true }
      state.problem = "the journal cannot be written: \(error)"
    }
  }

  /// Uses the file at `path`, which is made where it is missing; what waits is written. Blocking.
  func open(_ path: FilePath, isTorn: Bool) throws(Errno) {
    let file = try Self.openFile(path, [.create, .append])
    let old = state.withLock { state in
      defer {
        state.file = file
        state.isTorn = isTorn
        state.size = FileStamp(at: "", in: file.rawValue, followLinks: true)?.size ?? 0
        Self.write(&state)
      }
      return state.file
    }
    try? old?.close()
  }

  private static func openFile(
    _ path: FilePath, _ options: FileDescriptor.OpenOptions
  ) throws(Errno) -> FileDescriptor {
    do {
      return try FileDescriptor.open(
        path, .writeOnly, options: options.union([.closeOnExec, .noFollow]), permissions: fileMode)
    } catch let error as Errno { throw error } catch { throw .ioError }
  }

  /// Whether `path` still leads to the file that is written.
  func isAt(_ path: FilePath) -> Bool {
    let file = state.withLock { $0.file }
    guard let file, let stamp = FileStamp(at: "", in: file.rawValue, followLinks: true) else {
      return false
    }
    let there = path.withPlatformString {
      FileStamp(at: $0, in: FileDescriptor.currentFolder, followLinks: false)
    }
    return there.map { $0.isSameFile(as: stamp) } ?? false
  }

  /// Makes what was appended durable. Appends go on meanwhile.
  func synchronize() throws(Errno) {
    guard let file = state.withLock({ $0.file }) else { throw .badFileDescriptor }
    try SystemCalls.synchronize(file)
  }

  /// Puts another file in place of this one. Whatever is appended after `length` bytes is taken along.
  ///
  /// - Parameters:
  ///   - content: what the new file begins with.
  ///   - length: how much of the old file `content` stands for.
  func replace(
    _ path: FilePath, with content: [UInt8], insteadOf length: Int64,
    failpoint: (@Sendable (JournalFailpoint) -> Void)?
  ) throws(Errno) {
    let temporary = path.removingLastComponent().appending("journal.jsonl.tmp")
    let new = try Self.openFile(temporary, [.create, .truncate, .append])
    do {
      try new.writeAll(content)
      try SystemCalls.synchronize(new)
      failpoint?(.compactedNotRenamed)
      let old = try state.withLock { state throws -> FileDescriptor? in
        if let file = state.file {
          try new.writeAll(try Self.tail(of: path, file, from: length))
        }
        try SystemCalls.rename(temporary, to: path)
        defer {
          state.file = new
          state.isTorn = false
          state.size = FileStamp(at: "", in: new.rawValue, followLinks: true)?.size ?? 0
        }
        return state.file
      }
      try? old?.close()
    } catch {
      try? new.close()
      try? SystemCalls.removeFile(temporary)
      throw (error as? Errno) ?? .ioError
    }
    try SystemCalls.synchronize(path.removingLastComponent())
    failpoint?(.compacted)
  }

  /// What was appended to the file since it had that length.
  private static func tail(
    of path: FilePath, _ file: FileDescriptor, from length: Int64
  ) throws -> [UInt8] {
    guard let stamp = FileStamp(at: "", in: file.rawValue, followLinks: true), stamp.size > length
    else { return [] }
    let reading = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow])
    defer { try? reading.close() }
    guard let there = FileStamp(at: "", in: reading.rawValue, followLinks: true),
      there.isSameFile(as: stamp)
    else { throw Errno.staleNFSFileHandle }
    var bytes = [UInt8](repeating: 0, count: Int(stamp.size - length))
    var done = 0
    while done < bytes.count {
      let count = try bytes.withUnsafeMutableBytes { buffer in
        try reading.read(
          fromAbsoluteOffset: length + Int64(done),
          into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
      }
      if count == 0 { throw Errno.ioError }
      done += count
    }
    return bytes
  }

  /// Closes the file: nothing is written from now on.
  func close() {
    let file = state.withLock { state in
      defer {
        state.file = nil
        state.problem = "the journal is closed"
      }
      return state.file
    }
    try? file?.close()
  }
}

extension FileDescriptor {
  /// Stands for the current folder where a call wants an open one.
  fileprivate static var currentFolder: CInt { SystemCalls.currentDirectoryHandle }
}
