import NIOCore
import NIOWebSocket

/// One open socket: frames of the client come in, messages of the hub go out.
///
/// Nothing goes on to the handlers behind it, except that the connection ended.
final class SocketHandler: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  private let hub: LiveHub
  private let seat: LiveSeat
  private let limits: LiveLimits
  private var wire: SocketWire
  private var outbox: LiveOutbox
  private var budget: MessageBudget
  private var incoming = IncomingMessage()
  private var context: ChannelHandlerContext?
  private var isClosing = false
  /// Whether the client said anything since the last ping.
  private var isAlive = true
  private var pings: Scheduled<Void>?
  private var linger: Scheduled<Void>?

  init(hub: LiveHub, seat: LiveSeat, wire: SocketWire, limits: LiveLimits) {
    self.hub = hub
    self.seat = seat
    self.wire = wire
    self.limits = limits
    outbox = LiveOutbox(limits)
    budget = MessageBudget(limits)
  }

  // MARK: Life

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    schedulePing(context)
    hub.join(SocketClient(self, on: context.eventLoop), in: seat)
  }

  func handlerRemoved(context: ChannelHandlerContext) { forget() }

  func channelInactive(context: ChannelHandlerContext) {
    forget()
    context.fireChannelInactive()
  }

  private func forget() {
    context = nil
    isClosing = true
    seat.leave()
    pings?.cancel()
    linger?.cancel()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is ChannelShouldQuiesceEvent: close(.goingAway)
    case ChannelEvent.inputClosed: context.close(promise: nil)
    default: break
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case NIOWebSocketError.invalidFrameLength: close(.messageTooLarge)
    case is NIOWebSocketError: close(.protocolError)
    default: context.close(promise: nil)
    }
  }

  private func schedulePing(_ context: ChannelHandlerContext) {
    let loopBound = context.loopBound
    pings = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.pingInterval)) {
      let context = loopBound.value
      guard self.isAlive else { return context.close(promise: nil) }
      self.isAlive = false
      self.write(WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer()))
      self.schedulePing(context)
    }
  }

  // MARK: What the client says

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isClosing else { return }
    isAlive = true
    let frame = unwrapInboundIn(data)
    guard budget.takes() else { return close(.policyViolation) }
    // A client that does not mask could be made to send requests to a proxy on the way (RFC 6455, section 10.3).
    guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
      return close(.protocolError)
    }
    switch frame.opcode {
    case .ping: write(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData))
    case .pong: break
    case .connectionClose: close(.normalClosure)
    case .text, .binary, .continuation: receive(frame)
    default: close(.protocolError)
    }
  }

  private func receive(_ frame: WebSocketFrame) {
    switch incoming.add(frame, limit: limits.frameSize) {
    case .more: break
    case .failed(let code): close(code)
    case .text(let text):
      switch wire.receive(text) {
      case .ignore: break
      case .close: close(.protocolError)
      case .send(let texts): for text in texts { send(text) }
      }
    }
  }

  // MARK: What we say

  fileprivate func deliver(_ message: WireMessage, always: Bool = false) {
    for text in wire.texts(for: message) { send(text, always: always) }
  }

  private func send(_ text: String, always: Bool = false) {
    guard let context, !isClosing, outbox.admits(text.utf8.count, always: always) else { return }
    let size = text.utf8.count
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in
      guard self.outbox.sent(size) else { return }
      for message in self.hub.catchUp() { self.deliver(message, always: true) }
    }
    let frame = WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text))
    context.writeAndFlush(wrapOutboundOut(frame), promise: promise)
  }

  private func write(_ frame: WebSocketFrame) {
    guard let context, !isClosing else { return }
    context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
  }

  /// Says why, and closes our direction; all of it when the client has closed too or took too long.
  fileprivate func close(_ code: WebSocketErrorCode) {
    guard let context, !isClosing else { return }
    var data = ByteBuffer()
    data.write(webSocketErrorCode: code)
    write(WebSocketFrame(fin: true, opcode: .connectionClose, data: data))
    isClosing = true
    seat.leave()
    pings?.cancel()
    context.close(mode: .output, promise: nil)
    let loopBound = context.loopBound
    linger = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.linger)) {
      loopBound.value.close(promise: nil)
    }
  }
}

@available(*, unavailable)
extension SocketHandler: Sendable {}

/// The hub's hold on a socket, which lives on another thread.
private struct SocketClient: LiveClient {
  private let loop: any EventLoop
  private let handler: NIOLoopBound<SocketHandler>

  init(_ handler: SocketHandler, on loop: any EventLoop) {
    self.loop = loop
    self.handler = NIOLoopBound(handler, eventLoop: loop)
  }

  func deliver(_ message: WireMessage) {
    loop.execute { handler.value.deliver(message) }
  }

  /// Sockets have pings of their own.
  func keepAlive() {}

  func end() {
    loop.execute { handler.value.close(.goingAway) }
  }
}
