import Hummingbird
internal import NIOCore
import NIOHTTPTypes

/// Lets one connection end without a loss.
///
/// When the client is to leave, the response to the last request that arrived says `Connection: close`. Then our
/// direction is closed and the client's is read until it closes too, for closing on unread bytes would make the kernel
/// throw away what is still on its way to the client.
///
/// It takes the event with which the server asks connections to end, and does so in its own time: Hummingbird would
/// close a connection without a request at once, and with one right after a response that did not say so.
final class ConnectionDrainHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let connections: ServerConnections
  /// Requests whose head has arrived and whose response has not ended.
  private var requests = 0
  /// The response that is being written says `Connection: close`.
  private var isLast = false
  /// Nothing that arrives counts any more.
  private var isOver = false
  private var isCounted = false
  private var isServerEnding = false
  private var timer: Scheduled<Void>?

  init(_ connections: ServerConnections) {
    self.connections = connections
  }

  func handlerAdded(context: ChannelHandlerContext) {
    isCounted = true
    connections.opened()
  }

  func handlerRemoved(context: ChannelHandlerContext) { forget() }

  func channelInactive(context: ChannelHandlerContext) {
    forget()
    context.fireChannelInactive()
  }

  private func forget() {
    timer?.cancel()
    timer = nil
    guard isCounted else { return }
    isCounted = false
    connections.closed()
  }

  // MARK: Requests and responses

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // A client that goes on after the last response has not read it yet; it will ask elsewhere.
    guard !isOver else { return }
    if case .head = unwrapInboundIn(data) {
      if isLast { return }
      requests += 1
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var response):
      // Not before the last of the requests that the client has sent in advance, nor on a mere 100 Continue.
      guard connections.asksToLeave, requests <= 1, response.status.kind != .informational else {
        return context.write(data, promise: promise)
      }
      isLast = true
      response.headerFields[.connection] = "close"
      context.write(wrapOutboundOut(.head(response)), promise: promise)
    case .body:
      context.write(data, promise: promise)
    case .end:
      requests -= 1
      guard isLast else {
        context.write(data, promise: promise)
        // The request was the one that kept the connection from being taken for unused.
        if isServerEnding, requests == 0 { closeWhenUnused(context) }
        return
      }
      isOver = true
      let promise = promise ?? context.eventLoop.makePromise()
      let loopBound = context.loopBound
      promise.futureResult.assumeIsolated().whenComplete { _ in self.closeGently(loopBound.value) }
      context.write(data, promise: promise)
    }
  }

  // MARK: Ending

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is ChannelShouldQuiesceEvent else {
      return context.fireUserInboundEventTriggered(event)
    }
    isServerEnding = true
    connections.askToLeave()
    if requests == 0 { closeWhenUnused(context) }
  }

  private func closeWhenUnused(_ context: ChannelHandlerContext) {
    guard timer == nil, !isOver else { return }
    let loopBound = context.loopBound
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: connections.idleLimit) {
      self.timer = nil
      // A request that arrived meanwhile ends the connection with its response.
      guard self.requests == 0, !self.isOver else { return }
      self.isOver = true
      self.closeGently(loopBound.value)
    }
  }

  /// Closes our direction, and all when the client has closed too or took too long.
  private func closeGently(_ context: ChannelHandlerContext) {
    guard context.channel.isActive else { return }
    context.close(mode: .output, promise: nil)
    timer?.cancel()
    let loopBound = context.loopBound
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: connections.limits.linger) {
      loopBound.value.close(promise: nil)
    }
  }
}

@available(*, unavailable)
extension ConnectionDrainHandler: Sendable {}
