import Foundation
public import HotReload
import Logging
public import ServiceLifecycle
import SystemPackage
import WorkspaceFiles
public import WorkspaceTools

extension Workspace {
  /// Starts the hot reload of this workspace as an instance of a fleet.
  ///
  /// ```swift
  /// let member = try await workspace.joinFleet(FleetOptions(fleet: "shop"))
  /// let config = try await member.manager.watchConfigChanges("app", as: AppConfig.self)
  /// try await ServiceGroup(services: [member, server], logger: logger).run()
  /// ```
  /// What is in force is then what the fleet agreed on, or tries on this instance: edits of the workspace's own files are proposals on a
  /// source instance, and elsewhere only reported. The instance starts with the newest content that the fleet had agreed on
  /// when it last ran, whether the store answers or not; at its first start, with the workspace's own files; and if it has none, with
  /// what the fleet agrees on.
  ///
  /// - Parameters:
  ///   - options: a `[fleet]` table of `hotreload.toml` wins over them.
  ///   - configuration: its ``HotReload/HotReloadConfiguration/atomicGroups``, `bake` and `contentMode` are the fleet's.
  /// - Throws: ``FleetError``, and what ``WorkspaceTools/Workspace/startHotReload(configuration:)`` throws.
  public func joinFleet(
    _ options: FleetOptions = FleetOptions(),
    configuration: HotReloadConfiguration = HotReloadConfiguration()
  ) async throws -> FleetMember {
    try await FleetMember.join(self, options, configuration)
  }
}

/// One process's part in a fleet. It takes part while ``run()`` runs, and leaves the fleet when that ends.
public final class FleetMember: Service, Sendable {
  /// What keeps the process's content.
  public let manager: HotReloadManager
  /// To look at the fleet, and to ask things of it.
  public let client: FleetClient
  /// The instance's name.
  public let instance: String

  private let agent: FleetAgent
  private let host: ManagerHost
  private let store: any FleetStore
  private let ownsStore: Bool
  private let isSource: Bool

  private init(
    _ agent: FleetAgent, _ host: ManagerHost, ownsStore: Bool, _ options: FleetOptions
  ) {
    isSource = options.isSource
    self.agent = agent
    self.host = host
    self.ownsStore = ownsStore
    store = host.store
    manager = host.manager
    instance = host.instance
    client = FleetClient(host.store, fleet: options.fleet)
  }

  static func join(
    _ workspace: Workspace, _ options: FleetOptions, _ configuration: HotReloadConfiguration
  ) async throws -> FleetMember {
    var options = options
    if let settings = try await BlockingExecutor.shared.run({
      try FleetSettings.load(from: workspace)
    }) {
      options = try settings.options(over: options)
    }
    try options.validate()
    let name = options.instance
    let folder = try await BlockingExecutor.shared.run {
      try InstanceFolder.claim(name, in: workspace)
    }
    let (store, isOwned) = try await options.store.within(options.times)
      .open(in: workspace, logger: configuration.logger)
    do {
      return try await join(workspace, options, configuration, folder, store, isOwned)
    } catch {
      if isOwned { await store.close() }
      throw error
    }
  }

  private static func join(
    _ workspace: Workspace, _ options: FleetOptions, _ configuration: HotReloadConfiguration,
    _ folder: InstanceFolder, _ store: any FleetStore, _ isOwned: Bool
  ) async throws -> FleetMember {
    let keys = FleetKeys(prefix: options.fleet)
    let start = FleetStart(
      workspace: workspace, options: options, folder: folder, store: store, keys: keys,
      logger: configuration.logger)
    let (memory, initial) = try await start.content()
    var configuration = configuration
    configuration.instance = folder.name
    configuration.atomicGroups = .all
    configuration.bake = .zero
    configuration.contentMode = .managed(initial: initial)
    let manager = try await workspace.startHotReload(configuration: configuration)
    let host = ManagerHost(
      manager: manager, store: store, keys: keys, folders: start.folders, folder: folder,
      options: options)
    let identity = InstanceMachine.Identity(
      name: folder.name, incarnation: StoreOperationID().description, isSource: options.isSource)
    let agent = FleetAgent(
      identity: identity, keys: keys, times: options.times, stages: options.stages,
      memory: memory, store: store, host: host, logger: configuration.logger,
      wallClock: { Int64(Date().timeIntervalSince1970 * 1_000) })
    return FleetMember(agent, host, ownsStore: isOwned, options)
  }

  /// How the instance is doing.
  public func status() -> FleetMemberStatus { agent.status }

  /// How the instance is doing, anew each time that it changes; the newest only, if the consumer is slow. It ends with the
  /// task.
  public func statuses() -> FleetMemberStatuses { FleetMemberStatuses(agent: agent) }

  /// Returns once the instance knows what the fleet wants, and runs it.
  /// - Throws: `CancellationError`.
  public func caughtUp() async throws {
    for await status in statuses() where status.isSettled { return }
    throw CancellationError()
  }

  /// Takes part in the fleet until the service group shuts down gracefully or the task is cancelled. Then it says that it leaves, and
  /// shuts the manager down.
  public func run() async throws {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.watchOwnFiles() }
      await withGracefulShutdownHandler {
        await agent.run()
      } onGracefulShutdown: {
        self.agent.depart()
      }
      group.cancelAll()
    }
    // Then another process, or this one again, may take part under its name.
    defer { host.folder.lock.unlock() }
    try await manager.shutdown()
    if ownsStore { await store.close() }
  }

  /// Tells the agent what the workspace's own files have, each time that they change.
  private func watchOwnFiles() async {
    // What is there at the start is a proposal only if the fleet has nothing yet, and no drift: an image that is started may have
    // older files than the fleet.
    for await status in statuses() where status.hasHeard {
      if isSource, status.committed == nil, let bundle = await host.lookAtFiles() {
        await agent.edited(bundle.digest, isNew: true)
      }
      break
    }
    for await _ in manager.heldChanges() {
      guard let bundle = await host.lookAtFiles() else { continue }
      await agent.edited(bundle.digest, isNew: true)
    }
  }
}
