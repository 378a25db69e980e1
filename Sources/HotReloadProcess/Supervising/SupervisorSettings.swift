/// What a supervisor does with a program.
public struct SupervisorSettings: Sendable {
  /// What is done when something good changed.
  public enum ChangeAction: Sendable, Hashable {
    /// The program is stopped, and started again.
    case restart
    /// The program itself, not its whole group, gets this signal.
    case signal(ProcessSignal)
    /// This is run beside the program.
    case execute([String])
  }

  /// What a change does while a check, a build or the action for the change before it still runs.
  public enum BusyPolicy: String, Sendable, Hashable, CaseIterable {
    /// It waits, together with all others that come, for the end.
    case queue
    /// What runs is broken off, and begun again with both. A stop of the program is never broken off.
    case restart
    /// It is forgotten.
    case ignore
  }

  /// What is done when the program ends by itself.
  public enum ExitPolicy: String, Sendable, Hashable, CaseIterable {
    /// The supervisor ends too, with the program's exit code.
    case end
    /// The next change starts it again.
    case wait
    /// It is started again after a pause if it ended with an error, up to ``SupervisorSettings/maximumCrashes`` times in a row.
    case restart
  }

  /// What is done when something good changed. Default: a restart.
  public var onChange = ChangeAction.restart
  /// What a change does while the former one is still worked on. Default: it waits.
  public var onBusy = BusyPolicy.queue
  /// What is done when the program ends by itself. Default: the end, with its code.
  public var onExit = ExitPolicy.end
  /// What the program is asked to end with; its whole group gets it. Default: TERM.
  public var stopSignal = ProcessSignal.terminate
  /// How long the program has to end before its group is killed. Default 10 s.
  public var stopTimeout = Duration.seconds(10)
  /// Whether toml, yaml and json files are parsed before anything is done. Default: yes.
  public var parsesConfigs = true
  /// An outside check; `{file}` in an argument stands for a changed file's absolute path. Nil: none.
  public var validation: [String]?
  /// A build that must pass. Nil: none.
  public var build: [String]?

  /// The defaults.
  public init() {}

  /// How long a check of one file may take.
  public static let checkTimeout = Duration.seconds(60)
  /// How long a build may take.
  public static let buildTimeout = Duration.seconds(3600)
  /// How long a command of ``ChangeAction/execute(_:)`` may take.
  public static let executeTimeout = Duration.seconds(600)
  /// After a kill, how long the kernel has to make an end. Then the supervisor goes on without.
  public static let killTimeout = Duration.seconds(5)
  /// A program that ran at least this long did not crash at its start.
  public static let healthyRun = Duration.seconds(10)
  /// A program that ran shorter than this may itself have changed what made it start again.
  public static let quickRun = Duration.seconds(1)
  /// So many starts after runs shorter than ``quickRun`` are made without a pause.
  public static let freeStarts = 5
  /// The pause before the next start, doubled with each, up to ``longestPause``.
  public static let firstPause = Duration.milliseconds(250)
  /// The longest pause before a start.
  public static let longestPause = Duration.seconds(30)
  /// After so many errors in a row, each before ``healthyRun`` was over, ``ExitPolicy/restart`` gives up.
  public static let maximumCrashes = 10
  /// How many changed files are remembered until an action was done. Beyond that the rest is not checked one by one.
  public static let maximumFiles = 4_096
}
