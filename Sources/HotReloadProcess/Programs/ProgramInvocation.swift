import CSystemShims
public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program and how it is started: without a shell, as the leader of a process group of its own.
public struct ProgramInvocation: Sendable, Hashable {
  /// The program, looked for in `PATH` if it has no slash, and its arguments.
  public var arguments: [String]
  /// What is added to our environment variables; nil takes one away.
  public var environment: [String: String?]
  /// The folder it starts in; nil: ours.
  public var directory: FilePath?

  /// Creates an invocation.
  public init(
    _ arguments: [String], environment: [String: String?] = [:], directory: FilePath? = nil
  ) {
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
  }

  /// The program as the user named it.
  public var name: String { arguments.first ?? "" }

  /// What the program's 0, 1 and 2 are; -1: ours.
  struct Descriptors {
    var input: CInt = -1
    var output: CInt = -1
    var error: CInt = -1
    /// The terminal whose foreground group it becomes, or -1.
    var terminal: CInt = -1
    /// Whether it gets no other descriptor of ours, whoever opened it.
    var closesOthers = false
    /// Whether it goes on without its terminal, as under `nohup`.
    var ignoresHangUp = false
  }

  /// Starts it, and returns the number of its process and group.
  func spawn(_ descriptors: Descriptors) throws(ProgramError) -> pid_t {
    guard !arguments.isEmpty, !name.isEmpty else { throw ProgramError(name: name, errno: ENOENT) }
    guard !arguments.contains(where: { $0.utf8.contains(0) }) else {
      throw ProgramError(name: name, errno: EINVAL)
    }
    var argv = arguments.map { strdup($0) } + [nil]
    var envp = variables() + [nil]
    let folder = directory.map { $0.withPlatformString { strdup($0) } } ?? nil
    defer {
      for pointer in argv + envp { free(pointer) }
      free(folder)
    }
    var options = shim_spawn_options()
    options.directory = UnsafePointer(folder)
    options.input = descriptors.input
    options.output = descriptors.output
    options.error = descriptors.error
    options.terminal = descriptors.terminal
    options.closes_others = descriptors.closesOthers
    options.ignores_hang_up = descriptors.ignoresHangUp
    var process: pid_t = 0
    let result = ProgramStarts.guarding { shim_spawn(&process, &argv, &envp, &options) }
    guard result == 0 else { throw ProgramError(name: name, errno: result) }
    return process
  }

  /// Our variables, byte for byte, with the additions; each `NAME=value`, to be freed.
  private func variables() -> [UnsafeMutablePointer<CChar>?] {
    var result: [UnsafeMutablePointer<CChar>?] = []
    var next = shim_environment()
    while let here = next, let entry = here.pointee {
      let length = strcspn(entry, "=")
      let bytes = UnsafeRawBufferPointer(start: entry, count: length)
      if !environment.keys.contains(where: { $0.utf8.elementsEqual(bytes) }) {
        result.append(strdup(entry))
      }
      next = here + 1
    }
    for (name, value) in environment {
      if let value { result.append(strdup("\(name)=\(value)")) }
    }
    return result
  }
}

/// Why a program could not be started.
public struct ProgramError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The program as the user named it.
  public let name: String
  /// The system's error number, such as `ENOENT`.
  public let errno: CInt

  /// What a shell ends with in its place: 127 if there is no such program, else 126.
  public var shellCode: CInt { errno == ENOENT ? 127 : 126 }

  /// What happened, and what to do.
  public var description: String {
    switch errno {
    case ENOENT: "there is no program \(name): check its name, PATH, and the folder to start in"
    case EACCES: "\(name) may not be executed: check its permissions"
    default: "\(name) cannot be started: \(Errno(rawValue: errno))"
    }
  }
}
