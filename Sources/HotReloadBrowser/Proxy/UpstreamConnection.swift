import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// One HTTP/1.1 connection to the program behind a proxy.
///
/// It reads only when somebody asks for the next part, so a slow browser slows the program behind, and nothing piles up between: at most
/// what one read of the socket brings. (When the program closes, what the kernel still holds is read at once.)
/// One task at a time may read, and one may write.
final class UpstreamConnection: Sendable {
  enum Failure: Error, CustomStringConvertible {
    case closedEarly
    case serverEnds

    var description: String {
      switch self {
      case .closedEarly: "the program behind closed the connection in the middle of an answer"
      case .serverEnds: "the development server ends"
      }
    }
  }

  private struct Inbox {
    var parts = CircularBuffer<HTTPClientResponsePart>()
    /// Who is woken when there is something to take.
    var waiter: CheckedContinuation<Void, Never>?
    var failure: (any Error)?
    var isClosed = false

    var isReady: Bool { !parts.isEmpty || failure != nil || isClosed }

    /// What is next; nil if nothing has come yet.
    mutating func take() -> Result<HTTPClientResponsePart?, any Error>? {
      if let part = parts.popFirst() { return .success(part) }
      if let failure { return .failure(failure) }
      return isClosed ? .success(nil) : nil
    }
  }

  let channel: any Channel
  private let inbox = Mutex(Inbox())
  private let decompression: NIOLoopBound<PageDecompressionHandler>

  private init(channel: any Channel, decompression: PageDecompressionHandler) {
    self.channel = channel
    self.decompression = NIOLoopBound(decompression, eventLoop: channel.eventLoop)
  }

  /// Connects.
  static func open(
    to upstream: ProxyUpstream, limits: ProxyLimits, group: any EventLoopGroup
  ) async throws -> UpstreamConnection {
    try await ClientBootstrap(group: group)
      .connectTimeout(limits.connect)
      .channelOption(.autoRead, value: false)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .connect(host: upstream.host, port: upstream.port) { channel in
        channel.eventLoop.makeCompletedFuture {
          let decompression = PageDecompressionHandler(inflation: limits.inflation)
          let connection = UpstreamConnection(channel: channel, decompression: decompression)
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHTTPClientHandlers()
          try pipeline.addHandlers([decompression, UpstreamHandler(connection, decompression)])
          return connection
        }
      }
  }

  /// Whether nothing arrived that nobody asked for, and the program behind has not closed it.
  var isUsable: Bool {
    inbox.withLock { $0.parts.isEmpty && !$0.isClosed && $0.failure == nil } && channel.isActive
  }

  /// Sends a part, and returns when the system has taken it.
  func write(_ part: HTTPClientRequestPart) async throws {
    try await channel.writeAndFlush(part)
  }

  /// Begins a request.
  ///
  /// - Parameters:
  ///   - head: its head.
  ///   - isWhole: whether it has no body. Then all of it is written at once: the program behind may answer and close
  ///     before we come to write an end.
  ///   - decompressesPage: whether the answer, if it is a page that is compressed, arrives decompressed.
  func begin(_ head: HTTPRequestHead, isWhole: Bool, decompressesPage: Bool) async throws {
    let decompression = decompression
    let channel = channel
    try await channel.eventLoop.flatSubmit {
      decompression.value.isWanted = decompressesPage
      guard isWhole else { return channel.writeAndFlush(HTTPClientRequestPart.head(head)) }
      channel.write(HTTPClientRequestPart.head(head), promise: nil)
      return channel.writeAndFlush(HTTPClientRequestPart.end(nil))
    }.get()
  }

  /// The next part of the answer; nil when the connection is closed.
  func next() async throws -> HTTPClientResponsePart? {
    try await withTaskCancellationHandler {
      while true {
        if let next = inbox.withLock({ $0.take() }) { return try next.get() }
        await withCheckedContinuation { continuation in
          let isReady = inbox.withLock { inbox in
            if !inbox.isReady { inbox.waiter = continuation }
            return inbox.isReady
          }
          if isReady { continuation.resume() } else { channel.read() }
        }
      }
    } onCancel: {
      fail(CancellationError())
      close()
    }
  }

  /// Asks for what comes next although nobody waits for it, so that a close is noticed.
  func watch() { channel.read() }

  func close() { channel.close(promise: nil) }

  /// Closes the connection, so that an answer which only its end would complete does not pass for complete.
  func cut(_ reason: Failure) {
    fail(reason)
    close()
  }

  // MARK: From the channel

  fileprivate var isAwaited: Bool { inbox.withLock { $0.waiter != nil } }

  fileprivate func receive(_ part: HTTPClientResponsePart) {
    let waiter = inbox.withLock { inbox in
      // Behind a failure, such as of the decompressor, an end says nothing.
      if inbox.failure == nil { inbox.parts.append(part) }
      return inbox.waiter.take()
    }
    waiter?.resume()
  }

  fileprivate func fail(_ error: any Error) {
    let waiter = inbox.withLock { inbox in
      inbox.failure = inbox.failure ?? error
      return inbox.waiter.take()
    }
    waiter?.resume()
  }

  fileprivate func closed() {
    let waiter = inbox.withLock { inbox in
      inbox.isClosed = true
      return inbox.waiter.take()
    }
    waiter?.resume()
  }
}

/// Hands what arrives to the connection, and reads on while a part is waited for and none is complete.
private final class UpstreamHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private let connection: UpstreamConnection
  private let decompression: PageDecompressionHandler

  init(_ connection: UpstreamConnection, _ decompression: PageDecompressionHandler) {
    self.connection = connection
    self.decompression = decompression
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var part = unwrapInboundIn(data)
    if case .head(var head) = part, decompression.isActive {
      head.headers.remove(name: "Content-Encoding")
      part = .head(head)
    }
    connection.receive(part)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if connection.isAwaited { context.read() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    connection.fail(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) { connection.closed() }

  func handlerRemoved(context: ChannelHandlerContext) { connection.closed() }
}

@available(*, unavailable)
extension UpstreamHandler: Sendable {}
