import Glibc
import HotReloadTesting
import SystemPackage

/// One run of a helper program of this package, which lies beside the test bundle.
struct HelperRun: Sendable {
  struct Failure: Error { var what: String }

  /// What it printed.
  var lines: [String]
  /// Which ended it; 0 if none did.
  var signal: CInt
  var code: CInt

  /// Runs it to its end, or for that long. Blocks.
  ///
  /// - Parameters:
  ///   - folder: where its output is kept meanwhile.
  ///   - watch: called again and again with what it has printed so far.
  init(
    _ name: String, _ arguments: [String], in folder: FilePath, limit: Duration,
    watch: (_ lines: () throws -> [String]) throws -> Void = { _ in }
  ) throws {
    let output = folder.appending(".output-\(UInt64.random(in: .min ... .max))")
    defer { unlink(output.string) }
    let child = try Self.start(Self.path(of: name), arguments, output)
    var status: CInt = 0
    let deadline = ContinuousClock.now + limit
    while waitpid(child, &status, WNOHANG) == 0 {
      do {
        guard ContinuousClock.now < deadline else {
          throw Failure(what: "\(name) \(arguments) did not end")
        }
        try watch { try Self.lines(of: output) }
      } catch {
        kill(child, SIGKILL)
        waitpid(child, &status, 0)
        throw error
      }
      var nothing = pollfd()
      poll(&nothing, 0, 2)
    }
    lines = try Self.lines(of: output)
    signal = status & 0x7f
    code = (status >> 8) & 0xff
  }

  private static func path(of name: String) throws -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard readlink("/proc/self/exe", &buffer, buffer.count - 1) > 0 else {
      throw Failure(what: "/proc/self/exe cannot be read")
    }
    return FilePath(platformString: buffer).removingLastComponent().appending(name).string
  }

  private static func start(
    _ program: String, _ arguments: [String], _ output: FilePath
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output.string, O_WRONLY | O_CREAT, 0o600)
    DescriptorInheritance.closeOthers(in: &actions)
    var argv = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for pointer in argv { free(pointer) } }
    var child: pid_t = 0
    let result = DescriptorInheritance.whileStarting {
      posix_spawn(&child, program, &actions, nil, &argv, environ)
    }
    guard result == 0 else { throw Errno(rawValue: result) }
    return child
  }

  private static func lines(of output: FilePath) throws -> [String] {
    let file = try FileDescriptor.open(output, .readOnly)
    defer { try? file.close() }
    let bytes = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
      count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
