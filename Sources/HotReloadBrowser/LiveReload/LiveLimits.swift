/// The bounds of what browsers, and whoever else connects, can make the server hold.
public struct LiveLimits: Sendable, Hashable {
  /// The most sockets and event streams at a time, 256; beyond that the answer is 503.
  public var clients = 256
  /// The most connections of any kind at a time, 1,024; beyond that they are closed at once.
  public var connections = 1_024
  /// The largest frame that a client may send, 4 KiB.
  public var frameSize = 4_096
  /// How many messages a client may send in a second, 20, counted over ``burstSeconds``.
  public var messagesPerSecond = 20
  /// A client that was silent may send the messages of so many seconds at once, 3.
  public var burstSeconds = 3
  /// The most messages that wait for a client, 64. Beyond that they become one update that says that anything may have changed.
  public var queuedMessages = 64
  /// The most bytes that wait for a client, 1 MiB; then the same.
  public var queuedBytes = 1 << 20
  /// How long a client may take none of what is written to it before it is cut, 10 s. It counts for all responses.
  public var stall = Duration.seconds(10)
  /// The same when the server ends, 1 s.
  public var stallAtEnd = Duration.seconds(1)
  /// How often a socket is pinged, and an event stream gets an empty line, 30 s. A socket that was silent since the
  /// last ping is closed.
  public var pingInterval = Duration.seconds(30)
  /// How long a client may take to send the head of a request, or stay connected without one, 30 s.
  public var idle = Duration.seconds(30)
  /// How long a client may take to close after we have, 1 s.
  public var linger = Duration.seconds(1)

  /// The defaults.
  public init() {}
}
