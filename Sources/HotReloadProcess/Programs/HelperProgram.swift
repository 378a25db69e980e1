import CSystemShims
import Synchronization
import WorkspaceFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a helper ended, and the last of what it printed.
struct HelperOutcome: Sendable {
  enum Ending: Sendable, Hashable {
    case ended(ProgramExit)
    /// It took longer than it may, and was killed.
    case timedOut
    /// The task was cancelled, and it was killed.
    case cancelled
    /// It is gone, and how it ended is not known, because the system did not keep that for us.
    case lost
  }

  var ending: Ending
  var tail: OutputTail

  var isSuccess: Bool { ending == .ended(.code(0)) }
}

/// A program that does one thing for us in bounded time: a handler's command, a check, a build.
///
/// When it ends, whoever is left of its process group is killed: it leaves nobody behind.
struct HelperProgram: Sendable {
  /// What becomes of its output.
  enum Output: Sendable {
    /// Both are kept, the last of it.
    case captured
    /// The standard output goes nowhere, standard error is kept.
    case errorsCaptured
    /// Both go to our standard error.
    case passedOn
  }

  /// How long a program that was asked to end has before it is killed.
  static let terminationGrace = Duration.seconds(2)

  var invocation: ProgramInvocation
  /// What it reads from its standard input.
  var input: [UInt8] = []
  var output = Output.captured
  var timeout: Duration

  /// Runs it to its end on a thread of its own. A cancelled task ends it.
  ///
  /// - Throws: ``ProgramError`` if it cannot be started.
  func run() async throws -> HelperOutcome {
    let around = ProgramStarts.around
    let run = try HelperRun(self)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let result = startDetachedThread(name: "hotreload-helper") {
          continuation.resume(
            with: Result { try ProgramStarts.$around.withValue(around) { try run.perform() } })
        }
        if result != 0 {
          continuation.resume(throwing: ProgramError(name: invocation.name, errno: result))
        }
      }
    } onCancel: {
      run.cancel()
    }
  }
}

/// One run of a helper. ``perform()`` is called once, on a thread that may wait.
private final class HelperRun: Sendable {
  private let program: HelperProgram
  private let wake: Pipe
  private let output: Pipe
  private let isCancelled = Mutex(false)

  init(_ program: HelperProgram) throws(ProgramError) {
    self.program = program
    guard let wake = Pipe(), let output = Pipe() else {
      throw ProgramError(name: program.invocation.name, errno: errno)
    }
    self.wake = wake
    self.output = output
  }

  func cancel() {
    isCancelled.withLock { $0 = true }
    wake.closeWriting()
  }

  func perform() throws(ProgramError) -> HelperOutcome {
    let process = try start()
    let descriptor = shim_process_descriptor(process)
    defer { if descriptor >= 0 { close(descriptor) } }
    var tail = OutputTail()
    let ending = wait(for: process, descriptor, &tail)
    _ = output.read(into: &tail)
    if ending != .lost {
      // The leader was not taken away yet, so the number is still this group's.
      kill(-process, SIGKILL)
      ChildNews.reap(process)
    }
    return HelperOutcome(ending: ending, tail: tail)
  }

  private func start() throws(ProgramError) -> pid_t {
    let input = try inputFile()
    defer { close(input) }
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer {
      close(nowhere)
      output.closeWriting()
    }
    var descriptors = ProgramInvocation.Descriptors(input: input, closesOthers: true)
    switch program.output {
    case .captured: (descriptors.output, descriptors.error) = (output.writing, output.writing)
    case .errorsCaptured: (descriptors.output, descriptors.error) = (nowhere, output.writing)
    case .passedOn: descriptors.output = STDERR_FILENO
    }
    return try program.invocation.spawn(descriptors)
  }

  /// A file instead of a pipe: nobody has to wait for a program that does not read.
  private func inputFile() throws(ProgramError) -> CInt {
    let file =
      program.input.isEmpty ? open("/dev/null", O_RDONLY | O_CLOEXEC) : shim_nameless_file()
    var written = 0
    while file >= 0, written < program.input.count {
      let count = program.input[written...].withUnsafeBytes {
        write(file, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      written += count
    }
    guard file >= 0, written == program.input.count else {
      let number = errno
      if file >= 0 { close(file) }
      throw ProgramError(name: program.invocation.name, errno: number)
    }
    if written > 0 { lseek(file, 0, SEEK_SET) }
    return file
  }

  /// Reads what it prints until it has ended, and ends it if it takes too long.
  private func wait(
    for process: pid_t, _ descriptor: CInt, _ tail: inout OutputTail
  ) -> HelperOutcome.Ending {
    var deadline = ContinuousClock.now + program.timeout
    var early: HelperOutcome.Ending?
    var isOutputOpen = true
    while true {
      if isOutputOpen { isOutputOpen = output.read(into: &tail) }
      switch ChildNews.state(of: process) {
      case .ended(let status): return early ?? .ended(status)
      case .lost: return .lost
      case .running: break
      }
      if early == nil, isCancelled.withLock({ $0 }) {
        early = .cancelled
      } else if ContinuousClock.now >= deadline {
        if early != nil { kill(-process, SIGKILL) }
        early = early ?? .timedOut
      } else {
        poll(isOutputOpen, descriptor, isCancelled: early != nil, until: deadline)
        continue
      }
      kill(-process, SIGTERM)
      deadline = ContinuousClock.now + HelperProgram.terminationGrace
    }
  }

  private func poll(
    _ isOutputOpen: Bool, _ descriptor: CInt, isCancelled: Bool,
    until deadline: ContinuousClock.Instant
  ) {
    var wanted = [
      pollfd(fd: isOutputOpen ? output.reading : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: isCancelled ? -1 : wake.reading, events: Int16(POLLIN), revents: 0),
    ]
    let left = min((deadline - ContinuousClock.now) / .milliseconds(1), 3_600_000)
    // Where the kernel does not tell the end of a process, it is looked for.
    let limit = descriptor < 0 ? min(left, 10) : left
    #if canImport(Glibc)
      _ = Glibc.poll(&wanted, nfds_t(wanted.count), CInt(limit.rounded(.up)))
    #elseif canImport(Musl)
      _ = Musl.poll(&wanted, nfds_t(wanted.count), CInt(limit.rounded(.up)))
    #else
      _ = Darwin.poll(&wanted, nfds_t(wanted.count), CInt(limit.rounded(.up)))
    #endif
  }
}

/// A pipe whose ends are closed when nobody needs them any more.
private final class Pipe: Sendable {
  let reading: CInt
  let writing: CInt
  private let isWritable = Mutex(true)

  init?() {
    var ends: [CInt] = [-1, -1]
    guard shim_pipe(&ends) == 0 else { return nil }
    (reading, writing) = (ends[0], ends[1])
  }

  deinit {
    closeWriting()
    close(reading)
  }

  func closeWriting() {
    isWritable.withLock { isWritable in
      if isWritable { close(writing) }
      isWritable = false
    }
  }

  /// Reads all there is; false at the end.
  func read(into tail: inout OutputTail) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = chunk.withUnsafeMutableBytes { readBytes(reading, $0.baseAddress, $0.count) }
      if count > 0 {
        tail.append(chunk[..<count])
      } else if count == 0 {
        return false
      } else if errno != EINTR {
        return errno == EAGAIN
      }
    }
  }
}

/// `read(2)`, which a method hides.
private func readBytes(_ descriptor: CInt, _ start: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, start, count)
}
