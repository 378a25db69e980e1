import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes
import NIOWebSocket

/// Stands behind the HTTP decoder of a connection, and makes a socket of it when a request asks for one.
///
/// A request whose `Upgrade` nobody takes goes on as an ordinary one without that field. The decoder reads nothing after such a request,
/// so its response is the connection's last.
final class SocketGate: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// The handlers of this connection that are of no use to a socket.
  struct HTTPHandlers {
    let encoder: any RemovableChannelHandler
    let decoder: any RemovableChannelHandler
    let target: any RemovableChannelHandler
    let codec: any RemovableChannelHandler
    /// Behind the gate.
    let others: [any RemovableChannelHandler]
  }

  private enum State {
    /// Requests go through.
    case open
    /// A handshake's head has arrived; its end opens the socket or refuses it.
    case judged(SocketHandshake)
    /// The same, for a socket that is not ours.
    case foreign(HTTPRequest)
    /// The response under way is the last.
    case last
    /// Nothing that arrives counts any more.
    case over
  }

  private let live: LiveReload
  private let proxy: DevelopmentProxy?
  private let handlers: HTTPHandlers
  private var state = State.open
  /// Requests whose head went through and whose response has not ended.
  private var requests = 0
  private var linger: Scheduled<Void>?

  init(
    _ live: LiveReload, tunnelingTo proxy: DevelopmentProxy? = nil, _ handlers: HTTPHandlers
  ) {
    self.live = live
    self.proxy = proxy
    self.handlers = handlers
  }

  func handlerRemoved(context: ChannelHandlerContext) { linger?.cancel() }

  func channelInactive(context: ChannelHandlerContext) {
    linger?.cancel()
    context.fireChannelInactive()
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch (state, unwrapInboundIn(data)) {
    case (.open, .head(let request)) where request.headerFields.contains(.upgrade):
      receiveUpgrade(request, context)
    case (.open, .head):
      requests += 1
      context.fireChannelRead(data)
    case (.open, _), (.last, .body), (.last, .end):
      context.fireChannelRead(data)
    case (.judged(let handshake), .end):
      act(on: handshake, context)
    case (.foreign(let request), .end):
      state = .over
      tunnel(request, context)
    case (.judged, _), (.foreign, _), (.last, .head), (.over, _):
      break
    }
  }

  private func receiveUpgrade(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
    let handshake = SocketHandshake(request, policy: live.options.policy, token: live.token)
    // A response that is under way would be lost in the frames.
    if requests == 0 {
      switch handshake {
      case .notOurs where proxy != nil && SocketHandshake.asksForSocket(request):
        state = .foreign(request)
        return
      case .notOurs: break
      case .refused, .accepted:
        state = .judged(handshake)
        return
      }
    }
    var request = request
    request.headerFields[.upgrade] = nil
    request.headerFields[.connection] = "close"
    state = .last
    requests += 1
    context.fireChannelRead(wrapInboundOut(.head(request)))
  }

  private func act(on handshake: SocketHandshake, _ context: ChannelHandlerContext) {
    state = .over
    switch handshake {
    case .accepted(let key, let language):
      guard let seat = live.hub.takeSeat() else { return refuse(.full, context) }
      open(key, language, seat, context)
    case .refused(let refusal): refuse(refusal, context)
    case .notOurs: break
    }
  }

  private func refuse(_ refusal: RequestRefusal, _ context: ChannelHandlerContext) {
    let response = refusal.response
    var head = response.head
    head.headerFields[.connection] = "close"
    let body = ByteBuffer(string: refusal.reason + "\n")
    head.headerFields[.contentLength] = String(body.readableBytes)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(body)), promise: nil)
    let promise = context.eventLoop.makePromise(of: Void.self)
    closeAfter(promise, context)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
  }

  // MARK: Responses

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var response):
      guard case .last = state, requests == 1 else { break }
      response.headerFields[.connection] = "close"
      return context.write(wrapOutboundOut(.head(response)), promise: promise)
    case .body: break
    case .end:
      requests -= 1
      guard case .last = state, requests == 0 else { break }
      state = .over
      let promise = promise ?? context.eventLoop.makePromise()
      closeAfter(promise, context)
      return context.write(data, promise: promise)
    }
    context.write(data, promise: promise)
  }

  /// Closes our direction when a write is through, and everything when the client did not close within its time.
  private func closeAfter(_ promise: EventLoopPromise<Void>, _ context: ChannelHandlerContext) {
    let loopBound = context.loopBound
    let limit = TimeAmount(live.options.limits.linger)
    promise.futureResult.assumeIsolated().whenComplete { _ in
      let context = loopBound.value
      guard context.channel.isActive else { return }
      context.close(mode: .output, promise: nil)
      self.linger = context.eventLoop.assumeIsolated().scheduleTask(in: limit) {
        loopBound.value.close(promise: nil)
      }
    }
  }

  // MARK: Sockets

  /// Says that the protocol changes, and puts the handlers of a socket in the place of those of HTTP.
  private func open(
    _ key: String, _ language: SocketWire.Language, _ seat: LiveSeat,
    _ context: ChannelHandlerContext
  ) {
    let head = HTTPResponse(
      status: .switchingProtocols, headerFields: SocketHandshake.answer(toKey: key))
    context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    let limits = live.options.limits
    let handlers: [any ChannelHandler] = [
      WebSocketFrameEncoder(),
      ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: limits.frameSize)),
      SocketHandler(hub: live.hub, seat: seat, wire: SocketWire(language), limits: limits),
    ]
    if !replaceHTTP(with: handlers, context) { seat.leave() }
  }

  /// Puts handlers in the place of those of HTTP.
  /// - Returns: false if the connection is closing.
  private func replaceHTTP(
    with successors: [any ChannelHandler], _ context: ChannelHandlerContext
  ) -> Bool {
    let pipeline = context.pipeline.syncOperations
    for handler in handlers.others { pipeline.removeHandler(handler, promise: nil) }
    pipeline.removeHandler(handlers.codec, promise: nil)
    pipeline.removeHandler(handlers.target, promise: nil)
    pipeline.removeHandler(handlers.encoder, promise: nil)
    do {
      try pipeline.addHandlers(successors, position: .after(handlers.decoder))
    } catch {
      context.close(promise: nil)
      return false
    }
    // It hands on what it has read already, and then leaves.
    pipeline.removeHandler(handlers.decoder, promise: nil)
    pipeline.removeHandler(context: context, promise: nil)
    return true
  }

  /// Asks the program behind, and joins the two connections if it opens the socket.
  private func tunnel(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
    guard let proxy else { return }
    if let refusal = live.options.policy.refusal(of: request) { return refuse(refusal, context) }
    let loopBound = context.loopBound
    proxy.openTunnel(for: request, from: context.channel).assumeIsolated().whenComplete { result in
      let context = loopBound.value
      switch result {
      case .success(let tunnel):
        guard context.channel.isActive else { return tunnel.close() }
        context.writeAndFlush(self.wrapOutboundOut(.head(tunnel.answer)), promise: nil)
        if self.replaceHTTP(with: [tunnel.near], context) { tunnel.join() } else { tunnel.close() }
      case .failure(let error):
        guard context.channel.isActive else { return }
        self.refuse(error as? RequestRefusal ?? .noTunnel, context)
      }
    }
  }
}

@available(*, unavailable)
extension SocketGate: Sendable {}
