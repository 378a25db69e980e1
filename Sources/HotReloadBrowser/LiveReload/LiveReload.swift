public import HotReload
public import HotReloadContent
public import ServiceLifecycle
import WorkspaceTools

/// Tells browsers what was reloaded: which pages, styles and images to load anew, and what is wrong.
///
/// For development. It needs a server that opens its sockets, ``HummingbirdCore/HTTPServerBuilder/http1(live:draining:configuration:)``, and
/// something in the responder that asks ``respond(to:)`` first; and it must run, as a service beside the server.
/// All functions may be called from any thread or task.
public final class LiveReload: Service {
  /// What is told of.
  public let manager: HotReloadManager
  /// How it speaks.
  public let options: LiveReloadOptions
  /// What pages prove with that they are ours; another one in each process.
  public let token: LiveToken
  /// The name of this run of the server, which is no secret.
  public let session: String

  let hub: LiveHub
  private let excerpts: ExcerptReader
  private let endpoints = EndpointRegistry()

  /// Creates it. Nothing is told before ``run()``.
  public init(manager: HotReloadManager, options: LiveReloadOptions = LiveReloadOptions()) {
    self.manager = manager
    self.options = options
    token = LiveToken()
    session = String(LiveToken().text.prefix(Self.sessionLength))
    hub = LiveHub(
      session: session, limit: options.limits.clients,
      state: LiveState(
        redacting: options.redaction, generation: manager.snapshot().generation))
    excerpts = ExcerptReader(root: manager.workspace.root, rules: options.redaction)
    for endpoint in ownEndpoints { endpoints.add(endpoint) }
  }

  /// Creates it for a site whose pages take the URLs of assets from the manifest that a registration makes.
  public convenience init(
    manager: HotReloadManager, assets: ParticipantRegistration<AssetManifest>,
    options: LiveReloadOptions = LiveReloadOptions()
  ) {
    var options = options
    options.assetChanges = LiveAssetChange.withDigests(of: assets)
    self.init(manager: manager, options: options)
  }

  /// Long enough that two runs never have the same.
  private static let sessionLength = 16

  /// How many clients are connected.
  public var clientCount: Int { hub.count }

  /// Tells of each reload until the service group shuts down gracefully or the task is cancelled, and then closes all
  /// connections.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        // Before anybody asks what is wrong now, so that nothing falls in between.
        let reloads = self.manager.reloads()
        group.addTask { await self.keepStreamsAlive() }
        await self.begin()
        for await reload in reloads { await self.tell(of: reload) }
        // The manager ended; the server may still run, and says so with an open connection.
      }
    }
    hub.close()
  }

  /// Tells all pages something that no reload does: that a program is being compiled, and what came of it. Who
  /// comes while it is compiled, or when it could not be, is told too.
  public func announce(_ message: LiveMessage) { hub.announce(message) }

  /// Adds an endpoint of another part, such as the dashboard. One with the same path and method replaces the other.
  public func add(_ endpoint: some LiveEndpoint) { endpoints.add(endpoint) }

  func endpoint(at path: Substring) -> [any LiveEndpoint] { endpoints.all(at: path) }

  // MARK: Telling

  private func begin() async {
    let status = await manager.status()
    let found = await excerpts.excerpts(around: Self.places(status))
    hub.publish { state in
      state.begin(with: status) { found[.init(unit: $0, diagnostic: $1)] }
      return state.current
    }
  }

  private func tell(of reload: CompletedReload) async {
    var places = reload.report.units.flatMap { unit in
      unit.outcome.diagnostics.map { ExcerptReader.Place(unit: unit.unit, diagnostic: $0) }
    }
    var status: HotReloadStatus?
    if reload.droppedBefore > 0 {
      status = await manager.status()
      places += status.map(Self.places) ?? []
    }
    let found = await excerpts.excerpts(around: places)
    let assets = options.assetChanges(reload)
    hub.publish { state in
      if let status { state.restart(with: status) { found[.init(unit: $0, diagnostic: $1)] } }
      return state.messages(for: reload, assets: assets) {
        found[.init(unit: $0, diagnostic: $1)]
      }
    }
  }

  private static func places(_ status: HotReloadStatus) -> [ExcerptReader.Place] {
    status.units.flatMap { unit in
      unit.errors.map { ExcerptReader.Place(unit: unit.unit, diagnostic: $0) }
    }
  }

  /// Writes to event streams from time to time, so that dead ones are found.
  private func keepStreamsAlive() async {
    while (try? await Task.sleep(for: options.limits.pingInterval)) != nil { hub.keepAlive() }
  }
}
