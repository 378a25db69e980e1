public import HummingbirdCore

extension HTTPServerBuilder {
  /// An HTTP/1.1 server that lets its connections end without losing a request.
  ///
  /// - Parameters:
  ///   - connections: the connections of this server, which nothing else uses.
  ///   - configuration: as for Hummingbird's own `http1(configuration:)`.
  public static func http1(
    draining connections: ServerConnections, configuration: HTTP1Channel.Configuration = .init()
  ) -> HTTPServerBuilder {
    .http1(configuration: configuration.draining(connections))
  }
}

extension HTTP1Channel.Configuration {
  /// The same with a handler that lets connections end without losing a request; also for a base of TLS.
  public func draining(_ connections: ServerConnections) -> HTTP1Channel.Configuration {
    var configuration = self
    let others = additionalChannelHandlers
    configuration.additionalChannelHandlers = { [connections.makeHandler()] + others() }
    return configuration
  }
}
