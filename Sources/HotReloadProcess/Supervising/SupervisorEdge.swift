import SystemPackage
import WorkspaceTools

/// Performs what the machine decides.
actor SupervisorEdge {
  private var machine: SupervisorMachine
  private let supervisor: ProgramSupervisor
  private let terminal: Terminal?
  private let clock = ContinuousClock()
  private let start = ContinuousClock.now
  private var process: SupervisedProcess?
  private var work: (id: SupervisorMachine.Work, task: Task<Void, Never>)?
  private var timer: (deadline: Duration, task: Task<Void, Never>)?
  private(set) var code: CInt?

  init(machine: SupervisorMachine, supervisor: ProgramSupervisor, terminal: Terminal?) {
    self.machine = machine
    self.supervisor = supervisor
    self.terminal = terminal
  }

  /// Waits for all that it started.
  func finish() async {
    timer?.task.cancel()
    await timer?.task.value
    work?.task.cancel()
    await work?.task.value
  }

  func handle(_ event: SupervisorMachine.Event) async {
    var event = event
    if case .changed = event { event = .changed(supervisor.takeWaiting()) }
    var open = [event]
    while let next = open.popLast() {
      for action in machine.handle(next, at: clock.now - start) {
        if let answer = await perform(action) { open.append(answer) }
      }
    }
    armTimer()
  }

  /// Performs an action; returns the answer if it is known at once.
  private func perform(_ action: SupervisorMachine.Action) async -> SupervisorMachine.Event? {
    switch action {
    case .start(let run): return startProgram(run)
    case .signal(let signal, let toGroup): process?.send(signal, toGroup: toGroup)
    case .tell(let event):
      supervisor.report(event)
      supervisor.notifier?.tell(event)
    case .check(let id, let files, let isBeginning):
      let checker = supervisor.checker
      begin(id) { .checked(id, await checker.check(files, isBeginning: isBeginning)) }
    case .build(let id):
      let invocation = supervisor.helper(supervisor.settings.build ?? [])
      begin(id) {
        .built(id, await invocation.result(.captured, within: SupervisorSettings.buildTimeout))
      }
    case .execute(let id, let command, let files):
      var invocation = supervisor.helper(command)
      invocation.environment["HOTRELOAD_PATHS"] = PathList.text(files.map(\.string))
      begin(id) { [invocation] in
        .executed(
          id, await invocation.result(.passedOn, within: SupervisorSettings.executeTimeout))
      }
    case .breakOff(let id):
      guard let work, work.id == id else { break }
      work.task.cancel()
      // Two builds at once would be in each other's way.
      await work.task.value
      self.work = nil
    case .end(let code): self.code = code
    }
    return nil
  }

  private func startProgram(_ run: SupervisorMachine.Run) -> SupervisorMachine.Event {
    let feed = supervisor.feed
    do throws(ProgramError) {
      let process = try SupervisedProcess(
        supervisor.invocation, outputToErrors: supervisor.outputToErrors, terminal: terminal,
        ignoresHangUp: supervisor.ignoresHangUp
      ) { (news: SupervisedProcess.News) in
        switch news {
        case .ended(let status): feed.yield(.ended(run, status))
        case .gone: feed.yield(.gone(run))
        }
      }
      self.process = process
      return .started(run, process: process.identifier)
    } catch {
      return .startFailed(run, error)
    }
  }

  private func begin(
    _ id: SupervisorMachine.Work,
    _ body: @escaping @Sendable () async -> SupervisorMachine.Event
  ) {
    let feed = supervisor.feed
    work = (id, Task { feed.yield(await body()) })
  }

  private func armTimer() {
    guard let deadline = machine.nextDeadline else {
      timer?.task.cancel()
      timer = nil
      return
    }
    if let timer, timer.deadline == deadline { return }
    timer?.task.cancel()
    let feed = supervisor.feed
    let instant = start + deadline
    timer = (
      deadline,
      Task {
        // A cancelled sleep means that the deadline is of no interest any more.
        guard (try? await Task.sleep(until: instant, clock: .continuous)) != nil else { return }
        feed.yield(.timePassed)
      }
    )
  }
}

extension ProgramSupervisor {
  fileprivate var checker: ChangeChecker {
    ChangeChecker(
      workspace: workspace, parsesConfigs: settings.parsesConfigs, command: settings.validation,
      invocation: helper([]))
  }

  /// A helper runs where the program runs, with its variables.
  fileprivate func helper(_ arguments: [String]) -> ProgramInvocation {
    ProgramInvocation(
      arguments, environment: invocation.environment, directory: invocation.directory)
  }
}

extension ProgramInvocation {
  fileprivate func result(
    _ output: HelperProgram.Output, within timeout: Duration
  ) async -> SupervisorMachine.HelperResult {
    do {
      let outcome = try await HelperProgram(
        invocation: self, output: output, timeout: timeout
      ).run()
      return SupervisorMachine.HelperResult(
        isSuccess: outcome.isSuccess, reason: outcome.reason(timeout: timeout),
        output: outcome.tail.lines(HelperOutcome.shownLines))
    } catch {
      return SupervisorMachine.HelperResult(isSuccess: false, reason: "\(error)")
    }
  }
}

extension HelperOutcome {
  /// How many of the last lines are shown.
  static let shownLines = 200

  /// How it ended, for a person.
  func reason(timeout: Duration) -> String {
    switch ending {
    case .ended(let status): status.description
    case .timedOut: "it took longer than \(timeout / .seconds(1)) s and was killed"
    case .cancelled: "it was broken off"
    case .lost: "how it ended is not known; SIGCHLD must not be ignored"
    }
  }
}
