import NIOCore
import NIOHTTP1

/// Lets nobody take a request for another server for one of ours.
///
/// Behind it, `HTTP1ToHTTPServerCodec` takes scheme and host off a target in absolute form, and what is left of
/// `http://evil.example/a.css` looks like a path of ours. Only a proxy for any site is asked so (RFC 9112, section 3.2.2). A target that is
/// not a path, and the authority of `CONNECT` too, becomes `*` here, which ``RequestPolicy`` refuses.
final class RequestTargetHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart

  /// The target that names no path.
  private static let none = "*"

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(var head) = unwrapInboundIn(data), head.uri.utf8.first != UInt8(ascii: "/")
    else { return context.fireChannelRead(data) }
    head.uri = Self.none
    context.fireChannelRead(wrapInboundOut(.head(head)))
  }
}

@available(*, unavailable)
extension RequestTargetHandler: Sendable {}
