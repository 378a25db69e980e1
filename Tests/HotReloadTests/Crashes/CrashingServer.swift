import SystemPackage
import WorkspaceFiles

/// The helper program that serves a config and dies.
struct CrashingServer: Sendable {
  /// Starting takes so long at most, on a busy machine.
  private static let limit = Duration.seconds(60)

  /// What a run said.
  struct Run: Sendable {
    /// What it came up with.
    struct Start: Sendable {
      var generation: UInt64
      /// The content's.
      var number: Int
      /// `disk`, or `last-good` and what is wrong with what is on disk.
      var why: String

      var isFromDisk: Bool { why == "disk" }
    }

    var lines: [String]
    /// Which ended it; 0 if none did.
    var signal: CInt
    var code: CInt

    var start: Start? {
      guard let words = words(after: "up "), words.count >= 3, let generation = UInt64(words[0]),
        let number = Int(words[1])
      else { return nil }
      return Start(
        generation: generation, number: number, why: words[2...].joined(separator: " "))
    }

    /// The generation of the process from which what it came up with is the last good.
    var lastGoodGeneration: UInt64? { words(after: "from ").flatMap { UInt64($0[0]) } }
    var failpoint: String? { words(after: "reached ")?.joined() }
    var isDown: Bool { lines.contains { $0.hasPrefix("down ") } }

    /// The generations that it gave out, in order.
    var generations: [UInt64] {
      lines.compactMap { line in
        let words = line.split(separator: " ")
        guard words.count > 1, words[0] == "up" || words[0] == "serves" else { return nil }
        return UInt64(words[1])
      }
    }

    private func words(after prefix: String) -> [Substring]? {
      lines.first { $0.hasPrefix(prefix) }?.dropFirst(prefix.count).split(separator: " ")
    }
  }

  var root: FilePath
  /// In milliseconds.
  var bake = 20

  /// Runs it to its end on a thread that may block.
  ///
  /// - Parameter edit: called again and again once it is up.
  func run(
    _ arguments: String..., edit: @escaping @Sendable () throws -> Void = {}
  ) async throws -> Run {
    try await BlockingExecutor.shared.run { try start(arguments, edit) }
  }

  private func start(_ arguments: [String], _ edit: () throws -> Void) throws -> Run {
    var isUp = false
    let run = try HelperRun(
      "CrashingServer", [root.string, "\(bake)"] + arguments, in: root, limit: Self.limit
    ) { lines in
      if isUp {
        try edit()
      } else {
        isUp = try lines().contains { $0.hasPrefix("up ") }
      }
    }
    return Run(lines: run.lines, signal: run.signal, code: run.code)
  }
}
