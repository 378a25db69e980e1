public import NIOCore

/// What bounds a development proxy.
public struct ProxyLimits: Sendable, Hashable {
  /// Connections to the program behind at the same time, those of streams and tunnels included; one more request is answered 503.
  public var connections: Int
  /// Unused connections that are kept for the next request.
  public var idleConnections: Int
  /// WebSockets that are passed through at the same time.
  public var tunnels: Int
  /// How long an unused connection is kept. Many servers close theirs after five seconds.
  public var idleTime: Duration
  /// How long connecting may take.
  public var connect: TimeAmount
  /// How long a request waits for a build to end, before it is told that the build still runs.
  public var build: Duration
  /// How long a request waits for a program that is started again after a build, until it listens.
  public var start: Duration
  /// How long answers may still take when the proxy ends.
  public var drain: Duration
  /// How much larger than its compressed form a page may be, so that a few bytes cannot fill the memory.
  public var inflation: Int

  /// Creates limits.
  public init(
    connections: Int = 256, idleConnections: Int = 16, tunnels: Int = 128,
    idleTime: Duration = .seconds(4), connect: TimeAmount = .seconds(5),
    build: Duration = .seconds(120), start: Duration = .seconds(10),
    drain: Duration = .seconds(2), inflation: Int = 1_000
  ) {
    self.connections = connections
    self.idleConnections = idleConnections
    self.tunnels = tunnels
    self.idleTime = idleTime
    self.connect = connect
    self.build = build
    self.start = start
    self.drain = drain
    self.inflation = inflation
  }

  /// How often it is tried whether a program that does not listen does now.
  static let probeInterval = Duration.milliseconds(50)
}
