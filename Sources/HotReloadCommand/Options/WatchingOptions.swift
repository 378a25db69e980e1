import ArgumentParser
import FileWatching

/// The options of the commands that watch.
struct WatchingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How long a writer that has a file open is waited for after its last write (default 500ms).",
      valueName: "time"))
  var debounce: DurationArgument?

  @Option(
    help: ArgumentHelp(
      "How long nothing must have happened before changes go out (default 20ms; 0: at once).",
      valueName: "time"))
  var quietPeriod: DurationArgument?

  @Option(
    name: .customLong("poll"), defaultAsFlag: DurationArgument.second,
    help: ArgumentHelp(
      "Compare with the file system at this interval instead of asking the kernel.",
      valueName: "time"))
  var pollInterval: DurationArgument?

  func validate() throws {
    if let pollInterval, pollInterval.duration < Self.minimumPollInterval {
      throw ValidationError("--poll \(pollInterval) is too short: at least 10ms.")
    }
  }

  /// Below this, polling would keep a core busy.
  static let minimumPollInterval = Duration.milliseconds(10)

  /// How to watch.
  var watcherOptions: FileWatcher.Options {
    guard let pollInterval else { return FileWatcher.Options() }
    return FileWatcher.Options(backend: .polling, pollInterval: pollInterval.duration)
  }
}
