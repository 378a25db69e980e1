import HotReload
import HotReloadBrowser
import HotReloadProcess
import HotReloadServer
import HotReloadSite
import Logging
import NIOCore
import WorkspaceFiles
import WorkspaceTools

/// One `hotreload serve`: the server, and the program behind it if there is one.
struct SiteRun: Sendable {
  /// How many transactions wait while standard output takes nothing; what is beyond is not printed, which is said.
  static let reloadLimit = 1_024

  private let command: ServeCommand
  private let workspace: Workspace
  private let renderer: ServeRenderer
  private let output = StandardOutput()

  init(_ command: ServeCommand) throws {
    self.command = command
    workspace = try command.options.workspace()
    renderer = ServeRenderer(isJSON: command.json, redaction: command.options.redaction)
  }

  /// Returns the exit code.
  func run() async throws -> Int32 {
    guard let program = try programRun() else {
      let ending = await Ending()
      let site = try await start(.workspaceOrProgram(command.proxy, isRunByUs: false))
      try await serve(site, until: ending)
      return 0
    }
    return try await serve(program)
  }

  private func start(_ pages: SiteOptions.Pages) async throws -> SiteServer {
    var logger = Logger(label: HotReloadConfiguration.loggerLabel)
    // What it would tell about reloads is printed as results.
    logger.logLevel = .critical
    let (settings, silent) = (self.command, logger)
    let (configuration, fleet) = try await BlockingExecutor.shared.run { [workspace] in
      (
        try settings.hotReloadConfiguration(for: workspace, logger: silent),
        FleetSection(of: workspace)
      )
    }
    logger.logLevel = .warning
    return try await SiteServer.start(
      workspace, configuration: configuration,
      options: SiteOptions(
        pages: pages, host: command.host, port: command.port, allowedHosts: command.allowHost,
        instance: command.instance, redaction: command.options.redaction,
        sections: fleet.map { [$0] } ?? [], services: fleet.map { [$0] } ?? [], logger: logger))
  }

  // MARK: The server

  /// Serves until somebody asks to end, or the server fails.
  private func serve(_ site: SiteServer, until ending: Ending) async throws {
    let serving = Task {
      do {
        try await serve(site)
        ending.end()
      } catch {
        ending.end(with: error)
      }
    }
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await ending.wait()) } catch { outcome = .failure(error) }
    await site.stop()
    await serving.value
    try outcome.get()
  }

  private func serve(_ site: SiteServer) async throws {
    let instance = site.manager.journalFolder?.lastComponent?.string ?? command.instance
    if instance != command.instance {
      logLine(
        "hotreload: another process has the instance \(command.instance) of this workspace, so this is "
          + "\(instance): hotreload status --instance \(instance)")
    }
    let reloads = site.manager.reloads(bufferLimit: Self.reloadLimit)
    let printing = Task {
      do {
        try await print(reloads)
      } catch {
        // Nobody reads any more, as with every other command that goes on until it is ended.
        await site.stop()
        throw error
      }
    }
    do {
      try await site.run { address in
        let url = "http://\(Self.host(of: address, asked: command.host)):\(address.port ?? 0)/"
        try? output.write(
          renderer.serving(
            url, workspace.root, instance: instance, time: nanosecondsSince1970()))
        let problems = await site.problems()
        try? output.write(
          renderer.found(
            problems, generation: site.manager.snapshot().generation, time: nanosecondsSince1970()))
      }
    } catch let error as ListeningError where error.errno == .addressInUse {
      throw PortTaken(host: command.host, port: command.port)
    }
    try await printing.value
  }

  private func print(_ reloads: AsyncStream<CompletedReload>) async throws {
    for await reload in reloads {
      if reload.droppedBefore > 0 {
        logLine(
          "hotreload: \(reload.droppedBefore) reloads were not printed: the reader is too slow")
      }
      try output.write(renderer.reload(reload))
    }
  }

  /// As it stands in an address that a browser takes.
  private static func host(of address: SocketAddress, asked: String) -> String {
    if asked == "0.0.0.0" || asked == "::" { return "localhost" }
    return asked.contains(":") ? "[\(asked)]" : asked
  }

  // MARK: The program behind it

  /// The program that is to be run; nil if there is none.
  private func programRun() throws -> RunCommand? {
    guard !command.command.isEmpty else { return nil }
    var arguments: [String] = ["--no-handlers"]
    if let root = command.options.folder.root { arguments += ["--root", root] }
    if let environment = command.options.environment {
      arguments += ["--environment", environment]
    }
    if let build = command.build { arguments += ["--build", build] }
    if command.json { arguments.append("--json") }
    return try RunCommand.parse(arguments + ["--"] + command.command)
  }

  /// Runs the program and the server in front of it; one ends with the other.
  private func serve(_ program: RunCommand) async throws -> Int32 {
    let site = try await start(.workspaceOrProgram(command.proxy, isRunByUs: true))
    let run = try ProgramRun(program) { event in site.follow(event) }
    return try await withThrowingTaskGroup(of: Int32?.self) { group in
      group.addTask { try await run.run() }
      group.addTask {
        try await serve(site)
        return nil
      }
      do {
        while let code = try await group.next() {
          guard let code else { continue }
          await site.stop()
          try await group.waitForAll()
          return code
        }
        return 0
      } catch {
        run.stop()
        await site.stop()
        throw error
      }
    }
  }
}

/// Somebody else listens there.
private struct PortTaken: Error, CustomStringConvertible {
  let host: String
  let port: Int

  var description: String {
    "port \(port) of \(host) is in use; hotreload doctor --port \(port) says by whom, "
      + "and --port 0 takes any that is free"
  }
}

extension SiteOptions.Pages {
  fileprivate static func workspaceOrProgram(_ url: String?, isRunByUs: Bool) throws -> Self {
    guard let url else { return .workspace }
    return .program(try ProxyUpstream(url), isRunByUs: isRunByUs)
  }
}

extension ServeCommand {
  /// The defaults of a site, then `hotreload.toml`, then the flags. Blocks.
  fileprivate func hotReloadConfiguration(
    for workspace: Workspace, logger: Logger
  ) throws -> HotReloadConfiguration {
    var configuration = HotReloadConfiguration.site(logger: logger)
    configuration.loadOptions = workspace.loadOptions
    configuration.instance = instance
    configuration = try configuration.applyingSettings(of: workspace)
    configuration.usesSettingsFile = false
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
