public import HotReloadServer
public import HummingbirdCore

extension HTTPServerBuilder {
  /// An HTTP/1.1 server that also opens the sockets of live reload, on the same port.
  ///
  /// It closes connections that send no request, or take no response, for the time that the limits of `live` say. A response that
  /// a client has not taken any byte of for that long is cut; a slow one is not.
  ///
  ///     let application = Application(
  ///       router: router, server: .http1(live: live), services: [manager, live])
  ///
  /// - Parameters:
  ///   - live: what speaks to the browsers.
  ///   - connections: the connections of this server, if its address may change while it runs.
  ///   - configuration: as for Hummingbird's own `http1(configuration:)`. Without an idle timeout that of the limits counts.
  public static func http1(
    live: LiveReload, draining connections: ServerConnections? = nil,
    configuration: HTTP1Channel.Configuration = .init()
  ) -> HTTPServerBuilder {
    HTTPServerBuilder { responder in
      guard let connections else {
        return LiveChannel(live: live, responder: responder, configuration: configuration)
      }
      var configuration = configuration
      let others = configuration.additionalChannelHandlers
      configuration.additionalChannelHandlers = { [connections.makeHandler()] + others() }
      return DrainingChannel(
        base: LiveChannel(live: live, responder: responder, configuration: configuration),
        connections: connections)
    }
  }
}
