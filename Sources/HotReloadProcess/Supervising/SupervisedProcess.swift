import CSystemShims
import Synchronization
import SystemPackage
import WorkspaceFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The program that runs, with the terminal if that is ours to give.
///
/// A thread waits for its end. The leader is taken away only after everybody else of its group has gone, so that the
/// group's number cannot become somebody else's before the last signal was sent to it.
final class SupervisedProcess: Sendable {
  enum News: Sendable {
    /// The leader ended.
    case ended(ProgramExit)
    /// Nobody is left of the group.
    case gone
  }

  /// How often it is looked whether somebody is left of a group whose leader ended.
  private static let groupInterval: UInt32 = 10_000

  /// For an end that somebody else in this process took away.
  private static let unknownStatus = ProgramExit.code(255)

  let identifier: pid_t
  private let terminal: Terminal?
  private let isReaped = Mutex(false)

  /// Starts it. `receive` is called on the thread that waits.
  init(
    _ invocation: ProgramInvocation, outputToErrors: Bool, terminal: Terminal?, ignoresHangUp: Bool,
    receive: @escaping @Sendable (News) -> Void
  ) throws(ProgramError) {
    let descriptors = ProgramInvocation.Descriptors(
      output: outputToErrors ? STDERR_FILENO : -1,
      terminal: terminal?.isForeground == true ? STDIN_FILENO : -1,
      // Only what systemd opened for a program is passed on: a socket of ours would stay open as long as the program.
      closesOthers: getenv("LISTEN_FDS") == nil, ignoresHangUp: ignoresHangUp)
    identifier = try invocation.spawn(descriptors)
    self.terminal = descriptors.terminal >= 0 ? terminal : nil
    let result = startDetachedThread(name: "hotreload-child") { self.watch(receive) }
    guard result == 0 else {
      kill(-identifier, SIGKILL)
      ChildNews.reap(identifier)
      self.terminal?.takeBack()
      throw ProgramError(name: invocation.name, errno: result)
    }
  }

  /// Sends a signal to the leader alone, or to the whole group. Does nothing when all have gone.
  func send(_ signal: ProcessSignal, toGroup: Bool) {
    isReaped.withLock { isReaped in
      guard !isReaped else { return }
      kill(toGroup ? -identifier : identifier, signal.rawValue)
      // Who was stopped would hear of it only later.
      if toGroup, signal != .kill { kill(-identifier, SIGCONT) }
    }
  }

  private func watch(_ receive: (News) -> Void) {
    var status: ProgramExit?
    while status == nil {
      switch ChildNews.wait(for: identifier) {
      case .ended(let ending): status = ending
      case .stopped: terminal?.stopTogether(with: identifier)
      case nil: status = Self.unknownStatus
      }
    }
    terminal?.takeBack()
    receive(.ended(status ?? Self.unknownStatus))
    while ProcessGroup.hasOthers(than: identifier) { usleep(Self.groupInterval) }
    isReaped.withLock { isReaped in
      ChildNews.reap(identifier)
      isReaped = true
    }
    receive(.gone)
  }
}

/// The terminal that the program shares with us.
final class Terminal: Sendable {
  private let ours: pid_t

  /// Nil if our standard input is no terminal.
  init?() {
    guard isatty(STDIN_FILENO) == 1 else { return nil }
    ours = getpgrp()
    // To set the foreground group from the background, as after the program's end, would stop us.
    signal(SIGTTOU, SIG_IGN)
  }

  /// Whether the terminal is ours to give: we were not started in the background.
  var isForeground: Bool { tcgetpgrp(STDIN_FILENO) == ours }

  /// Makes us the foreground group again.
  func takeBack() {
    tcsetpgrp(STDIN_FILENO, ours)
  }

  /// The program was stopped, as by Ctrl-Z: stops us and our job too, so that the shell is there again, and goes on
  /// with the program when we do.
  func stopTogether(with program: pid_t) {
    guard tcgetpgrp(STDIN_FILENO) == program else { return }
    takeBack()
    // The rest of a pipeline first. Then this very thread is stopped, and the process with it: a signal to the process
    // could meet another thread, and this one would go on for a moment and take the terminal from the shell.
    let former = signal(SIGTSTP, SIG_IGN)
    kill(0, SIGTSTP)
    signal(SIGTSTP, former)
    pthread_kill(pthread_self(), SIGSTOP)
    if isForeground { tcsetpgrp(STDIN_FILENO, program) }
    kill(-program, SIGCONT)
  }
}
