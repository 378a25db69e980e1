import HotReload
import HotReloadBrowser
import HotReloadTesting
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import RawHTTP
import Testing
import WorkspaceTools

extension Logger {
  static var silent: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }
}

typealias LiveResponder = CallbackResponder<BasicRequestContext>

/// A whole program as a user would write it: a workspace with a config, its manager, live reload, and a server.
struct LiveServer: Sendable {
  let folder: TemporaryWorkspace
  let manager: HotReloadManager
  let live: LiveReload
  let port: Int
  let group: ServiceGroup

  /// `/` says hello, `/endless` never ends, and the rest is live reload's.
  static func responder(_ live: LiveReload) -> LiveResponder {
    LiveResponder { request, _ in
      if let refusal = live.options.policy.refusal(of: request.head) { return refusal.response }
      if let response = await live.respond(to: request) { return response }
      switch request.uri.path {
      case "/":
        return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "hello")))
      case "/endless":
        let chunk = ByteBuffer(repeating: 65, count: 65_536)
        return Response(
          status: .ok,
          body: ResponseBody { writer in
            while true { try await writer.write(chunk) }
          })
      default: return Response(status: .notFound)
      }
    }
  }

  static func manager(_ folder: TemporaryWorkspace) async throws -> HotReloadManager {
    let workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "development", variables: [:]))
    return try await workspace.startHotReload(
      configuration: HotReloadConfiguration(quietPeriod: .zero, logger: .silent))
  }

  /// Runs a server, a body, and ends the server gracefully.
  /// - Parameter edit: what is saved as the config before live reload is there.
  @discardableResult
  static func run<R>(
    limits: LiveLimits = LiveLimits(), editing edit: String? = nil,
    _ body: (LiveServer) async throws -> R
  ) async throws -> R {
    let folder = try TemporaryWorkspace()
    try folder.write("config/app.toml", "greeting = \"one\"\n")
    let manager = try await manager(folder)
    if let edit {
      try folder.replace("config/app.toml", edit)
      try await manager.sync()
    }
    let live = LiveReload(
      manager: manager, options: LiveReloadOptions(limits: limits, logger: .silent))
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
      responder: responder(live), server: .http1(live: live),
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
      services: [manager, live],
      onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: .silent)
    let group = ServiceGroup(services: [application], logger: .silent)
    let running = Task { try await group.run() }
    var iterator = ports.makeAsyncIterator()
    let server = LiveServer(
      folder: folder, manager: manager, live: live,
      port: try #require(await iterator.next()), group: group)
    do {
      let result = try await body(server)
      await group.triggerGracefulShutdown()
      try await running.value
      return result
    } catch {
      await group.triggerGracefulShutdown()
      _ = try? await running.value
      throw error
    }
  }

  var socketPath: String { "/_hotreload/socket?token=\(live.token.text)" }
  var origin: String { "Origin: http://localhost" }

  /// Edits the config, and returns when that has been through a transaction.
  func save(_ text: String) async throws {
    try folder.replace("config/app.toml", text)
    try await manager.sync()
  }

  /// An open socket that has read its hello.
  func socket() async throws -> RawClient {
    let path = socketPath
    return try await RawClient.talk(port) { client in
      try client.upgrade(path)
      let hello = try client.receiveText()
      guard hello.contains(#""type":"hello""#) else { throw ClientFailure(hello) }
      return client
    }
  }

  /// How many connections this server holds open.
  var openConnections: Int { OpenSockets.count(port: port) }

  /// Whether it answers, and all clients that are gone have left nothing behind.
  func isWell(others: Int = 0) async throws -> Bool {
    let answer = try await RawClient.talk(port) { try $0.request("/", ["Connection: close"]) }
    await eventually { openConnections <= others }
    return answer.status == 200 && answer.body == "hello"
  }
}
