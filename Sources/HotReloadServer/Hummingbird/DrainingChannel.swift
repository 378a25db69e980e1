import HummingbirdCore
import Logging
import NIOCore

/// Counts the connections that were accepted and that nobody handles yet.
///
/// A listener must not be closed while there are any: a connection whose pipeline is made when the listener's sequence has ended
/// is dropped there, and NIO makes that a fatal error.
struct DrainingChannel<Base: HTTPChannelHandler>: HTTPChannelHandler {
  typealias Value = Base.Value

  let base: Base
  let connections: ServerConnections

  var responder: Responder { base.responder }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    connections.setupBegan()
    let made = base.setup(channel: channel, logger: logger)
    made.whenFailure { _ in connections.setupEnded() }
    return made
  }

  func handle(value: Value, logger: Logger) async {
    connections.setupEnded()
    await base.handle(value: value, logger: logger)
  }
}
