import NIOCore
import NIOPosix
import Synchronization

/// The connections to the program behind a proxy: counted, bounded, and kept for a moment after use.
final class UpstreamPool: Sendable {
  enum Failure: Error, Sendable {
    /// There are as many as there may be.
    case full
    /// The proxy ends.
    case shutDown
  }

  private struct Connections {
    var idle: [(connection: UpstreamConnection, since: ContinuousClock.Instant)] = []
    /// Open or being opened, tunnels not counted.
    var count = 0
    /// All that are open, tunnels counted, and whether they end by themselves soon.
    var channels: [ObjectIdentifier: (channel: any Channel, isBrief: Bool)] = [:]
    var tunnels = 0
    var isShutDown = false
  }

  let upstream: ProxyUpstream
  let limits: ProxyLimits
  let group: any EventLoopGroup
  private let connections = Mutex(Connections())

  init(upstream: ProxyUpstream, limits: ProxyLimits, group: any EventLoopGroup) {
    self.upstream = upstream
    self.limits = limits
    self.group = group
  }

  /// How many connections are open, those of tunnels included.
  var openCount: Int { connections.withLock { $0.channels.count } }

  /// How many of them wait for a request.
  var idleCount: Int { connections.withLock { $0.idle.count } }

  /// A connection that was used before, if there is a good one.
  func takeIdle() -> UpstreamConnection? {
    while true {
      let entry = connections.withLock { $0.idle.popLast() }
      guard let entry else { return nil }
      if entry.connection.isUsable, .now - entry.since < limits.idleTime { return entry.connection }
      entry.connection.close()
    }
  }

  /// A new connection.
  func open() async throws -> UpstreamConnection {
    let given = try connections.withLock { connections in
      if connections.isShutDown { throw Failure.shutDown }
      var given: UpstreamConnection?
      if connections.count >= limits.connections {
        guard !connections.idle.isEmpty else { throw Failure.full }
        // One that waits gives its place to one that is needed.
        given = connections.idle.removeFirst().connection
      }
      connections.count += 1
      return given
    }
    given?.close()
    do {
      let connection = try await UpstreamConnection.open(
        to: upstream, limits: limits, group: group)
      note(connection.channel) { $0.count -= 1 }
      return connection
    } catch {
      connections.withLock { $0.count -= 1 }
      throw error
    }
  }

  /// Takes back a connection whose answer is complete.
  func giveBack(_ connection: UpstreamConnection) {
    let isKept = connections.withLock { connections in
      guard !connections.isShutDown, connections.idle.count < limits.idleConnections,
        connection.isUsable
      else { return false }
      connections.channels[ObjectIdentifier(connection.channel)]?.isBrief = true
      connections.idle.append((connection, .now))
      return true
    }
    if isKept { connection.watch() } else { connection.close() }
  }

  /// Says that the answer on this connection does not end by itself.
  func markLasting(_ channel: any Channel) {
    let isShutDown = connections.withLock { connections in
      connections.channels[ObjectIdentifier(channel)]?.isBrief = false
      return connections.isShutDown
    }
    if isShutDown { channel.close(promise: nil) }
  }

  // MARK: Tunnels

  /// Counts a tunnel that is to be; false if there are too many.
  func reserveTunnel() -> Bool {
    connections.withLock { connections in
      guard !connections.isShutDown, connections.tunnels < limits.tunnels else { return false }
      connections.tunnels += 1
      return true
    }
  }

  /// The tunnel did not come about.
  func forgetTunnel() { connections.withLock { $0.tunnels -= 1 } }

  /// The tunnel's connection is open.
  func noteTunnel(_ channel: any Channel) {
    note(channel) { $0.tunnels -= 1 }
    markLasting(channel)
  }

  private func note(
    _ channel: any Channel, whenClosed forget: @escaping @Sendable (inout Connections) -> Void
  ) {
    let id = ObjectIdentifier(channel)
    let isShutDown = connections.withLock { connections in
      connections.channels[id] = (channel, true)
      return connections.isShutDown
    }
    channel.closeFuture.whenComplete { _ in
      self.connections.withLock { connections in
        connections.channels[id] = nil
        connections.idle.removeAll { $0.connection.channel === channel }
        forget(&connections)
      }
    }
    if isShutDown { channel.close(promise: nil) }
  }

  // MARK: Ending

  /// Closes what nobody waits for and what never ends by itself. The others get a moment.
  func shutDown() async {
    let lasting = connections.withLock { connections in
      connections.isShutDown = true
      let idle = connections.idle.map(\.connection.channel)
      connections.idle = []
      return idle + connections.channels.values.filter { !$0.isBrief }.map(\.channel)
    }
    for channel in lasting { channel.close(promise: nil) }
    let rest = connections.withLock { $0.channels.values.map(\.channel) }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { for channel in rest { try? await channel.closeFuture.get() } }
      group.addTask { [limit = limits.drain] in
        try? await Task.sleep(for: limit)
        for channel in rest { channel.close(promise: nil) }
      }
      await group.next()
      group.cancelAll()
    }
  }
}
