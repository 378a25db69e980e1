import Synchronization
public import SystemPackage
public import WorkspaceTools

/// Runs a program, and restarts it, signals it or runs a command beside it when something good changed.
///
/// Who watches files calls ``changed(_:)``; ``run(checking:)`` does the rest until the program has ended for good. The program
/// has our standard input, output and error, and the terminal's foreground if we had it.
public final class ProgramSupervisor: Sendable {
  /// The program.
  public let invocation: ProgramInvocation
  /// What is done with it.
  public let settings: SupervisorSettings

  let workspace: Workspace
  let outputToErrors: Bool
  let notifier: SystemdNotifier?
  /// We were started with `nohup`, and so is the program.
  let ignoresHangUp = ProcessSignal.hangUp.isIgnored
  let report: @Sendable (SupervisorEvent) -> Void
  private let events: AsyncStream<SupervisorMachine.Event>
  /// Its buffer has no bound of its own: one set of changed files, a stop, and the answers of at most one program, one helper and one
  /// timer are all that can be under way.
  let feed: AsyncStream<SupervisorMachine.Event>.Continuation
  private let waiting = Mutex<[FilePath]?>(nil)

  /// Creates a supervisor. Nothing is started yet.
  ///
  /// - Parameters:
  ///   - invocation: the program.
  ///   - settings: what is done with it.
  ///   - workspace: whose root changed paths are relative to, and whose environment's layers of configs are checked.
  ///   - outputToErrors: whether the program's standard output goes to our standard error.
  ///   - notifier: tells systemd; the program itself gets no `NOTIFY_SOCKET`.
  ///   - report: called with each event, in order, on a thread that it must not hold up for long.
  public init(
    _ invocation: ProgramInvocation, settings: SupervisorSettings = SupervisorSettings(),
    workspace: Workspace, outputToErrors: Bool = false,
    notifier: SystemdNotifier? = SystemdNotifier(),
    report: @escaping @Sendable (SupervisorEvent) -> Void
  ) {
    var invocation = invocation
    invocation.environment.updateValue(nil, forKey: SystemdNotifier.variable)
    self.invocation = invocation
    self.settings = settings
    self.workspace = workspace
    self.outputToErrors = outputToErrors
    self.notifier = notifier
    self.report = report
    // Bounded by what feeds it: one change, one timer, one piece of work and the news of one program wait at most, beside
    // calls of `stop`. None may be lost.
    (events, feed) = AsyncStream.makeStream()
  }

  /// Says that these files changed, relative to the root. Does not wait. What comes faster than it is taken in becomes one change.
  public func changed(_ files: [FilePath]) {
    let isFirst = waiting.withLock { waiting in
      guard let before = waiting else {
        waiting = Array(files.prefix(SupervisorSettings.maximumFiles))
        return true
      }
      let room = SupervisorSettings.maximumFiles - before.count
      waiting = before + files.prefix(max(0, room)).filter { !before.contains($0) }
      return false
    }
    // The files are taken from the list when the event's turn comes.
    if isFirst { feed.yield(.changed([])) }
  }

  /// Stops the program and ends ``run(checking:)``. Called again, it kills the program.
  public func stop() {
    feed.yield(.stop)
  }

  /// Starts the program and looks after it until it has ended for good.
  ///
  /// It is called once. At a terminal SIGTTOU is ignored from then on; SIGCHLD must not be. A cancelled task stops the program as ``stop()`` does.
  ///
  /// - Parameter files: configs that must be good before the first start, relative to the root.
  /// - Returns: the exit code to end with: the program's own, 128 and the number of the signal that ended it, 0 if it ended by the
  ///   signal that it was stopped with, 126 or 127 if it could not be started.
  public func run(checking files: [FilePath] = []) async -> Int32 {
    let terminal = Terminal()
    let edge = SupervisorEdge(
      machine: SupervisorMachine(settings: settings, hasTerminal: terminal != nil),
      supervisor: self, terminal: terminal)
    feed.yield(.begin(files))
    return await withTaskCancellationHandler {
      var code: CInt?
      for await event in events {
        await edge.handle(event)
        code = await edge.code
        if code != nil { break }
      }
      await edge.finish()
      return code ?? 0
    } onCancel: {
      stop()
    }
  }

  func takeWaiting() -> [FilePath] {
    waiting.withLock { waiting in
      defer { waiting = nil }
      return waiting ?? []
    }
  }
}
