import HTTPTypes
public import NIOCore
public import NIOHTTP1
import NIOHTTPTypesHTTP1
import NIOPosix
import Synchronization

/// Passes a WebSocket through to the program behind a proxy: the handshake as it is, and then bytes, both ways.
///
/// It is made for one connection, by ``DevelopmentProxy/makeUpgrader(_:)``, and takes every request for a WebSocket that nobody took before it.
/// If the program refuses, or is not there, the browser gets its status, and the connection is closed.
public final class TunnelUpgrader<UpgradeResult: Sendable>: NIOTypedHTTPServerProtocolUpgrader {
  public let supportedProtocol = "websocket"
  public let requiredUpgradeHeaders: [String] = []

  private let proxy: DevelopmentProxy
  private let result: @Sendable (any Channel) -> UpgradeResult
  private let upstream = Mutex<(any Channel)?>(nil)

  init(_ proxy: DevelopmentProxy, result: @escaping @Sendable (any Channel) -> UpgradeResult) {
    self.proxy = proxy
    self.result = result
  }

  /// Asks the program behind.
  public func buildUpgradeResponse(
    channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
  ) -> EventLoopFuture<HTTPHeaders> {
    let pool = proxy.pool
    guard pool.reserveTunnel() else {
      return refuse(channel, .serviceUnavailable, TunnelRefusal.full)
    }
    guard let request = try? HTTPRequest(upgradeRequest, secure: false, splitCookie: false) else {
      pool.forgetTunnel()
      return refuse(channel, .badRequest, TunnelRefusal.unreadable)
    }
    let head = proxy.headers.toUpstream(request, from: channel.remoteAddress, keepsUpgrade: true)
    let answered = channel.eventLoop.makePromise(of: HTTPResponseHead.self)
    let connecting = ClientBootstrap(group: channel.eventLoop)
      .connectTimeout(proxy.limits.connect)
      .channelOption(.autoRead, value: false)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .channelInitializer { upstream in
        upstream.eventLoop.makeCompletedFuture {
          try upstream.pipeline.syncOperations.addHandlers([
            HTTPRequestEncoder(),
            ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes)),
            TunnelHandshake(head: head, answered: answered),
          ])
        }
      }
      .connect(host: proxy.upstream.host, port: proxy.upstream.port)
    connecting.whenSuccess { upstream in
      pool.noteTunnel(upstream)
      self.upstream.withLock { $0 = upstream }
      // A browser that leaves during the handshake takes the connection behind with it.
      channel.closeFuture.whenComplete { _ in upstream.close(promise: nil) }
    }
    connecting.whenFailure { error in
      pool.forgetTunnel()
      answered.fail(error)
    }
    return answered.futureResult.flatMap { answer in
      guard answer.status == .switchingProtocols else {
        return self.refuse(channel, answer.status, TunnelRefusal.refused(answer.status.code))
      }
      return channel.eventLoop.makeSucceededFuture(self.headers(of: answer, to: request))
    }.flatMapError { error in
      if error is TunnelRefusal { return channel.eventLoop.makeFailedFuture(error) }
      return self.refuse(channel, .badGateway, error)
    }
  }

  /// Joins the two connections.
  public func upgrade(
    channel: any Channel, upgradeRequest: HTTPRequestHead
  ) -> EventLoopFuture<UpgradeResult> {
    channel.eventLoop.makeCompletedFuture {
      guard let upstream = upstream.withLock({ $0 }) else { throw TunnelRefusal.unreadable }
      let (near, far) = TunnelGlue.pair()
      try channel.pipeline.syncOperations.addHandler(near)
      let pipeline = upstream.pipeline.syncOperations
      try pipeline.addHandler(far)
      // What came right behind the answer leaves the decoder when that is removed, into the tunnel.
      try pipeline.removeHandler(pipeline.handler(type: TunnelHandshake.self), promise: nil)
      try pipeline.removeHandler(pipeline.handler(type: HTTPRequestEncoder.self), promise: nil)
      try pipeline.removeHandler(
        pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self), promise: nil)
      upstream.setOption(.autoRead, value: true).whenFailure { _ in upstream.close(promise: nil) }
      return result(channel)
    }
  }

  /// The headers of the answer. The server adds those that make it an upgrade.
  private func headers(of answer: HTTPResponseHead, to request: HTTPRequest) -> HTTPHeaders {
    var headers = HTTPHeaders(proxy.headers.fromUpstream(answer.headers, to: request))
    headers.remove(name: "Content-Length")
    headers.add(name: "Connection", value: "Upgrade")
    headers.add(name: "Upgrade", value: "websocket")
    return headers
  }

  private func refuse(
    _ channel: any Channel, _ status: HTTPResponseStatus, _ reason: any Error
  ) -> EventLoopFuture<HTTPHeaders> {
    upstream.withLock { $0 }?.close(promise: nil)
    let head = HTTPResponseHead(
      version: .http1_1, status: status, headers: ["Content-Length": "0", "Connection": "close"])
    return channel.write(HTTPServerResponsePart.head(head))
      .and(channel.writeAndFlush(HTTPServerResponsePart.end(nil)))
      .flatMap { _ in channel.close() }
      .flatMapErrorThrowing { _ in }
      .flatMapThrowing { throw reason }
  }
}

extension DevelopmentProxy {
  /// An upgrader for one connection that takes WebSockets to the program behind. Put it behind all others.
  /// - Parameter result: makes what the server's pipeline wants for a connection that is a tunnel now, and needs nothing more
  ///   than to be waited for until it closes.
  public func makeUpgrader<UpgradeResult: Sendable>(
    _ result: @escaping @Sendable (any Channel) -> UpgradeResult
  ) -> TunnelUpgrader<UpgradeResult> {
    TunnelUpgrader(self, result: result)
  }
}

private enum TunnelRefusal: Error {
  case full
  case unreadable
  case refused(UInt)
}

/// Sends the request for a WebSocket, and waits for the head of the answer.
private final class TunnelHandshake: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let head: HTTPRequestHead
  private let answered: EventLoopPromise<HTTPResponseHead>
  private var isAnswered = false

  init(head: HTTPRequestHead, answered: EventLoopPromise<HTTPResponseHead>) {
    self.head = head
    self.answered = answered
  }

  func channelActive(context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    context.read()
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(let head) = unwrapInboundIn(data) else { return }
    isAnswered = true
    answered.succeed(head)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    // What follows is for the tunnel to read.
    if !isAnswered { context.read() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    answered.fail(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    answered.fail(UpstreamConnection.Failure.closedEarly)
    context.fireChannelInactive()
  }
}

@available(*, unavailable)
extension TunnelHandshake: Sendable {}
