#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What is known about a process group from outside.
enum ProcessGroup {
  /// Whether somebody besides the leader lives in the group.
  ///
  /// The leader must not have been waited for, so that its number cannot belong to another group. Reads all of `/proc`, which
  /// takes some milliseconds on a busy machine. False where there is no `/proc`.
  static func hasOthers(than leader: pid_t) -> Bool {
    guard let folder = opendir("/proc") else { return false }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
      let number = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 1) { pid_t(String(cString: $0)) }
      }
      if let number, number != leader, isAlive(number, in: leader) { return true }
    }
    return false
  }

  /// Reads `/proc/N/stat`: number, (name), state, parent, group. A name may hold anything, also `)`.
  private static func isAlive(_ process: pid_t, in group: pid_t) -> Bool {
    let descriptor = open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = read(descriptor, &bytes, bytes.count)
    guard count > 0, let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")) else {
      return false
    }
    let fields = bytes[(end + 1)..<count].split(separator: UInt8(ascii: " "))
    guard fields.count > 3, let state = fields[0].first else { return false }
    // A zombie does nothing any more; in a container without an init it stays for ever.
    return !"ZX".utf8.contains(state) && pid_t(String(decoding: fields[2], as: UTF8.self)) == group
  }
}

/// What `waitid` tells about a child, without taking it away.
enum ChildNews {
  case ended(ProgramExit)
  case stopped

  /// Waits for the child's end, or for a stop by a signal. Nil if it is not our child.
  static func wait(for process: pid_t) -> ChildNews? {
    while true {
      var information = siginfo_t()
      if waitid(P_PID, id_t(process), &information, WEXITED | WSTOPPED | WNOWAIT) == 0 {
        if information.si_code == CInt(CLD_STOPPED) {
          // Told once: from now on only its end, or another stop, is news.
          _ = waitid(P_PID, id_t(process), &information, WSTOPPED | WNOHANG)
          return .stopped
        }
        return .ended(status(of: information))
      }
      guard errno == EINTR else { return nil }
    }
  }

  enum State {
    case running
    case ended(ProgramExit)
    /// It is not our child any more: somebody else in this process took it away, or SIGCHLD is ignored.
    case lost
  }

  /// Whether and how the child ended. Does not wait.
  static func state(of process: pid_t) -> State {
    var information = siginfo_t()
    guard waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT | WNOHANG) == 0 else {
      return errno == ECHILD ? .lost : .running
    }
    return information.si_signo == SIGCHLD ? .ended(status(of: information)) : .running
  }

  /// Takes the ended child away, so that its number can be used again.
  static func reap(_ process: pid_t) {
    var status: CInt = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
  }

  private static func status(of information: siginfo_t) -> ProgramExit {
    #if os(Linux)
      let status = information._sifields._sigchld.si_status
    #else
      let status = information.si_status
    #endif
    return information.si_code == CInt(CLD_EXITED) ? .code(status) : .signal(status)
  }
}
