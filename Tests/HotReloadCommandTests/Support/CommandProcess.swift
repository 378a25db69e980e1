import Dispatch
import Foundation
import HotReloadTesting
import SystemPackage

/// The real `hotreload` as a child process, whose output is read line by line.
///
/// Waiting happens on threads of its own, never on those that run the tests' tasks, and never without a limit.
final class CommandProcess: Sendable {
  /// Anything that a test waits for takes far less.
  static let limit = Duration.seconds(30)

  private let identifier: pid_t
  let output: LineReader
  let errors: LineReader

  /// Starts it with these arguments; `environment` adds to the test's variables. `command` is what is started
  /// instead, an absolute path and its first arguments.
  init(
    _ arguments: [String] = [], command: [String] = [path(of: "hotreload")],
    environment: [String: String] = [:]
  ) throws {
    let (outputRead, outputWrite) = try Self.channel()
    let (errorRead, errorWrite) = try Self.channel()
    defer {
      close(outputWrite)
      close(errorWrite)
    }
    output = LineReader(descriptor: outputRead, label: "output")
    errors = LineReader(descriptor: errorRead, label: "errors")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, outputWrite, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, errorWrite, STDERR_FILENO)
    DescriptorInheritance.closeOthers(in: &actions)
    identifier = try Self.spawn(command + arguments, &actions, environment)
  }

  deinit {
    if kill(identifier, 0) == 0 { kill(identifier, SIGKILL) }
    var status: CInt = 0
    waitpid(identifier, &status, 0)
  }

  /// Sends a signal.
  func signal(_ number: CInt) { kill(identifier, number) }

  /// Waits for the end; gives the exit code, or minus the signal's number.
  func exitCode() async throws -> CInt {
    try await onThread("exit code") { [identifier] in
      let end = ContinuousClock.now + Self.limit
      while true {
        // The status is left for deinit, so that the number is not reused before.
        var information = siginfo_t()
        let options = WEXITED | WNOWAIT | WNOHANG
        guard waitid(P_PID, id_t(identifier), &information, options) == 0 else {
          throw Errno(rawValue: errno)
        }
        if information.si_signo == SIGCHLD {
          let status = information._sifields._sigchld.si_status
          return information.si_code == CInt(CLD_EXITED) ? status : -status
        }
        guard ContinuousClock.now < end else { throw Timeout(what: "the end of hotreload") }
        var nothing = pollfd()
        poll(&nothing, 0, 5)
      }
    }
  }

  /// Runs it to its end.
  static func run(
    _ arguments: [String], environment: [String: String] = [:]
  ) async throws -> (code: CInt, output: [String], errors: [String]) {
    let process = try CommandProcess(
      arguments, environment: environment)
    async let output = process.output.rest()
    async let errors = process.errors.rest()
    let lines = try await (output, errors)
    return (try await process.exitCode(), lines.0, lines.1)
  }

  /// A binary beside the test bundle.
  static func path(of name: String) -> String {
    let bundle =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return FilePath(bundle).removingLastComponent().appending(name).string
  }

  /// Two connected descriptors that no other child inherits: a pipe could not be made so without a gap.
  private static func channel() throws -> (read: CInt, write: CInt) {
    var pair: [CInt] = [-1, -1]
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else { throw Errno(rawValue: errno) }
    return (pair[0], pair[1])
  }

  private static func spawn(
    _ arguments: [String], _ actions: inout posix_spawn_file_actions_t,
    _ environment: [String: String]
  ) throws -> pid_t {
    var variables = ProcessInfo.processInfo.environment
    for name in ["WORKSPACE_PATH", "WORKSPACE_ENV", "APP_ENV", "ENVIRONMENT", "ENV"] {
      variables[name] = nil
    }
    variables.merge(environment) { $1 }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    posix_spawnattr_setflags(&attributes, Int16(flags))
    var argv = arguments.map { strdup($0) } + [nil]
    var envp = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var identifier: pid_t = 0
    let result = DescriptorInheritance.whileStarting {
      posix_spawn(&identifier, arguments[0], &actions, &attributes, &argv, &envp)
    }
    guard result == 0 else { throw Errno(rawValue: result) }
    return identifier
  }
}

/// Something did not happen in time.
struct Timeout: Error, CustomStringConvertible {
  let what: String
  var lines: [String] = []

  var description: String {
    "waited \(CommandProcess.limit) for \(what); so far: \(lines.joined(separator: " | "))"
  }
}

/// Runs blocking work on a thread of its own.
func onThread<Value: Sendable>(
  _ label: String, _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue(label: label).async { continuation.resume(with: Result { try body() }) }
  }
}
