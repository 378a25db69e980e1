import SystemPackage
import WorkspaceFiles

/// The helper program that applies contents and dies.
enum JournalProcess {
  /// What it said, and the signal that ended it; 0 if none did.
  struct Ending: Sendable {
    var lines: [String]
    var signal: CInt
    var code: CInt

    /// The newest generation that it said to be good.
    var good: UInt64? { numbers("good ").last }
    /// The generation it began with.
    var opened: UInt64? { numbers("opened ").first }

    private func numbers(_ prefix: String) -> [UInt64] {
      lines.filter { $0.hasPrefix(prefix) }.compactMap { UInt64($0.dropFirst(prefix.count)) }
    }
  }

  /// Runs it to its end, on a thread that may block.
  static func run(_ root: FilePath, _ arguments: [String]) async throws -> Ending {
    try await BlockingExecutor.shared.run {
      let run = try HelperRun(
        "JournalProcess", [root.string] + arguments, in: root, limit: .seconds(30))
      return Ending(lines: run.lines, signal: run.signal, code: run.code)
    }
  }
}
