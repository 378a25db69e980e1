#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a program ended.
public enum ProgramExit: Sendable, Hashable, CustomStringConvertible {
  /// By itself, with this code: 0 to 255.
  case code(CInt)
  /// By this signal.
  case signal(CInt)

  /// Whether it ended with 0.
  public var isSuccess: Bool { self == .code(0) }

  /// What a shell makes of it: the code, or 128 and the signal's number.
  public var shellCode: CInt {
    switch self {
    case .code(let code): code
    case .signal(let number): 128 + number
    }
  }

  /// `exit code 1`, `signal KILL`.
  public var description: String {
    switch self {
    case .code(let code): "exit code \(code)"
    case .signal(let number): "signal \(ProcessSignal(rawValue: number))"
    }
  }
}

/// A signal, by its number or its name.
public struct ProcessSignal: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
  /// The number.
  public let rawValue: CInt

  /// The signal with this number; that it exists is not checked.
  public init(rawValue: CInt) { self.rawValue = rawValue }

  /// The signal of this name (`HUP`, `SIGHUP`, `hup`) or number (`1`); nil if there is none.
  public init?(named name: String) {
    if let number = CInt(name) {
      guard (1...64).contains(number) else { return nil }
      self.init(rawValue: number)
      return
    }
    let upper = name.uppercased()
    let short = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
    guard let known = Self.names.first(where: { $0.name == short }) else { return nil }
    self.init(rawValue: known.number)
  }

  /// Asks a program to end.
  public static let terminate = ProcessSignal(rawValue: SIGTERM)
  /// Ends a program at once.
  public static let kill = ProcessSignal(rawValue: SIGKILL)
  /// What the terminal sends for Ctrl-C.
  public static let interrupt = ProcessSignal(rawValue: SIGINT)
  /// What many programs read their configuration anew for.
  public static let hangUp = ProcessSignal(rawValue: SIGHUP)

  /// `HUP`; the number where there is no name.
  public var description: String {
    Self.names.first { $0.number == rawValue }?.name ?? String(rawValue)
  }

  /// Whether this process ignores it.
  var isIgnored: Bool {
    var action = sigaction()
    guard sigaction(rawValue, nil, &action) == 0 else { return false }
    #if os(Linux)
      let handler = action.__sigaction_handler.sa_handler
    #else
      let handler = action.__sigaction_u.__sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private static let names: [(name: String, number: CInt)] = [
    ("HUP", SIGHUP), ("INT", SIGINT), ("QUIT", SIGQUIT), ("ILL", SIGILL), ("TRAP", SIGTRAP),
    ("ABRT", SIGABRT), ("BUS", SIGBUS), ("FPE", SIGFPE), ("KILL", SIGKILL), ("USR1", SIGUSR1),
    ("SEGV", SIGSEGV), ("USR2", SIGUSR2), ("PIPE", SIGPIPE), ("ALRM", SIGALRM), ("TERM", SIGTERM),
    ("CHLD", SIGCHLD), ("CONT", SIGCONT), ("STOP", SIGSTOP), ("TSTP", SIGTSTP), ("TTIN", SIGTTIN),
    ("TTOU", SIGTTOU), ("URG", SIGURG), ("XCPU", SIGXCPU), ("XFSZ", SIGXFSZ),
    ("VTALRM", SIGVTALRM), ("PROF", SIGPROF), ("WINCH", SIGWINCH), ("IO", SIGIO), ("SYS", SIGSYS),
  ]
}
