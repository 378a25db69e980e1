import ArgumentParser
import HotReload
import Hummingbird
import Logging
import ServiceLifecycle
import SystemPackage
import WorkspaceTools

/// An HTTP server whose config can be edited while it runs.
@main
struct HotReloadServer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hot-reload-server",
    abstract: "An HTTP server whose config can be edited while it runs.")

  @Option(help: "The workspace's folder.")
  var root: String

  @Option(help: "The environment, which names the overlay: config/server.ENVIRONMENT.toml.")
  var environment = WorkspaceEnvironment.defaultName

  @Flag(help: "Say what to edit and what to call.")
  var guide = false

  func run() async throws {
    let workspace = try Workspace(
      root: FilePath(root), environment: WorkspaceEnvironment(name: environment))
    let manager = try await workspace.startHotReload(
      configuration: HotReloadConfiguration(logger: Self.quietLogger))
    try manager.registerReloadHandler(matching: "server") { Self.tell($0) }
    let config = try await manager.watchConfigChanges("server", as: ServerConfig.self)

    let logger = Logger(label: "server") { LiveLogHandler(label: $0, config: config) }
    let (host, port, guide, root) = (config.current.host, config.current.port, guide, root)
    let application = Application(
      router: routes(config, manager),
      server: .http1(),
      configuration: ApplicationConfiguration(
        address: .hostname(host, port: port), serverName: "hot-reload-server",
        availableConnectionsDelegate: LiveConnectionLimit(config: config)),
      onServerRunning: { channel in
        let address = "http://\(host):\(channel.localAddress?.port ?? port)"
        Self.say("listening on \(address)")
        if guide { Self.say(Self.guideText(root: root, address: address)) }
      },
      logger: logger)

    // The application ends first, and answers what it was asked; then the manager.
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(service: manager), .init(service: application),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    try await group.run()
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
        if ["host", "port"].contains(change.keyPath.description) {
          say("  the server listens there from its next start")
        }
      }
    default: break
    }
  }

  private static func say(_ line: String) {
    _ = try? FileDescriptor.standardOutput.writeAll(Array((line + "\n").utf8))
  }

  private static func guideText(root: String, address: String) -> String {
    """

    Ask it:   curl \(address)/
    Edit:     \(root)/config/server.toml
              change the greeting, save, and ask again
              break it (greeting = 42), save: it is refused, and the old greeting is still served
              mend it
    Overlay:  echo 'greeting = "Hello from the overlay"' > \(root)/config/server.development.toml
    Status:   curl \(address)/status
    End:      Ctrl-C

    """
  }
}
