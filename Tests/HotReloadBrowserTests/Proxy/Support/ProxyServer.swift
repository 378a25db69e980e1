import HotReload
import HotReloadTesting
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import WorkspaceTools

@testable import HotReloadBrowser

/// A server in front of a program, as `hotreload serve --proxy` is one.
struct ProxyServer: Sendable {
  let port: Int
  let live: LiveReload
  let proxy: DevelopmentProxy

  /// The element that a page gets, with its nonce if it has one.
  func element(nonce: String? = nil) -> String {
    PageScript(
      token: live.token.text, generation: live.manager.snapshot().generation, nonce: nonce
    ).html
  }

  /// Runs the server while the body runs, and ends it in an orderly way.
  static func run<R: Sendable>(
    before upstream: Int, limits: ProxyLimits = ProxyLimits(),
    makeBuild: (LiveReload) -> BuildMonitor? = { _ in nil },
    onReturn: @escaping @Sendable () async -> Void = {},
    while body: (ProxyServer) async throws -> R
  ) async throws -> R {
    let folder = try TemporaryWorkspace()
    let workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "development", variables: [:]))
    let manager = try await workspace.startHotReload(
      configuration: HotReloadConfiguration(quietPeriod: .zero, logger: .quiet))
    let live = LiveReload(manager: manager)
    let proxy = DevelopmentProxy(
      to: try ProxyUpstream("http://127.0.0.1:\(upstream)"), limits: limits, build: makeBuild(live)
    ) {
      live.announceReturn()
      await onReturn()
    }
    let result: Result<R, any Error>
    do {
      result = .success(try await serve(live, proxy, while: body))
    } catch {
      result = .failure(error)
    }
    try await manager.shutdown()
    return try result.get()
  }

  private static func serve<R: Sendable>(
    _ live: LiveReload, _ proxy: DevelopmentProxy, while body: (ProxyServer) async throws -> R
  ) async throws -> R {
    let (ports, port) = AsyncStream<Int>.makeStream()
    let application = Application(
      responder: LiveReloadResponder(
        ProxyResponder(proxy, context: AddressContext.self), live: live),
      server: .http1(live: live, tunnelingTo: proxy),
      configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      services: [live, proxy],
      onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: .quiet)
    let group = ServiceGroup(
      configuration: .init(services: [.init(service: application)], logger: .quiet))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        defer { port.finish() }
        try await group.run()
      }
      var iterator = ports.makeAsyncIterator()
      guard let number = await iterator.next() else {
        throw WireFailure("the server did not start")
      }
      let result: Result<R, any Error>
      do {
        result = .success(try await body(ProxyServer(port: number, live: live, proxy: proxy)))
      } catch {
        result = .failure(error)
      }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
      return try result.get()
    }
  }

  /// Sends a request over a connection of its own, and reads the answer.
  func get(_ path: String = "/", headers: String = "") async throws -> HTTPMessage {
    try await exchange("GET \(path) HTTP/1.1\r\nHost: localhost:\(port)\r\n\(headers)\r\n")
  }

  func exchange(_ request: String, hasBody: Bool = true) async throws -> HTTPMessage {
    try await Wire.blocking { [port] in
      let wire = try Wire(port: port)
      try wire.send(request)
      return try wire.readMessage(hasBody: hasBody)
    }
  }
}

private struct AddressContext: RemoteAddressRequestContext {
  var coreContext: CoreRequestContextStorage
  let remoteAddress: SocketAddress?

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    remoteAddress = source.channel.remoteAddress
  }
}

extension Logger {
  fileprivate static var quiet: Logger {
    Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
  }
}

extension ScriptedUpstream {
  /// A program that answers each request on each connection.
  static func answering<R: Sendable>(
    port: Int = 0, _ answer: @escaping @Sendable (HTTPMessage) -> [UInt8],
    while body: (ScriptedUpstream) async throws -> R
  ) async throws -> R {
    try await run(
      port: port,
      { wire in
        while true { try wire.send(answer(try wire.readMessage())) }
      }, while: body)
  }
}

/// An answer as bytes, with its length.
func answer(_ status: String = "200 OK", _ headers: String = "", _ body: [UInt8] = []) -> [UInt8] {
  Array("HTTP/1.1 \(status)\r\n\(headers)Content-Length: \(body.count)\r\n\r\n".utf8) + body
}
