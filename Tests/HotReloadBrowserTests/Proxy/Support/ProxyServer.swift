import HotReloadBrowser
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOPosix
import ServiceLifecycle

@testable import HotReloadBrowser

/// A server in front of the program behind, as `hotreload serve --proxy` is one.
enum ProxyServer {
  static let injection = PageInjection(token: "TOKEN", generation: 3)
  static let element =
    "<script src=\"/_hotreload/client.js\" data-hotreload=\"TOKEN\" data-generation=\"3\" defer></script>"

  /// Runs the server while the body runs, with its port.
  static func run<R: Sendable>(
    before proxy: DevelopmentProxy, while body: (Int) async throws -> R
  ) async throws -> R {
    let (ports, port) = AsyncStream<Int>.makeStream()
    let application = Application(
      responder: InjectingResponder(proxy: proxy),
      server: HTTPServerBuilder { responder in TunnelChannel(responder: responder, proxy: proxy) },
      configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      services: [proxy],
      onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: .quiet)
    let group = ServiceGroup(
      configuration: .init(services: [.init(service: application)], logger: .quiet))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      var iterator = ports.makeAsyncIterator()
      guard let number = await iterator.next() else { throw WireFailure("no server") }
      let result: Result<R, any Error>
      do { result = .success(try await body(number)) } catch { result = .failure(error) }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
      return try result.get()
    }
  }
}

/// What the responder of live reload does, without live reload.
private struct InjectingResponder: HTTPResponder {
  let proxy: DevelopmentProxy

  func respond(to request: Request, context: AddressContext) async throws -> Response {
    let prepared = Request(head: ProxyServer.injection.prepared(request.head), body: request.body)
    let response = try await ProxyResponder(proxy, context: AddressContext.self)
      .respond(to: prepared, context: context)
    return ProxyServer.injection.inject(into: response, for: request.head)
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
  fileprivate static var quiet: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }
}

/// HTTP/1.1, where a first request for a WebSocket becomes a tunnel.
private struct TunnelChannel: HTTPChannelHandler {
  typealias Upgrade = EventLoopFuture<Negotiated>

  enum Negotiated: Sendable {
    case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
    case tunnel(any Channel)
  }

  struct Value: ServerChildChannelValue {
    let negotiated: EventLoopFuture<Negotiated>
    let channel: any Channel
  }

  let responder: Responder
  let proxy: DevelopmentProxy

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      let upgrade = NIOTypedHTTPServerUpgradeConfiguration<Negotiated>(
        upgraders: [proxy.makeUpgrader { Negotiated.tunnel($0) }]
      ) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers([
            HTTP1ToHTTPServerCodec(secure: false), ExpectContinueHandler(),
            HTTPConnectionStateHandler(logger: logger),
          ])
          return .http(
            try NIOAsyncChannel(
              wrappingChannelSynchronously: channel,
              configuration: .init(isOutboundHalfClosureEnabled: true)))
        }
      }
      var configuration = NIOUpgradableHTTPServerPipelineConfiguration(upgradeConfiguration: upgrade)
      configuration.enablePipelining = false
      configuration.enableErrorHandling = false
      configuration.enableResponseHeaderValidation = false
      let negotiated = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
        configuration: configuration)
      return Value(negotiated: negotiated, channel: channel)
    }
  }

  func handle(value: Value, logger: Logger) async {
    switch try? await value.negotiated.get() {
    case .http(let channel): await handleHTTP(asyncChannel: channel, logger: logger)
    case .tunnel(let channel): try? await channel.closeFuture.get()
    case nil: break
    }
  }
}
