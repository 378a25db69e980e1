import ArgumentParser
import HotReload
import HotReloadServer
import Hummingbird
import HummingbirdTLS
import Logging
import NIOSSL
import ServiceLifecycle
import SystemPackage
import WorkspaceTools

/// An HTTPS server that takes a renewed certificate and its key while it runs.
///
/// The two files are one value: a certificate with the key of another is never used. Connections that are open keep
/// what they began with; each new handshake uses the newest pair.
@main
struct TLSServer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tls-server",
    abstract: "An HTTPS server that takes a renewed certificate and its key while it runs.")

  @Option(help: "The workspace's folder, with secret/server.pem and secret/server.key.")
  var root: String

  @Option(help: "The port to listen on, 0 for any.")
  var port = 0

  func run() async throws {
    let manager = try await Workspace(root: FilePath(root)).startHotReload()
    try manager.registerReloadHandler(matching: "**") { Self.tell($0) }
    let pair = try await manager.watchFiles("certificate", [KeyPair.chainFile, KeyPair.keyFile]) {
      try KeyPair($0)
    }
    var tls = pair.current.configuration
    tls.sslContextCallback = { _, promise in promise.succeed(pair.current.override) }

    let router = Router()
    router.get("/") { _, _ in "hello\n" }
    let application = Application(
      router: router,
      server: try .tls(
        .http1(draining: ServerConnections()), tlsConfiguration: tls),
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
      onServerRunning: { channel in
        Self.say("listening on https://127.0.0.1:\(channel.localAddress?.port ?? 0)")
      }, logger: Logger(label: "server"))
    let group = ServiceGroup(
      services: [manager, application], gracefulShutdownSignals: [.sigterm, .sigint],
      logger: Logger(label: "server"))
    try await group.run()
  }

  private static func tell(_ event: ChangeEvent) {
    switch event {
    case .validationFailed(_, let errors):
      for error in errors { say("refused, the last good pair stays: \(error)") }
    case .reloadCompleted(let name, _): say("applied \(name)")
    case .recovered(let name): say("recovered: \(name) is good again")
    default: break
    }
  }

  private static func say(_ line: String) {
    _ = try? FileDescriptor.standardOutput.writeAll(Array((line + "\n").utf8))
  }
}
