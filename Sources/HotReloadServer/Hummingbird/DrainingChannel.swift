package import HummingbirdCore
package import Logging
package import NIOCore

/// Counts the connections that were accepted and that nobody handles yet.
///
/// A listener must not be closed while there are any: a connection whose pipeline is made when the listener's sequence has ended
/// is dropped there, and NIO makes that a fatal error.
package struct DrainingChannel<Base: HTTPChannelHandler>: HTTPChannelHandler {
  package typealias Value = Base.Value

  private let base: Base
  private let connections: ServerConnections

  package init(base: Base, connections: ServerConnections) {
    self.base = base
    self.connections = connections
  }

  package var responder: Responder { base.responder }

  package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    connections.setupBegan()
    let made = base.setup(channel: channel, logger: logger)
    made.whenFailure { _ in connections.setupEnded() }
    return made
  }

  package func handle(value: Value, logger: Logger) async {
    connections.setupEnded()
    await base.handle(value: value, logger: logger)
  }
}
