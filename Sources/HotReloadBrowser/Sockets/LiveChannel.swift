import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Synchronization

/// One connection that speaks HTTP/1.1, and may become a socket of live reload.
///
/// Its pipeline is whole before the client has said anything, as the listener may be closed at any moment: a socket's handlers take the
/// place of HTTP's when a request asks for them.
struct LiveChannel: ServerChildChannel, HTTPChannelHandler {
  typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

  /// After a request that asks for another protocol nothing is decoded. So much of what the client sends all the same is kept, in
  /// bytes, until it is disconnected.
  static let maximumUndecoded = 64 << 10

  let live: LiveReload
  /// What takes sockets that are not ours.
  var proxy: DevelopmentProxy?
  let responder: Responder
  let configuration: HTTP1Channel.Configuration
  let connections = OpenConnections()

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      let pipeline = channel.pipeline.syncOperations
      let limits = live.options.limits
      var decoding = NIOHTTPDecoderLimitConfiguration()
      decoding.maxHeaderFieldSize = configuration.httpDecoder.maxHeaderFieldSize
      decoding.maxHeaderListSize = configuration.httpDecoder.maxHeaderListSize
      decoding.maxHeaderFieldCount = configuration.httpDecoder.maxHeaderFieldCount
      let encoder = HTTPResponseEncoder()
      let decoder = ByteToMessageHandler(
        HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: decoding),
        maximumBufferSize: max(Self.maximumUndecoded, decoding.maxHeaderListSize))
      let codec = HTTP1ToHTTPServerCodec(secure: false)
      let idle = configuration.idleTimeout.map { Duration.nanoseconds($0.nanoseconds) }
      let target = RequestTargetHandler()
      let others: [any RemovableChannelHandler] =
        configuration.additionalChannelHandlers() + [
          ExpectContinueHandler(),
          HTTPConnectionStateHandler(idleTimeout: idle ?? limits.idle, logger: logger),
        ]
      let gate = SocketGate(
        live, tunnelingTo: proxy,
        .init(
          encoder: encoder, decoder: decoder, target: target, codec: codec, others: others))
      try pipeline.addHandler(StallGuard(limits), position: .first)
      try pipeline.addHandlers(encoder, decoder, target, codec, gate)
      try pipeline.addHandlers(others)
      if connections.opened() > limits.connections {
        channel.eventLoop.execute { channel.close(promise: nil) }
      }
      channel.closeFuture.whenComplete { [connections] _ in connections.closed() }
      return try NIOAsyncChannel(
        wrappingChannelSynchronously: channel,
        configuration: .init(isOutboundHalfClosureEnabled: true))
    }
  }

  func handle(value: Value, logger: Logger) async {
    await handleHTTP(asyncChannel: value, logger: logger)
  }
}

/// Counts connections that are open.
final class OpenConnections: Sendable {
  private let count = Atomic(0)

  /// - Returns: how many there are with this one.
  func opened() -> Int { count.add(1, ordering: .relaxed).newValue }

  func closed() { count.subtract(1, ordering: .relaxed) }
}
