import Glibc
import Synchronization
import SystemPackage

/// The process that changes files while the watcher's consumer runs in this one.
final class MutatorProcess: Sendable {
  private let child: ChildProcess
  private let lines: Mutex<LineReader>
  private let log: FilePath

  /// - Parameter without: operations to leave out.
  init(root: FilePath, outside: FilePath, seed: UInt64, log: FilePath, without: [String]) throws {
    self.log = log
    child = try ChildProcess(
      [
        ChildProcess.product("FileSystemMutator"), root.string, outside.string, String(seed),
        log.string, without.joined(separator: ","),
      ])
    lines = Mutex(LineReader(child.output))
  }

  /// Lets it do so many operations, and runs `meanwhile` while it does. Returns when both have ended and it
  /// has closed all files.
  func perform(_ count: Int, pause: Int, meanwhile: () async throws -> Void) async throws {
    try writeAll(child.input, "go \(count) \(pause)\n")
    try await meanwhile()
    guard let line = lines.withLock({ $0.next() }), line.hasPrefix("done") else {
      throw ChildFailure(description: "the mutator ended with \(child.wait())")
    }
  }

  /// The last operations that it did, for a failure's message.
  func lastOperations(_ count: Int) -> String {
    guard case .bytes(let bytes) = FileContent(at: log) else { return "" }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    return lines.suffix(count).joined(separator: "\n")
  }
}
