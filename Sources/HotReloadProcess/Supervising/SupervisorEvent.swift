public import SystemPackage
public import WorkspaceTools

/// What a supervisor tells about its work.
public enum SupervisorEvent: Sendable, Hashable {
  /// The program runs, as this process.
  case started(process: Int32, run: Int)
  /// The program could not be started.
  case startFailed(ProgramError)
  /// These files changed, relative to the root; after a flood not all are named.
  case changed([FilePath])
  /// A change was forgotten, because the former one is still worked on.
  case ignored([FilePath])
  /// A file is not good, so nothing is done.
  case rejected(FilePath, [ConfigDiagnostic])
  /// A file that was not good is good again, or gone.
  case recovered(FilePath)
  /// The outside check refused, or could not run; the file that it was about, and the last lines that it printed.
  case checkFailed(FilePath?, reason: String, output: [String])
  /// A build began. The old program goes on.
  case building
  /// A build passed.
  case built
  /// A build failed, or could not run; the last lines that it printed.
  case buildFailed(reason: String, output: [String])
  /// A check or a build was broken off, because of another change.
  case brokenOff
  /// The program is asked to end, to be started again or because the supervisor ends.
  case stopping(ProcessSignal, restarts: Bool)
  /// The program did not end in time, and its group is killed.
  case killing
  /// Even a kill did not end it in time. It is left behind.
  case abandoned
  /// The program got a signal.
  case signaled(ProcessSignal)
  /// A command is run.
  case executing([String])
  /// The command ended.
  case executed(reason: String, isSuccess: Bool)
  /// The program ended by itself.
  case exited(ProgramExit)
  /// The program ended because it was asked to.
  case stopped(ProgramExit)
  /// The program is started again after this pause: it ended soon after its last starts.
  case pausing(Duration)
  /// The program does not run; the next change starts it.
  case waiting
  /// It failed too often in a row, and is not started again.
  case gaveUp(crashes: Int)
}
