import ArgumentParser
import HotReloadProcess

/// What `run` does with its program.
struct ProgramOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What to do when something good changed: restart (the default), signal:NAME such as signal:HUP, or "
        + "exec:COMMAND LINE, which is run without a shell.", valueName: "action"),
    transform: changeAction)
  var onChange: SupervisorSettings.ChangeAction?

  @Option(
    help: ArgumentHelp(
      "What a change does while the one before is still worked on: queue waits, restart breaks "
        + "a check, build or command off and begins again, ignore forgets the change.",
      valueName: "policy"))
  var onBusy = SupervisorSettings.BusyPolicy.queue

  @Option(
    help: ArgumentHelp(
      "What to do when the program ends by itself: end with its code, wait for the next change, or "
        + "restart after an error.", valueName: "policy"))
  var onExit = SupervisorSettings.ExitPolicy.end

  @Option(
    help: ArgumentHelp("What the program is asked to end with.", valueName: "signal")
  )
  var stopSignal = ProcessSignal.terminate

  @Option(
    help: ArgumentHelp(
      "How long the program has to end before its process group is killed (default 10s).",
      valueName: "time"))
  var stopTimeout: DurationArgument?

  @Option(
    help: ArgumentHelp(
      "A check that must pass before anything is done. With {file} it is run for each changed file.",
      valueName: "command line"),
    transform: words)
  var validate: [String]?

  @Option(
    help: ArgumentHelp(
      "A build that must pass before anything is done; until then the old program goes on.",
      valueName: "command line"),
    transform: words)
  var build: [String]?

  @Flag(help: "Do not parse toml, yaml and json files before anything is done.")
  var noParse = false

  var settings: SupervisorSettings {
    var settings = SupervisorSettings()
    if let onChange { settings.onChange = onChange }
    settings.onBusy = onBusy
    settings.onExit = onExit
    settings.stopSignal = stopSignal
    if let stopTimeout { settings.stopTimeout = stopTimeout.duration }
    settings.parsesConfigs = !noParse
    settings.validation = validate
    settings.build = build
    return settings
  }
}

/// An action: `restart`, `signal:HUP`, `exec:make css`.
private func changeAction(_ argument: String) throws -> SupervisorSettings.ChangeAction {
  let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
  switch (parts[0], parts.count) {
  case ("restart", 1): return .restart
  case ("exec", 2): return .execute(try words(String(parts[1])))
  case ("signal", 2):
    guard let signal = ProcessSignal(named: String(parts[1])) else {
      throw ValidationError("there is no signal \(parts[1])")
    }
    return .signal(signal)
  default: throw ValidationError("it is restart, signal:NAME or exec:COMMAND LINE")
  }
}

/// The words of a command line.
private func words(_ argument: String) throws -> [String] {
  let words: [String]
  do { words = try WordList.split(argument) } catch { throw ValidationError(error.description) }
  if words.isEmpty { throw ValidationError("a program is needed") }
  return words
}

extension SupervisorSettings.BusyPolicy: ExpressibleByArgument {}
extension SupervisorSettings.ExitPolicy: ExpressibleByArgument {}

extension ProcessSignal: ExpressibleByArgument {
  /// A name or a number.
  public init?(argument: String) { self.init(named: argument) }

  /// As it is shown in the help.
  public var defaultValueDescription: String { description }
}
