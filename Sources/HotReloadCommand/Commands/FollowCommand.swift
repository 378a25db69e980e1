import ArgumentParser
import HotReload
import HotReloadProcess
import Logging
import WorkspaceFiles
import WorkspaceTools

/// Prints a config each time it changes.
struct FollowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "follow",
    abstract: "Prints each value of a config as it comes into force, and each refusal.",
    discussion: """
      Prints the value that is in force, then each new one, until it is ended. A change on disk that cannot be used \
      is refused: it is printed with its position, and the last good value stays in force.

      EXAMPLES
        hotreload follow app
        hotreload follow app --json | jq -c '.value.server'
        hotreload follow app --environment production --poll 2s
        hotreload follow app --control    then, elsewhere: hotreload status

      TEXT
        Values, and what changed in them, on standard output. Refusals on standard error:
        config/app.toml:12:8 server.port: expected ...

      JSON LINES
        {"event":"config","time":N,"config":"app","generation":N,
         "value":{...}}
        {"event":"rejected","time":N,"config":"app","errors":[
         {"file":"config/app.toml","line":3,"column":8,
          "keyPath":"server.port","message":"..."}]}
        {"event":"recovered","time":N,"config":"app","generation":N}

      TSV LINES
        config<TAB>config<TAB>generation<TAB>value as JSON
        config<TAB>rejected<TAB>file<TAB>line<TAB>column<TAB>key path<TAB>message
        config<TAB>recovered<TAB>generation
      """)

  /// How many events wait while standard output takes nothing; beyond that the oldest are dropped, which is said.
  static let eventLimit = 16_384

  @OptionGroup var options: WorkspaceOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var watching: WatchingOptions

  @OptionGroup var reachability: ReachabilityOptions

  @Flag(help: "Run the commands that hotreload.toml declares as [[handler]], too.")
  var runHandlers = false

  @Argument(help: ArgumentHelp("The config, such as app or sub/app.", valueName: "config"))
  var name: String

  func run() async throws {
    let ending = await Ending()
    do {
      let workspace = try options.workspace()
      let follower = Follower(
        name: name, renderer: ConfigRenderer(format: output.chosen, redaction: options.redaction),
        reachability: reachability, runsHandlers: runHandlers)
      let settings = self
      let configuration = try await BlockingExecutor.shared.run {
        try settings.hotReloadConfiguration(for: workspace)
      }
      let following = Task {
        do {
          try await follower.follow(workspace, configuration)
          ending.end()
        } catch {
          ending.end(with: error)
        }
      }
      let outcome: Result<Void, any Error>
      do { outcome = .success(try await ending.wait()) } catch { outcome = .failure(error) }
      following.cancel()
      await following.value
      try outcome.get()
    } catch {
      throw workspaceFailure(error)
    }
  }

  /// The defaults, then `hotreload.toml`, then the flags. Blocks.
  private func hotReloadConfiguration(for workspace: Workspace) throws -> HotReloadConfiguration {
    var logger = Logger(label: HotReloadConfiguration.loggerLabel)
    // What it would tell about this config is printed as results.
    logger.logLevel = .critical
    var configuration = try HotReloadConfiguration(
      loadOptions: workspace.loadOptions, logger: logger
    ).applyingSettings(of: workspace)
    configuration.usesSettingsFile = false
    // Who only looks on leaves nothing behind.
    configuration.keepsJournal = false
    if options.environmentVariables { configuration.loadOptions?.environmentVariables = true }
    if options.interpolate { configuration.loadOptions?.interpolation = true }
    if let debounce = watching.debounce { configuration.debounce = debounce.duration }
    if let quietPeriod = watching.quietPeriod { configuration.quietPeriod = quietPeriod.duration }
    configuration.maxWait = max(
      configuration.maxWait, configuration.debounce, configuration.quietPeriod)
    if let pollInterval = watching.pollInterval {
      configuration.backend = .polling
      configuration.pollInterval = pollInterval.duration
    }
    return configuration
  }
}

/// Follows one config and prints what becomes of it.
private struct Follower: Sendable {
  let name: String
  let renderer: ConfigRenderer
  let reachability: ReachabilityOptions
  /// Whether the commands of `hotreload.toml` are run; who only looks on must not do what the service itself does.
  let runsHandlers: Bool
  let output = StandardOutput()

  /// Nothing of a config's content: a stream of it makes the manager watch every file that the config may come from.
  private struct Anything: Decodable, Sendable {
    init(from decoder: any Decoder) {}
  }

  /// Goes on until its task is cancelled.
  func follow(_ workspace: Workspace, _ configuration: HotReloadConfiguration) async throws {
    let manager = try await workspace.startHotReload(configuration: configuration)
    do {
      if runsHandlers { try await registerHandlers(of: manager) }
      let events = try manager.events(matching: "**", bufferLimit: FollowCommand.eventLimit)
      try await reachability.whileReachable(manager) { try await follow(manager, events) }
    } catch {
      try await manager.shutdown()
      throw error
    }
    try await manager.shutdown()
  }

  private func registerHandlers(of manager: HotReloadManager) async throws {
    let workspace = manager.workspace
    let settings = try await BlockingExecutor.shared.run {
      try CommandHandlerSettings.load(from: workspace)
    }
    try manager.registerCommandHandlers(settings, redaction: renderer.redaction) { failure in
      for line in failure.description.split(separator: "\n") {
        logLine("hotreload: handler: \(printable(String(line)))")
      }
    }
  }

  private func follow(_ manager: HotReloadManager, _ events: ChangeEvents) async throws {
    var stream = try await start(manager)
    var printed: (generation: UInt64, value: ConfigTree)?
    var dropped = 0
    try printValue(of: manager.snapshot(), &printed)
    for await event in events {
      switch event {
      case .configChanged(name, _, _):
        if stream == nil { stream = try? await manager.watchConfigChanges(name) }
        // From the snapshot, so that value and generation belong together.
        try printValue(of: manager.snapshot(), &printed)
      case .validationFailed(name, let errors): try printRefusal(errors)
      case .recovered(name):
        let generation = manager.snapshot().generation(of: name) ?? manager.snapshot().generation
        try output.write(
          renderer.recovered(name, generation: generation, time: nanosecondsSince1970()))
      case .watchDegraded(let path, let reason):
        logLine("hotreload: \(printable(path)) is polled from now on: \(reason)")
      default: break
      }
      if events.dropped > dropped {
        let count = events.dropped - dropped
        logLine("hotreload: \(count) events were dropped: the reader is too slow")
        dropped = events.dropped
      }
    }
    withExtendedLifetime(stream) {}
  }

  /// Makes the stream. If there is no good value to begin with, prints why and goes on; if there is no such config, throws.
  private func start(_ manager: HotReloadManager) async throws -> ConfigStream<Anything>? {
    do {
      return try await manager.watchConfigChanges(name)
    } catch let error as HotReloadError where error.code == .configRejected {
      guard let errors = await manager.status().rejected[name], !errors.isEmpty else { throw error }
      try printRefusal(errors)
      return nil
    }
  }

  private func printValue(
    of snapshot: Snapshot, _ printed: inout (generation: UInt64, value: ConfigTree)?
  ) throws {
    guard let value = snapshot.config(name), let generation = snapshot.generation(of: name),
      generation > printed?.generation ?? 0
    else { return }
    try output.write(
      renderer.applied(
        name, generation: generation, value, old: printed?.value, time: nanosecondsSince1970()))
    printed = (generation, value)
  }

  private func printRefusal(_ errors: [ConfigDiagnostic]) throws {
    let lines = renderer.rejected(name, errors, time: nanosecondsSince1970())
    let target = renderer.format == .text ? StandardOutput(descriptor: 2) : output
    try target.write(lines)
  }
}
