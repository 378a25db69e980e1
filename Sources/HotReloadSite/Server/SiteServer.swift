public import HotReload
import HotReloadBrowser
internal import HotReloadContent
import HotReloadProcess
import HotReloadServer
import Hummingbird
import HummingbirdCore
import Logging
public import NIOCore
import ServiceLifecycle
import Synchronization
public import WorkspaceTools

/// A development server: serves a workspace as a site, or stands in front of a program that does, and lets browsers see each change.
public final class SiteServer: Sendable {
  /// Loads and watches the workspace.
  public let manager: HotReloadManager
  let live: LiveReload
  /// The workspace's own pages; nil for a program's.
  let content: SiteContent?
  let proxy: DevelopmentProxy?
  let build: BuildMonitor?
  private let application: ListeningApplication<Application<SiteRouter.Responder>>
  private let group: ServiceGroup
  /// Whether ``run(ready:)`` was called, which ends everything in its own end.
  private let hasRun = Mutex(false)

  /// Browsers keep connections that they do not use. Whoever ends a development server waits for it, and a request that comes at
  /// this moment is asked again by hand.
  private static let connectionLimits = ServerConnections.Limits(
    idleAtShutdown: .milliseconds(50), linger: .milliseconds(250))

  /// Starts to watch, and loads everything; it does not listen yet.
  ///
  /// Whoever starts one runs it, or else stops it: until then its manager watches the workspace.
  ///
  /// - Parameters:
  ///   - workspace: what is served.
  ///   - configuration: how it is reloaded; nil for ``HotReload/HotReloadConfiguration/site(logger:)``.
  ///   - options: where the pages come from and where it listens.
  /// - Throws: `HotReloadError`, or what registering templates and assets throws.
  public static func start(
    _ workspace: Workspace, configuration: HotReloadConfiguration? = nil,
    options: SiteOptions = SiteOptions()
  ) async throws -> SiteServer {
    let manager = try await workspace.startHotReload(
      configuration: configuration ?? .site(logger: options.logger))
    do {
      return try await SiteServer(manager, options)
    } catch {
      // What went wrong first is what somebody wants to know.
      try? await manager.shutdown()
      throw error
    }
  }

  private init(_ manager: HotReloadManager, _ options: SiteOptions) async throws {
    self.manager = manager
    let parts = try await SiteParts(manager, options)
    live = parts.live
    content = parts.content
    proxy = parts.proxy
    build = parts.build
    let connections = ServerConnections(limits: Self.connectionLimits)
    var logger = options.logger
    // What it says of each start and stop is said by whoever runs it.
    logger.logLevel = max(logger.logLevel, .warning)
    application = ListeningApplication(
      Application(
        responder: try SiteRouter.responder(of: parts),
        server: .http1(live: parts.live, tunnelingTo: parts.proxy, draining: connections),
        configuration: ApplicationConfiguration(
          address: .hostname(options.host, port: options.port), serverName: nil),
        logger: logger),
      connections: connections)
    // They end in the opposite order: first what keeps connections open, then the server, then what it shows.
    var services: [any Service] =
      [
        manager, SiteControl(manager, instance: options.instance, logger: logger), application,
        parts.dashboard,
        parts.live,
      ] + options.services
    if let proxy = parts.proxy { services.insert(proxy, at: 2) }
    group = ServiceGroup(services: services, logger: logger)
  }

  /// Serves until ``stop()`` or the task is cancelled.
  ///
  /// - Parameter ready: called once when it listens, with the address.
  /// - Throws: `ListeningError` if it cannot listen; what any of its parts throws.
  public func run(ready: @escaping @Sendable (SocketAddress) async -> Void) async throws {
    hasRun.withLock { $0 = true }
    try await withThrowingTaskGroup(of: Bool.self) { tasks in
      tasks.addTask {
        try await self.group.run()
        return true
      }
      tasks.addTask {
        try await self.application.waitUntilReady()
        if let address = self.application.localAddress { await ready(address) }
        return false
      }
      while let isOver = try await tasks.next() {
        if isOver { tasks.cancelAll() }
      }
    }
  }

  /// Ends it: lets requests that have begun end, and closes everything. `run` returns then. If that was not called, the watching
  /// has ended when this returns, and it must not be called any more.
  public func stop() async {
    await group.triggerGracefulShutdown()
    if !hasRun.withLock({ $0 }) { try? await manager.shutdown() }
  }
}
