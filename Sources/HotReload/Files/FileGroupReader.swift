import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Reads several files as they were at one moment.
///
/// Each is read stably; then all are looked at again. If any is another by then, or another file is at its path, all
/// are read anew: so a pair that is renewed one after the other is never taken half, as far as the file
/// system tells.
struct FileGroupReader: Sendable {
  /// How often the files are read at most, if they change while they are read.
  static let maximumAttempts = 12
  /// The longest time between two attempts, in milliseconds: they wait 1, 2, 4, 8, 16, 16, … ms.
  static let maximumRetryWait = 16

  let safety: PathSafety
  /// The most bytes that one file may have.
  let limit: Int

  /// Reads the files. Blocks, for the reading and at most some 130 ms of waiting.
  func read(_ paths: [FilePath], as name: String) -> UnitLoadResult {
    for attempt in 0..<Self.maximumAttempts {
      if attempt > 0 {
        SystemCalls.wait(milliseconds: min(1 << (attempt - 1), Self.maximumRetryWait))
      }
      do {
        if let files = try readOnce(paths) {
          return .content(.files(FileGroup(name: name, files: files)))
        }
      } catch let error as StableReadError {
        if case .notSettled = error { continue }
        if case .missing(let path) = error { return .absent(missing(path, name)) }
        return .rejected([Self.diagnostic(error.path, "\(error)")])
      } catch {
        return .rejected([ConfigDiagnostic(location: nil, message: "\(error)")])
      }
    }
    return .rejected([
      ConfigDiagnostic(
        location: nil,
        message: "the files of group \(name) changed each time they were read, "
          + "\(Self.maximumAttempts) times; wait until what writes them is done")
    ])
  }

  /// One attempt; nil if a file moved meanwhile.
  private func readOnce(_ paths: [FilePath]) throws -> [FileGroup.File]? {
    let files = try paths.map { try safety.readStably($0, limit: limit) }
    for (path, file) in zip(paths, files) {
      let now = try safety.readStably(path, limit: limit)
      guard now.stamp == file.stamp, now.resolvedPath == file.resolvedPath else { return nil }
    }
    return zip(paths, files).map { FileGroup.File(path: $0, bytes: $1.bytes) }
  }

  private func missing(_ path: FilePath, _ name: String) -> ConfigDiagnostic {
    Self.diagnostic(path, "there is no such file, and file group \(name) needs it")
  }

  private static func diagnostic(_ path: FilePath, _ message: String) -> ConfigDiagnostic {
    ConfigDiagnostic(location: SourceLocation(source: path.string), message: message)
  }
}
