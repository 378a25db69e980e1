import Glibc
import HotReloadTesting
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

  struct Failure: Error { var what: String }

  /// Runs it to its end, on a thread that may block.
  static func run(_ root: FilePath, _ arguments: [String]) async throws -> Ending {
    try await BlockingExecutor.shared.run { try start(root, arguments) }
  }

  private static func start(_ root: FilePath, _ arguments: [String]) throws -> Ending {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard readlink("/proc/self/exe", &buffer, buffer.count - 1) > 0 else {
      throw Failure(what: "/proc/self/exe cannot be read")
    }
    let program = FilePath(platformString: buffer).removingLastComponent()
      .appending("JournalProcess").string
    let output = root.appending(".output-\(UInt64.random(in: .min ... .max))")
    defer { unlink(output.string) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output.string, O_WRONLY | O_CREAT, 0o600)
    DescriptorInheritance.closeOthers(in: &actions)
    var argv = ([program, root.string] + arguments).map { strdup($0) } + [nil]
    defer { for pointer in argv { free(pointer) } }
    var child: pid_t = 0
    let result = DescriptorInheritance.whileStarting {
      posix_spawn(&child, program, &actions, nil, &argv, environ)
    }
    guard result == 0 else { throw Errno(rawValue: result) }

    var status: CInt = 0
    let deadline = ContinuousClock.now + .seconds(30)
    while waitpid(child, &status, WNOHANG) == 0 {
      if ContinuousClock.now > deadline {
        kill(child, SIGKILL)
        waitpid(child, &status, 0)
        throw Failure(what: "\(arguments) did not end")
      }
      var nothing = pollfd()
      poll(&nothing, 0, 2)
    }
    let file = try FileDescriptor.open(output, .readOnly)
    defer { try? file.close() }
    let bytes = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
      count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
    }
    return Ending(
      lines: String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init),
      signal: status & 0x7f, code: (status >> 8) & 0xff)
  }
}
