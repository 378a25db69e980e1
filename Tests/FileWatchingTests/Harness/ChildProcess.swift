import Glibc
import HotReloadTesting
import Synchronization
import SystemPackage

/// A program that a test needs is missing or failed.
struct ChildFailure: Error, CustomStringConvertible {
  var description: String
}

/// Another program, with pipes to its input and from its output.
///
/// Only one thread at a time makes pipes and starts a program, so that no other child inherits a pipe's end
/// and keeps it open, and none inherits a file that is being written.
final class ChildProcess: Sendable {
  let id: pid_t
  let input: CInt
  let output: CInt
  private let inputIsOpen = Mutex(true)
  private let reaped = Mutex<CInt?>(nil)

  /// Starts the program; its errors go to its output if `mergingErrors`, else to ours.
  init(_ arguments: [String], environment: [String: String] = [:], mergingErrors: Bool = false)
    throws
  {
    guard let program = arguments.first.flatMap(Self.find) else {
      throw ChildFailure(
        description: "\(arguments.first ?? "") is not installed; scripts/test installs it")
    }
    let started = try DescriptorInheritance.whileStarting {
      signal(SIGPIPE, SIG_IGN)
      return try Self.start(program, arguments, environment, mergingErrors)
    }
    (id, input, output) = started
  }

  deinit {
    closeInput()
    close(output)
    _ = wait()
  }

  /// Where a program is, looked for in PATH; nil if nowhere.
  static func find(_ name: String) -> String? {
    if name.contains("/") { return access(name, X_OK) == 0 ? name : nil }
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  /// The executable of this package with that name, which lies beside the test bundle.
  static func product(_ name: String) throws -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard readlink("/proc/self/exe", &buffer, buffer.count - 1) > 0 else {
      throw ChildFailure(description: "/proc/self/exe cannot be read")
    }
    let folder = FilePath(platformString: buffer).removingLastComponent()
    let path = folder.appending(name).string
    guard access(path, X_OK) == 0 else {
      throw ChildFailure(description: "\(path) does not exist: run swift build --build-tests")
    }
    return path
  }

  /// Tells the program that no more input comes.
  func closeInput() {
    inputIsOpen.withLock { isOpen in
      if isOpen { close(input) }
      isOpen = false
    }
  }

  /// Waits for its end and returns its exit status; 128 and the signal's number if it was killed.
  @discardableResult
  func wait() -> CInt {
    reaped.withLock { known in
      if let known { return known }
      var status: CInt = 0
      while waitpid(id, &status, 0) < 0 && errno == EINTR {}
      let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
      known = code
      return code
    }
  }

  private static func start(
    _ program: String, _ arguments: [String], _ environment: [String: String], _ mergingErrors: Bool
  ) throws -> (pid_t, CInt, CInt) {
    var toChild: [CInt] = [-1, -1]
    var fromChild: [CInt] = [-1, -1]
    guard pipe(&toChild) == 0, pipe(&fromChild) == 0 else {
      throw ChildFailure(description: "pipe: errno \(errno)")
    }
    for end in toChild + fromChild { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
    posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
    if mergingErrors { posix_spawn_file_actions_adddup2(&actions, fromChild[1], 2) }
    DescriptorInheritance.closeOthers(in: &actions)

    var variables: [String] = environment.map { "\($0.key)=\($0.value)" }
    var index = 0
    while let entry = environ[index] {
      let text = String(cString: entry)
      let name = String(text.prefix { $0 != "=" })
      if environment[name] == nil { variables.append(text) }
      index += 1
    }
    var argumentPointers = arguments.map { strdup($0) } + [nil]
    var variablePointers = variables.map { strdup($0) } + [nil]
    defer { for pointer in argumentPointers + variablePointers { free(pointer) } }
    var child: pid_t = 0
    let result = posix_spawn(
      &child, program, &actions, nil, &argumentPointers, &variablePointers)
    close(toChild[0])
    close(fromChild[1])
    guard result == 0 else {
      close(toChild[1])
      close(fromChild[0])
      throw ChildFailure(description: "\(program): \(String(cString: strerror(result)))")
    }
    return (child, toChild[1], fromChild[0])
  }
}

/// Runs a program in a folder to its end and returns what it printed; throws if it fails.
@discardableResult
func runProgram(_ arguments: String..., in folder: FilePath, accepting: Set<CInt> = [0]) throws
  -> String
{
  guard let name = arguments.first, ChildProcess.find(name) != nil else {
    throw ChildFailure(
      description: "\(arguments.first ?? "") is not installed; scripts/test installs it")
  }
  let child = try ChildProcess(
    ["env", "--chdir=\(folder.string)"] + arguments,
    environment: [
      "LC_ALL": "C", "HOME": folder.string, "GIT_CONFIG_NOSYSTEM": "1", "TERM": "dumb",
      "GIT_AUTHOR_NAME": "test", "GIT_AUTHOR_EMAIL": "test@localhost",
      "GIT_COMMITTER_NAME": "test", "GIT_COMMITTER_EMAIL": "test@localhost",
    ], mergingErrors: true)
  child.closeInput()
  var reader = LineReader(child.output)
  var lines: [String] = []
  while let line = reader.next() { lines.append(line) }
  let status = child.wait()
  guard accepting.contains(status) else {
    throw ChildFailure(
      description:
        "\(arguments.joined(separator: " ")) ended with \(status):\n"
        + lines.joined(separator: "\n"))
  }
  return lines.joined(separator: "\n")
}

/// Reads lines from a descriptor; waits for them.
struct LineReader {
  private let descriptor: CInt
  private var buffered: [UInt8] = []
  private var ended = false

  init(_ descriptor: CInt) {
    self.descriptor = descriptor
  }

  /// The next line without its end; nil at the end of the input.
  mutating func next() -> String? {
    while true {
      if let end = buffered.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: buffered[..<end], as: UTF8.self)
        buffered.removeSubrange(...end)
        return line
      }
      if ended {
        guard !buffered.isEmpty else { return nil }
        defer { buffered = [] }
        return String(decoding: buffered, as: UTF8.self)
      }
      var chunk = [UInt8](repeating: 0, count: 4096)
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { ended = true } else { buffered.append(contentsOf: chunk[..<count]) }
    }
  }
}
