import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import NIOPosix

/// A WebSocket to the program behind a proxy, whose handshake was answered with 101: from here on it is bytes, both ways.
///
/// It is used on the event loop of the browser's connection, which the one behind shares.
struct ProxyTunnel: Sendable {
  /// The answer for the browser.
  let answer: HTTPResponse
  private let upstream: any Channel
  private let glue: NIOLoopBound<(near: TunnelGlue, far: TunnelGlue)>

  fileprivate init(answer: HTTPResponse, upstream: any Channel) {
    self.answer = answer
    self.upstream = upstream
    glue = NIOLoopBound(TunnelGlue.pair(), eventLoop: upstream.eventLoop)
  }

  /// The handler for the browser's connection, where bytes arrive and leave.
  var near: any ChannelHandler { glue.value.near }

  /// Lets bytes flow. The near handler must be in its place, and everything of HTTP before it gone.
  func join() {
    let pipeline = upstream.pipeline.syncOperations
    do {
      try pipeline.addHandler(glue.value.far)
      // What came right behind the answer leaves the decoder when that is removed, into the tunnel.
      try pipeline.removeHandler(pipeline.handler(type: TunnelHandshake.self), promise: nil)
      try pipeline.removeHandler(pipeline.handler(type: HTTPRequestEncoder.self), promise: nil)
      try pipeline.removeHandler(
        pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self), promise: nil)
    } catch {
      return close()
    }
    upstream.setOption(.autoRead, value: true).whenFailure { _ in upstream.close(promise: nil) }
  }

  /// The browser left.
  func close() { upstream.close(promise: nil) }
}

extension DevelopmentProxy {
  /// Asks the program behind for the WebSocket that a browser asked for.
  ///
  /// - Parameters:
  ///   - request: the browser's handshake.
  ///   - client: its connection.
  /// - Returns: the tunnel, on the connection's event loop; it fails with a `RequestRefusal`.
  func openTunnel(
    for request: HTTPRequest, from client: any Channel
  ) -> EventLoopFuture<ProxyTunnel> {
    guard pool.reserveTunnel() else {
      return client.eventLoop.makeFailedFuture(RequestRefusal.tooManyTunnels)
    }
    let head = headers.toUpstream(request, from: client.remoteAddress, keepsUpgrade: true)
    let answered = client.eventLoop.makePromise(of: HTTPResponseHead.self)
    let connected = connectTunnel(head, answered, on: client.eventLoop)
    connected.whenSuccess { [pool] upstream in
      pool.noteTunnel(upstream)
      // A browser that leaves takes the connection behind with it.
      client.closeFuture.whenComplete { _ in upstream.close(promise: nil) }
    }
    connected.whenFailure { [pool] error in
      pool.forgetTunnel()
      answered.fail(error)
    }
    return connected.and(answered.futureResult).flatMapThrowing { [headers] upstream, head in
      guard head.status == .switchingProtocols else {
        upstream.close(promise: nil)
        throw RequestRefusal(
          status: (try? HTTPResponse(head))?.status ?? .badGateway,
          reason: "the program behind did not open the WebSocket")
      }
      var fields = headers.fromUpstream(head.headers, to: request)
      fields[.contentLength] = nil
      fields[.connection] = "Upgrade"
      fields[.upgrade] = "websocket"
      let answer = HTTPResponse(status: .switchingProtocols, headerFields: fields)
      return ProxyTunnel(answer: answer, upstream: upstream)
    }.flatMapErrorThrowing { error in
      throw error as? RequestRefusal ?? RequestRefusal.noTunnel
    }
  }

  private func connectTunnel(
    _ head: HTTPRequestHead, _ answered: EventLoopPromise<HTTPResponseHead>, on loop: any EventLoop
  ) -> EventLoopFuture<any Channel> {
    ClientBootstrap(group: loop)
      .connectTimeout(limits.connect)
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
      .connect(host: upstream.host, port: upstream.port)
  }
}

extension RequestRefusal {
  static let tooManyTunnels = RequestRefusal(
    status: .serviceUnavailable,
    reason: "as many WebSockets as may be are open to the program behind; close some pages")
  static let noTunnel = RequestRefusal(
    status: .badGateway, reason: "the program behind is not there, or does not answer")
}

/// Sends the request for a WebSocket, and waits for the head of the answer.
private final class TunnelHandshake: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let head: HTTPRequestHead
  private let answered: EventLoopPromise<HTTPResponseHead>
  private var answer: HTTPResponseHead?

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
    if case .head(let head) = unwrapInboundIn(data) { answer = head }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    // Not before: the decoder is at work until now, and says that the head has no body. What follows is for the tunnel to read.
    if let answer { answered.succeed(answer) } else { context.read() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    answered.fail(error)
    context.close(promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(.inputClosed) = event as? ChannelEvent, answer == nil {
      context.close(promise: nil)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    answered.fail(UpstreamConnection.Failure.closedEarly)
    context.fireChannelInactive()
  }
}

@available(*, unavailable)
extension TunnelHandshake: Sendable {}
