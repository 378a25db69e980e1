import HotReload
import HotReloadContent
import HotReloadServer
import HotReloadTesting
import Hummingbird
import Logging
import ServiceLifecycle
import SystemPackage
import Testing
import WorkspaceTools

/// A site whose assets a real manager loads and a real server serves.
struct AssetServer {
  let folder: TemporaryWorkspace
  let manager: HotReloadManager
  let assets: ParticipantRegistration<AssetManifest>
  let port: Int

  /// The hashed URL path of an asset.
  func url(_ name: String) throws -> String { try #require(assets.current.url(for: name)) }

  func get(
    _ target: String, _ headers: String..., method: String = "GET"
  ) async throws -> RawAnswer {
    try await RawExchange.get(target, port, headers: headers, method: method)
  }

  func save(_ path: FilePath, _ text: String) async throws {
    try folder.replace(path, text)
    try await manager.sync()
  }

  /// Runs a body with a server; `/` answers `home`, and what nothing answers is 404.
  static func serving(
    _ files: [FilePath: String], isManaged: Bool = false,
    prepare: (TemporaryWorkspace) throws -> Void = { _ in },
    _ body: (AssetServer) async throws -> Void
  ) async throws {
    let folder = try TemporaryWorkspace()
    for (path, text) in files { try folder.write(path, text) }
    try prepare(folder)
    let workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "development", variables: [:]))
    let manager = try await workspace.startHotReload(
      configuration: HotReloadConfiguration(
        watchPatterns: ["static/**/*", "assets/**/*"], quietPeriod: .zero,
        atomicGroups: isManaged ? .all : .none,
        contentMode: isManaged ? .managed(initial: nil) : .workspace, logger: .silent))
    let cache = AssetCache(folder: folder.path("data/hotreload/assets"), logger: .silent)
    let assets = try await manager.register(AssetBuilder(cache: cache), for: [.assets])

    let router = Router()
    router.add(
      middleware: AssetMiddleware(root: manager.contentRoot, cache: cache) { assets.current })
    router.get("/") { _, _ in "home" }
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
      router: router,
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: .silent)
    let group = ServiceGroup(services: [application], logger: .silent)
    let running = Task { try await group.run() }
    var iterator = ports.makeAsyncIterator()
    let number = try #require(await iterator.next())
    do {
      try await body(
        AssetServer(folder: folder, manager: manager, assets: assets, port: number))
    } catch {
      await group.triggerGracefulShutdown()
      try await running.value
      throw error
    }
    await group.triggerGracefulShutdown()
    try await running.value
    try await manager.shutdown()
  }
}
