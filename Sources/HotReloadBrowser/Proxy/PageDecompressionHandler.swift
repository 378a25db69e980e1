import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOHTTPTypesHTTP1

/// Decompresses answers that are pages, so that something can be put into them, and lets all others pass as they are.
///
/// It puts a decompressor behind itself for the time of one answer. It is confined to its event loop.
final class PageDecompressionHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias InboundOut = HTTPClientResponsePart

  /// Whether the answer that comes next may be a page.
  var isWanted = false
  private let inflation: Int
  private var decompressor: NIOHTTPResponseDecompressor?

  /// Whether the body that arrives now is not what its head says it is, for it was decompressed.
  var isActive: Bool { decompressor != nil }

  init(inflation: Int) { self.inflation = inflation }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(var head) where isWanted && Self.isCompressedPage(head):
      let decompressor = NIOHTTPResponseDecompressor(limit: .ratio(inflation))
      do {
        try context.pipeline.syncOperations.addHandler(decompressor, position: .after(self))
      } catch {
        return context.fireErrorCaught(error)
      }
      self.decompressor = decompressor
      head.headers.remove(name: "Content-Length")
      context.fireChannelRead(wrapInboundOut(.head(head)))
    case .end:
      context.fireChannelRead(data)
      guard let decompressor else { return }
      self.decompressor = nil
      context.pipeline.syncOperations.removeHandler(decompressor, promise: nil)
    default:
      context.fireChannelRead(data)
    }
  }

  private static func isCompressedPage(_ head: HTTPResponseHead) -> Bool {
    guard let encoding = head.headers["Content-Encoding"].first?.lowercased(),
      ["gzip", "deflate"].contains(encoding), head.headers["Content-Encoding"].count == 1,
      let response = try? HTTPResponse(head)
    else { return false }
    return PageInjection.isPage(response)
  }
}

@available(*, unavailable)
extension PageDecompressionHandler: Sendable {}
