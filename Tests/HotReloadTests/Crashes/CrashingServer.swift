import Glibc
import HotReloadTesting
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

  struct Failure: Error { var what: String }

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
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard readlink("/proc/self/exe", &buffer, buffer.count - 1) > 0 else {
      throw Failure(what: "/proc/self/exe cannot be read")
    }
    let program = FilePath(platformString: buffer).removingLastComponent()
      .appending("CrashingServer").string
    let output = root.appending(".output-\(UInt64.random(in: .min ... .max))")
    defer { unlink(output.string) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output.string, O_WRONLY | O_CREAT, 0o600)
    DescriptorInheritance.closeOthers(in: &actions)
    var argv = ([program, root.string, "\(bake)"] + arguments).map { strdup($0) } + [nil]
    defer { for pointer in argv { free(pointer) } }
    var child: pid_t = 0
    let result = DescriptorInheritance.whileStarting {
      posix_spawn(&child, program, &actions, nil, &argv, environ)
    }
    guard result == 0 else { throw Errno(rawValue: result) }
    return try follow(child, output, arguments, edit)
  }

  private func follow(
    _ child: pid_t, _ output: FilePath, _ arguments: [String], _ edit: () throws -> Void
  ) throws -> Run {
    var status: CInt = 0
    var isUp = false
    let deadline = ContinuousClock.now + Self.limit
    while waitpid(child, &status, WNOHANG) == 0 {
      do {
        guard ContinuousClock.now < deadline else {
          throw Failure(what: "\(arguments) did not end")
        }
        if isUp {
          try edit()
        } else {
          isUp = try lines(of: output).contains { $0.hasPrefix("up ") }
        }
      } catch {
        kill(child, SIGKILL)
        waitpid(child, &status, 0)
        throw error
      }
      var nothing = pollfd()
      poll(&nothing, 0, 3)
    }
    return Run(
      lines: try lines(of: output), signal: status & 0x7f, code: (status >> 8) & 0xff)
  }

  private func lines(of output: FilePath) throws -> [String] {
    let file = try FileDescriptor.open(output, .readOnly)
    defer { try? file.close() }
    let bytes = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
      count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
