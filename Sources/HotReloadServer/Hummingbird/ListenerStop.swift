internal import NIOCore

/// Keeps a listener from accepting connections. The kernel goes on taking them until the listener is closed.
final class ListenerStop: ChannelOutboundHandler {
  typealias OutboundIn = NIOAny

  func read(context: ChannelHandlerContext) {}
}

extension Channel {
  /// Returns when this listener accepts nothing more, and what it had accepted is being handled.
  func stopAccepting(of connections: ServerConnections, in group: any EventLoopGroup) async {
    try? await eventLoop.submit {
      // Whoever asks for more, such as a limit of connections, asks in vain.
      try self.pipeline.syncOperations.addHandler(ListenerStop(), position: .first)
    }.get()
    try? await setOption(ChannelOptions.autoRead, value: false).get()
    // What was accepted goes from the listener's loop to its own and back, twice, until it is counted as in setup.
    for _ in 0..<ListenerTiming.hopsToSetup {
      for loop in group.makeIterator() { try? await loop.submit {}.get() }
    }
    for _ in 0..<ListenerTiming.maximumSetupChecks where connections.inSetup > 0 {
      guard (try? await Task.sleep(for: ListenerTiming.setupCheck)) != nil else { return }
    }
  }
}
