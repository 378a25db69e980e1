import HotReload
import Logging
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Finds what an instance starts with, before it takes part in its fleet.
struct FleetStart: Sendable {
  let workspace: Workspace
  let options: FleetOptions
  let folder: InstanceFolder
  let store: any FleetStore
  let keys: FleetKeys
  let logger: Logger
  let folders: BundleFolders

  init(
    workspace: Workspace, options: FleetOptions, folder: InstanceFolder, store: any FleetStore,
    keys: FleetKeys, logger: Logger
  ) {
    self.workspace = workspace
    self.options = options
    self.folder = folder
    self.store = store
    self.keys = keys
    self.logger = logger
    folders = BundleFolders(at: folder.bundles)
  }

  /// What is remembered, and the folder of the content to start with; nil for the workspace's own files.
  /// - Throws: ``FleetError`` with the code `noContent` if there is nothing to start with.
  func content() async throws -> (InstanceMemory, FilePath?) {
    var (memory, problem) = try await BlockingExecutor.shared.run { [folder] in
      folder.remembered()
    }
    if let problem {
      logger.warning("what this instance knew of its rollouts is lost: \(problem)")
    }
    if let good = memory.good {
      if let path = try await folders.folder(of: good.content) { return (memory, path) }
      logger.warning(
        "the content of \(good) is not on this instance any more, or is damaged; it starts with its own files"
      )
      memory.good = nil
    }
    do {
      _ = try await ContentBundle.gather(from: workspace, scope: options.scope)
    } catch {
      if error.code == .empty { return try await committed(memory) }
      // Files that cannot be a bundle are files all the same.
    }
    return (memory, nil)
  }

  /// Without files of its own, an instance starts with what the fleet has agreed on. That is remembered as an attempt: one that kills the
  /// process each time is not tried for ever.
  private func committed(_ memory: InstanceMemory) async throws -> (InstanceMemory, FilePath?) {
    var memory = memory
    let release = try await agreement(within: options.firstContentLimit)
    if let died = memory.attempt { memory.strike(died) }
    guard (memory.strikes[release.number] ?? 0) < InstanceMachine.maximumStrikes else {
      throw FleetError(
        .noContent,
        "this instance has no files of its own, and died \(InstanceMachine.maximumStrikes) times on \(release), which the "
          + "fleet has agreed on")
    }
    guard let bundle = try await store.bundle(release.content, under: keys) else {
      throw FleetError.contentMissing(release.content)
    }
    let path = try await folders.store(bundle)
    memory.attempt = release
    let attempt = memory
    try await BlockingExecutor.shared.run { [folder] in try folder.remember(attempt) }
    memory.good = release
    return (memory, path)
  }

  /// What the fleet has agreed on, once it has.
  private func agreement(within limit: Duration) async throws -> Release {
    let clock = StoreClock.continuous
    let release = await clock.within(limit) { [keys, store] () -> Release? in
      do {
        for try await event in store.follow(keys.orders, clock: clock) {
          guard case .changed(let mirror, _) = event else { continue }
          let orders = FleetOrders(
            mirror.entries.values.compactMap { keys.change(.put($0)) }, revision: mirror.revision)
          if let committed = orders.committed { return committed.value.release }
        }
      } catch {}
      return nil
    }
    guard let release else {
      throw FleetError(
        .noContent,
        "this instance has no files of its own, and the fleet \(options.fleet) told it of none within \(limit); see whether "
          + "its store answers and something was committed, with 'hotreload fleet status'")
    }
    return release
  }
}
