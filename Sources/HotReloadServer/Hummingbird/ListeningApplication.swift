public import HotReload
public import Hummingbird
internal import HummingbirdCore
public import NIOCore
internal import Logging
import ServiceLifecycle
import Synchronization
public import SystemPackage

/// A Hummingbird application on one address, which another on another address may replace.
///
/// It is ready when it listens. When it is replaced, both listen for a while: the old one asks its clients to leave, keeps its
/// listener open until nobody has come for a moment, and then closes it.
public final class ListeningApplication<Base: ApplicationProtocol>: ReplaceableService {
  /// The application.
  public let application: Base
  /// Its connections.
  public let connections: ServerConnections
  private let listening = Listening()

  /// Creates it with an application that uses these connections, and no other.
  public init(_ application: Base, connections: ServerConnections) {
    self.application = application
    self.connections = connections
  }

  /// Where it listens, with the port that the system chose if the config asked for any; nil before it is ready.
  public var localAddress: SocketAddress? { listening.channel?.localAddress }

  /// Runs the application until its graceful shutdown.
  /// - Throws: what the application throws; ``ListeningError`` if it cannot listen.
  public func run() async throws {
    let announcing = AnnouncingApplication(base: application, listening: listening)
    // Cancelled while connections are being accepted, the server would drop them, which NIO makes fatal.
    let running = Task { try await announcing.run() }
    do {
      try await withTaskCancellationHandler {
        try await running.value
      } onCancel: {
        Task {
          await self.stopAccepting()
          running.cancel()
        }
      }
    } catch let error as IOError where listening.channel == nil {
      throw ListeningError(Errno(rawValue: error.errnoCode))
    }
  }

  /// Returns when it listens.
  public func waitUntilReady() async throws { await listening.wait() }

  /// Lets clients stay, if they had been asked to leave.
  public func activate() async { connections.askToLeave(false) }

  /// Asks clients to leave. The listener stays open, for those that have not heard of the new address.
  public func deactivate() async { connections.askToLeave() }

  /// Waits until no client has connected for a while, and then accepts nothing more. A connection that the kernel has taken
  /// and we have not accepted is reset when the listener is closed.
  public func willEnd(_ reason: ServiceEnding) async {
    connections.willEnd(replaced: reason == .replaced)
    if reason == .replaced, listening.channel != nil { await waitForQuiet() }
    await stopAccepting()
  }

  private func stopAccepting() async {
    await listening.channel?.stopAccepting(of: connections, in: application.eventLoopGroup)
  }

  private func waitForQuiet() async {
    for _ in 0..<ListenerTiming.maximumQuietPeriods {
      let before = connections.total
      guard (try? await Task.sleep(for: ListenerTiming.quietPeriod)) != nil else { return }
      if connections.total == before { return }
    }
  }

  /// Returns when the listener is closed, so that its address is free.
  public func waitUntilReleased() async {
    _ = try? await listening.channel?.closeFuture.get()
  }
}

/// The system does not let an application listen on its address.
public struct ListeningError: Error, Sendable, CustomStringConvertible {
  /// The system's answer.
  public let errno: Errno

  init(_ errno: Errno) { self.errno = errno }

  /// What it means.
  public var description: String { "it cannot listen on its address: \(errno)" }
}

/// When a listener that was replaced is closed.
enum ListenerTiming {
  /// If no client connects for so long, those who knew the old address have moved.
  static let quietPeriod = Duration.milliseconds(250)
  /// After so many periods, five seconds in all, it is closed although clients still connect.
  static let maximumQuietPeriods = 20
  /// An accepted connection changes its event loop three times before its pipeline is made; one more for safety.
  static let hopsToSetup = 4
  /// How often it is looked whether all accepted connections are being handled, and how many times, two seconds in all.
  static let setupCheck = Duration.milliseconds(2)
  static let maximumSetupChecks = 1_000
}

/// The application with a word when it listens.
private struct AnnouncingApplication<Base: ApplicationProtocol>: ApplicationProtocol {
  let base: Base
  let listening: Listening

  var responder: Base.Responder { get async throws { try await base.responder } }
  var server: HTTPServerBuilder { base.server }
  var eventLoopGroup: any EventLoopGroup { base.eventLoopGroup }
  var configuration: ApplicationConfiguration { base.configuration }
  var logger: Logger { base.logger }
  var services: [any Service] { base.services }
  var processesRunBeforeServerStart: [@Sendable () async throws -> Void] {
    base.processesRunBeforeServerStart
  }

  @Sendable func onServerRunning(_ channel: any Channel) async {
    await base.onServerRunning(channel)
    listening.began(on: channel)
  }
}

/// The channel of the listener, and those who wait for it.
private final class Listening: Sendable {
  private let state = Mutex<(any Channel)?>(nil)
  private let stream: AsyncStream<Never>
  private let continuation: AsyncStream<Never>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream() }

  var channel: (any Channel)? { state.withLock { $0 } }

  func began(on channel: any Channel) {
    state.withLock { $0 = channel }
    continuation.finish()
  }

  /// Returns when it listens or the task is cancelled.
  func wait() async {
    for await _ in stream {}
  }
}
