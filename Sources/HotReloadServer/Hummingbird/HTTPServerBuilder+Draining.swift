public import HummingbirdCore

extension HTTPServerBuilder {
  /// An HTTP/1.1 server that lets its connections end without losing a request. It may be the base of one with TLS:
  /// `.tls(.http1(draining: connections), tlsConfiguration: …)`.
  ///
  /// - Parameters:
  ///   - connections: the connections of this server, which nothing else uses.
  ///   - configuration: as for Hummingbird's own `http1(configuration:)`.
  public static func http1(
    draining connections: ServerConnections, configuration: HTTP1Channel.Configuration = .init()
  ) -> HTTPServerBuilder {
    HTTPServerBuilder { responder in
      var configuration = configuration
      let others = configuration.additionalChannelHandlers
      configuration.additionalChannelHandlers = { [connections.makeHandler()] + others() }
      return DrainingChannel(
        base: HTTP1Channel(responder: responder, configuration: configuration),
        connections: connections)
    }
  }
}
