public import NIOCore
import Synchronization

/// The connections of one listener, and whether their clients are to leave.
///
/// A server must not close a connection on which a client may be sending at this moment: such a request is lost,
/// and the client cannot know whether it was carried out. So clients are asked first, with `Connection: close` on their
/// next response, and go to whatever listens now. Only those that send nothing are closed, late.
///
/// It works through a channel handler in each connection, which ``Hummingbird/HTTPServerBuilder/http1(draining:configuration:)``
/// puts in. All functions may be called from any thread.
public final class ServerConnections: Sendable {
  /// How long clients of a listener that ends may leave the connection unused before it is closed.
  public struct Limits: Sendable, Hashable {
    /// When another listener took over, fifteen seconds: most clients ask again within that time.
    public static let defaultIdleWhenReplaced = TimeAmount.seconds(15)
    /// When the program ends, one second.
    public static let defaultIdleAtShutdown = TimeAmount.seconds(1)
    /// How long a client may take to close after the last response, two seconds. Until then what it still sends is read,
    /// because closing on it would destroy the response on its way.
    public static let defaultLinger = TimeAmount.seconds(2)

    /// When another listener took over.
    public var idleWhenReplaced: TimeAmount
    /// When the program ends.
    public var idleAtShutdown: TimeAmount
    /// From the end of the last response to the close, if the client does not close.
    public var linger: TimeAmount

    /// Creates limits.
    public init(
      idleWhenReplaced: TimeAmount = defaultIdleWhenReplaced,
      idleAtShutdown: TimeAmount = defaultIdleAtShutdown, linger: TimeAmount = defaultLinger
    ) {
      self.idleWhenReplaced = idleWhenReplaced
      self.idleAtShutdown = idleAtShutdown
      self.linger = linger
    }
  }

  /// The limits.
  public let limits: Limits
  private let isLeaving = Atomic(false)
  private let isReplaced = Atomic(false)
  private let openCount = Atomic(0)
  private let totalCount = Atomic(0)
  private let setupCount = Atomic(0)

  /// Creates an empty set of connections.
  public init(limits: Limits = Limits()) {
    self.limits = limits
  }

  /// Whether clients are asked to leave.
  public var asksToLeave: Bool { isLeaving.load(ordering: .relaxed) }

  /// How many connections are open.
  public var count: Int { openCount.load(ordering: .relaxed) }

  /// How many connections there have been.
  public var total: Int { totalCount.load(ordering: .relaxed) }

  /// Asks clients to leave from the next response on, or lets them stay again.
  public func askToLeave(_ asks: Bool = true) {
    isLeaving.store(asks, ordering: .relaxed)
  }

  /// Says what follows: when the listener is closed, unused connections have so much time.
  func willEnd(replaced: Bool) {
    isReplaced.store(replaced, ordering: .relaxed)
    askToLeave()
  }

  var idleLimit: TimeAmount {
    isReplaced.load(ordering: .relaxed) ? limits.idleWhenReplaced : limits.idleAtShutdown
  }

  func opened() {
    openCount.add(1, ordering: .relaxed)
    totalCount.add(1, ordering: .relaxed)
  }

  func closed() {
    openCount.subtract(1, ordering: .relaxed)
  }

  /// Connections that were accepted and that nobody handles yet.
  var inSetup: Int { setupCount.load(ordering: .acquiring) }

  func setupBegan() { setupCount.add(1, ordering: .acquiringAndReleasing) }

  func setupEnded() { setupCount.subtract(1, ordering: .acquiringAndReleasing) }

  /// The handler for one connection. Its place is behind the one that makes `HTTPRequestPart` of what arrives.
  package func makeHandler() -> any RemovableChannelHandler {
    ConnectionDrainHandler(self)
  }
}
