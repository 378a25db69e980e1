import NIOCore

/// Closes a connection whose client takes nothing of what is written to it.
///
/// It stands in front of all others, where the bytes are those of the wire.
final class StallGuard: ChannelDuplexHandler {
  typealias InboundIn = NIOAny
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  private let limit: TimeAmount
  private let limitAtEnd: TimeAmount
  private var isServerEnding = false
  /// How many bytes were written, and how many of them the system had taken when it was last looked.
  private var written = 0
  private var taken = 0
  private var timer: Scheduled<Void>?

  init(_ limits: LiveLimits) {
    limit = TimeAmount(limits.stall)
    limitAtEnd = TimeAmount(limits.stallAtEnd)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    written += unwrapOutboundIn(data).readableBytes
    context.write(data, promise: promise)
    if timer == nil { watch(context) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent, !isServerEnding {
      isServerEnding = true
      if timer != nil {
        timer?.cancel()
        watch(context)
      }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

  private func watch(_ context: ChannelHandlerContext) {
    taken = written - waiting(context)
    let loopBound = context.loopBound
    let time = isServerEnding ? limitAtEnd : limit
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
      let context = loopBound.value
      let waiting = self.waiting(context)
      self.timer = nil
      if waiting == 0 { return }
      guard self.written - waiting > self.taken else { return context.close(promise: nil) }
      self.watch(context)
    }
  }

  private func waiting(_ context: ChannelHandlerContext) -> Int {
    (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }
}

@available(*, unavailable)
extension StallGuard: Sendable {}
