public import HotReload
import Logging
public import ServiceLifecycle
import SystemPackage
import WorkspaceFiles
public import WorkspaceTools

extension Workspace {
  /// Starts the hot reload of this workspace with content that a server has under one address, so that the program needs no files of its
  /// own.
  ///
  /// ```swift
  /// let content = try await workspace.followContent(from: "https://config.example.com/shop.json")
  /// let config = try await content.manager.watchConfigChanges("app", as: AppConfig.self)
  /// try await ServiceGroup(services: [content, server], logger: logger).run()
  /// ```
  /// It starts with the bundle that was in force when it last ran, whether the server answers or not; at its first start with the workspace's
  /// own files; and if it has none, with the server's bundle, which is waited for. From then on a bundle of the server comes into force
  /// whole or not at all, and only if it is accepted and, with a health check, stays healthy for the configuration's bake. Edits of the workspace's
  /// own files are held (``HotReload/HotReloadManager/heldChanges()``).
  ///
  /// - Parameters:
  ///   - url: as for ``RemoteBundleSource``.
  ///   - configuration: its ``HotReload/HotReloadConfiguration/atomicGroups`` and `contentMode` are set for this; `bake` and
  ///     `healthCheck` are of each bundle.
  ///   - firstContentLimit: how long the first bundle is waited for, if there is nothing else to start with. Default 30 s.
  /// - Throws: ``BundleError`` with the code `invalidOptions`, or why there is no first bundle; what
  ///   ``WorkspaceTools/Workspace/startHotReload(configuration:)`` throws.
  public func followContent(
    from url: String, options: RemoteBundleOptions = RemoteBundleOptions(),
    configuration: HotReloadConfiguration = HotReloadConfiguration(),
    firstContentLimit: Duration = .seconds(30)
  ) async throws -> RemoteContent {
    try await RemoteContent.start(
      self, url, options, configuration, firstContentLimit, clock: ContinuousClock())
  }
}

/// A process whose content comes from a server. It follows the server while ``run()`` runs.
public final class RemoteContent: Service, Sendable {
  /// What keeps the process's content.
  public let manager: HotReloadManager
  let source: RemoteBundleSource
  private let place: RemotePlace

  private init(_ manager: HotReloadManager, _ source: RemoteBundleSource, _ place: RemotePlace) {
    self.manager = manager
    self.source = source
    self.place = place
  }

  /// How it is doing.
  public var status: RemoteBundleStatus { source.status }

  /// Follows the server until the service group shuts down gracefully or the task is cancelled, and then shuts the manager down.
  public func run() async throws {
    try await source.run()
    try await manager.shutdown()
    place.release()
  }

  static func start(
    _ workspace: Workspace, _ url: String, _ options: RemoteBundleOptions,
    _ configuration: HotReloadConfiguration, _ limit: Duration, clock: any Clock<Duration>
  ) async throws -> RemoteContent {
    try options.validate()
    _ = try BundleEndpoint(url, provesContent: options.provesContent)
    let name = configuration.instance
    let place = try await BundleError.blocking { () throws(BundleError) in
      try RemotePlace.claim(name, in: workspace)
    }
    let good = try await RemoteBundleSource.lastGood(in: place.folders)
    var managed = configuration
    managed.atomicGroups = .all
    managed.contentMode = .managed(initial: good?.folder)
    managed.bake = .zero
    let manager = try await workspace.startHotReload(configuration: managed)
    do {
      let taker = RemoteBundleTaker(
        manager: manager, bake: configuration.bake, healthCheck: configuration.healthCheck,
        interval: configuration.healthCheckInterval, clock: clock)
      let source = try RemoteBundleSource(
        url: url, options: options, folders: place.folders, inForce: good?.digest,
        logger: configuration.logger, clock: clock, apply: taker.take)
      if good == nil, try await !hasFiles(workspace, configuration) {
        try await awaitFirst(source, options, limit)
      }
      return RemoteContent(manager, source, place)
    } catch {
      try? await manager.shutdown()
      throw error
    }
  }

  private static func hasFiles(
    _ workspace: Workspace, _ configuration: HotReloadConfiguration
  ) async throws -> Bool {
    do {
      _ = try await ContentBundle.gather(from: workspace, scope: BundleScope(configuration))
      return true
    } catch {
      if error.code == .cancelled { throw error }
      // Files that cannot be a bundle are files all the same.
      return error.code != .empty
    }
  }

  /// Waits for a first bundle; the time limit is of real time, whatever clock the source has.
  private static func awaitFirst(
    _ source: RemoteBundleSource, _ options: RemoteBundleOptions, _ limit: Duration
  ) async throws {
    let end = ContinuousClock.now + limit
    while true {
      switch await source.poll() {
      case .applied, .unchanged: return
      case .refused(let error):
        await source.close()
        throw error
      case .failed(let error):
        try Task.checkCancellation()
        guard ContinuousClock.now + options.firstDelay < end else {
          await source.close()
          throw BundleError(
            .unavailable,
            "there is nothing to start with: the workspace has no files, no bundle was kept here, and none came within "
              + "\(limit): \(error)", cause: error)
        }
        try await Task.sleep(for: options.firstDelay)
      }
    }
  }
}

/// Where the bundles of a server are kept: `data/hotreload/INSTANCE/remote`, which one process at a time has.
struct RemotePlace: Sendable {
  /// The most processes of one name on a workspace.
  static let maximumInstances = 16

  let folders: BundleFolders
  /// Held for as long as the process follows its server.
  private let lock: FileLock

  /// Lets another process have it.
  func release() { lock.unlock() }

  /// Takes the folder of an instance, or that of `NAME-2`, `NAME-3`, … if another process has it. Blocks.
  static func claim(_ name: String, in workspace: Workspace) throws(BundleError) -> RemotePlace {
    let parent = workspace.dataDirectory.appending("hotreload")
    for number in 1...maximumInstances {
      let folder = parent.appending(number == 1 ? name : "\(name)-\(number)")
      do {
        try SystemCalls.makeDirectory(folder, mode: 0o700)
        guard let lock = try FileLock.tryLock(folder.appending("remote.lock")) else { continue }
        return RemotePlace(folders: BundleFolders(at: folder.appending("remote")), lock: lock)
      } catch {
        throw BundleError(
          .fileSystem,
          "\(folder) cannot be used: \(error); a program that follows a server needs a folder that it can write to",
          cause: error)
      }
    }
    throw BundleError(
      .invalidOptions,
      "\(maximumInstances) processes follow a server as \(name) on this workspace already; give this one another instance name"
    )
  }
}
