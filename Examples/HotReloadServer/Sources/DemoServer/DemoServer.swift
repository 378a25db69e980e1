import ArgumentParser
import HotReload
import HotReloadFleet
import HotReloadProcess
import HotReloadServer
import Hummingbird
import Logging
import ServiceLifecycle
import SystemPackage
import WorkspaceTools

/// An HTTP server whose config can be edited while it runs.
@main
struct DemoServer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hot-reload-server",
    abstract: "An HTTP server whose config can be edited while it runs.")

  @Option(help: "The workspace's folder.")
  var root: String

  @Option(help: "The environment, which names the overlay: config/server.ENVIRONMENT.toml.")
  var environment = WorkspaceEnvironment.defaultName

  @Option(help: "Take part in the workspace's fleet, as this instance.")
  var instance: String?

  @Flag(help: "Take edits of the workspace's files for proposals to the fleet.")
  var source = false

  @Flag(help: "Say what to edit and what to call.")
  var guide = false

  func run() async throws {
    let workspace = try Workspace(
      root: FilePath(root), environment: WorkspaceEnvironment(name: environment))
    // In a fleet it is the fleet that decides what is in force; all else is the same.
    let member = try await joinFleet(of: workspace)
    let manager =
      if let member { member.manager } else {
        try await workspace.startHotReload(configuration: Self.reloading)
      }
    try manager.registerReloadHandler(matching: "server") { Self.tell($0) }
    let config = try await manager.watchConfigChanges("server", as: ServerConfig.self)

    let logger = Logger(label: "server") { LiveLogHandler(label: $0, config: config) }
    // What answers, made of each version of the config; a version of which it cannot be made is refused.
    let inFlight = InFlight()
    let routes = try await manager.register(
      ResponderParticipant(config: "server", as: ServerConfig.self) { config in
        DemoServer.routes(config, manager, inFlight).buildResponder()
      }, for: [.config("server")], name: "routes")
    // What listens. Another address is bound, and answers, before the clients of the old one are asked to leave.
    let server = ReconfigurableService(
      config: "server", as: ServerConfig.self, logger: logger,
      listeningOn: { .hostname($0.host, port: $0.port) }
    ) { _, address, connections in
      Application(
        responder: ReloadableResponder { routes.current },
        server: .http1(draining: connections),
        configuration: ApplicationConfiguration(
          address: address, serverName: "hot-reload-server",
          availableConnectionsDelegate: LiveConnectionLimit(config: config)),
        logger: logger)
    }
    let listening = try await manager.register(server, for: [.config("server")], name: "server")
    let address = Self.address(listening.current)
    Self.say("listening on \(address)")
    if guide { Self.say(Self.guideText(root: root, address: address)) }

    // The server ends first, and answers what it was asked; then the manager. The control lets `hotreload status` and
    // the like ask it.
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(service: member ?? manager), .init(service: HotReloadControl(manager)),
          .init(service: AddressTeller(listening: listening)), .init(service: server),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    try await group.run()
  }

  private static var reloading: HotReloadConfiguration {
    HotReloadConfiguration(logger: quietLogger)
  }

  private func joinFleet(of workspace: Workspace) async throws -> FleetMember? {
    guard let instance else { return nil }
    // On one host a process that died is missed sooner than across a network.
    var times = RolloutTimes()
    times.lease = .seconds(3)
    times.grace = .seconds(3)
    return try await workspace.joinFleet(
      FleetOptions(instance: instance, isSource: source, times: times),
      configuration: Self.reloading)
  }

  typealias Listening = ReconfigurableService<
    ServerConfig, ListeningApplication<Application<ReloadableResponder<Routes>>>
  >.Product

  static func address(_ listening: Listening) -> String {
    let address = listening.service.localAddress
    let host =
      listening.config.host.contains(":") ? "[\(listening.config.host)]" : listening.config.host
    return "http://\(host):\(address?.port ?? listening.config.port)"
  }

  /// What the manager would log about configs is told by ``tell(_:)``.
  private static var quietLogger: Logger {
    var logger = Logger(label: HotReloadConfiguration.loggerLabel)
    logger.logLevel = .critical
    return logger
  }

  private static func tell(_ event: ChangeEvent) {
    switch event {
    case .validationFailed(_, let errors):
      for error in errors { say("refused, the last good config stays: \(error)") }
    case .recovered: say("recovered: config/server.toml is good again")
    case .configChanged(_, let old, let new):
      let changes = old.map { new.difference(from: $0) } ?? []
      for change in changes.map({ $0.redacted() }) {
        let (old, new) = (change.old?.jsonText() ?? "nothing", change.new?.jsonText() ?? "nothing")
        say("applied \(change.keyPath): \(old) -> \(new)")
      }
    default: break
    }
  }

  static func say(_ line: String) {
    _ = try? FileDescriptor.standardOutput.writeAll(Array((line + "\n").utf8))
  }

  private static func guideText(root: String, address: String) -> String {
    """

    Call it:  curl \(address)/
    Edit:     \(root)/config/server.toml
              change the greeting, save, and ask again
              break it (greeting = 42), save: it is refused, and the old greeting is still served
              mend it
              change the port, save: the new one answers before clients of the old one are asked to leave
    Overlay:  echo 'greeting = "Hello from the overlay"' > \(root)/config/server.development.toml
    Status:   curl \(address)/status
    Ask it:   swift run -q hotreload status --root \(root)
              the same with: history, diff server, restore server 1, pause, resume, reload, check --instance
    End:      Ctrl-C

    """
  }
}

/// Says where the server listens, whenever that has changed.
struct AddressTeller: Service {
  let listening: ParticipantRegistration<DemoServer.Listening>

  func run() async throws {
    var last = DemoServer.address(listening.current)
    for await product in listening.cancelOnGracefulShutdown() {
      let address = DemoServer.address(product)
      if address != last { DemoServer.say("listening on \(address)") }
      last = address
    }
  }
}
