import NIOCore

/// One end of a byte tunnel: what arrives here leaves at the partner's end, no faster than that takes it.
///
/// Both ends are on one event loop. Each lets its channel read only while the partner's can be written, so at most a
/// write buffer's high watermark and one read are on their way.
final class TunnelGlue: ChannelDuplexHandler {
  typealias InboundIn = NIOAny
  typealias OutboundIn = NIOAny
  typealias OutboundOut = NIOAny

  private var partner: TunnelGlue?
  private var context: ChannelHandlerContext?
  private var wantsRead = false
  /// What arrived before the other end was there: no more than a decoder had read ahead.
  private var early: [NIOAny] = []

  private init() {}

  static func pair() -> (TunnelGlue, TunnelGlue) {
    let (first, second) = (TunnelGlue(), TunnelGlue())
    (first.partner, second.partner) = (second, first)
    return (first, second)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    partner?.passEarly()
    partner?.readIfWanted()
  }

  func handlerRemoved(context: ChannelHandlerContext) { part() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let partner else { return }
    guard let other = partner.context else { return early.append(data) }
    // At once: what a decoder that leaves hands on is followed by no end of a read.
    other.writeAndFlush(data, promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    part()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(.inputClosed) = event as? ChannelEvent {
      partner?.context?.close(mode: .output, promise: nil)
    }
    // The server ends, and a tunnel never does by itself.
    if event is ChannelShouldQuiesceEvent { context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { partner?.readIfWanted() }
    context.fireChannelWritabilityChanged()
  }

  func read(context: ChannelHandlerContext) {
    if let other = partner?.context, other.channel.isWritable {
      context.read()
    } else {
      wantsRead = true
    }
  }

  private func passEarly() {
    for data in early { partner?.context?.writeAndFlush(data, promise: nil) }
    early = []
  }

  private func readIfWanted() {
    guard wantsRead, let context else { return }
    wantsRead = false
    context.read()
  }

  /// This end is gone: so is the other.
  private func part() {
    let other = partner
    partner = nil
    context = nil
    guard let other else { return }
    other.partner = nil
    other.context?.close(promise: nil)
  }
}

@available(*, unavailable)
extension TunnelGlue: Sendable {}
