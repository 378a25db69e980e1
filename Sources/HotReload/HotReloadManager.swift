import FileWatching
import Logging
public import ServiceLifecycle
import Synchronization
import WorkspaceFiles
public import SystemPackage
public import WorkspaceTools

/// Keeps the configs of a workspace current, and tells who asked for it what changed.
///
/// It runs from ``WorkspaceTools/Workspace/startHotReload(configuration:)`` until ``shutdown()``, whoever
/// holds it. All functions may be called from any thread or task.
public final class HotReloadManager: Service, Sendable {
  /// How long a shutdown waits for handlers that are busy. Then it goes on without them.
  public static let handlerGracePeriod = Duration.seconds(5)

  /// The workspace.
  public let workspace: Workspace
  /// The configuration in force, with the settings of `hotreload.toml`.
  public let configuration: HotReloadConfiguration

  let driver: ReloadDriver
  let bus: EventBus
  let source: any ChangeSource
  let recorder: JournalRecorder?
  let demanded = Mutex<Set<UnitID>>([])
  let problemReaders = Mutex<[String: ProblemReader]>([:])
  private let refreshing = Mutex<Task<Void, Never>?>(nil)
  private let ending = Mutex<Task<Void, Never>?>(nil)
  private let ended = Latch()
  private let onEnd: @Sendable (HotReloadManager) -> Void

  /// Starts to watch, and loads every config that there is.
  static func start(
    _ workspace: Workspace, configuration: HotReloadConfiguration, source: ChangeSourceFactory,
    clock: ReloadClock, bus: EventBus,
    onEnd: @escaping @Sendable (HotReloadManager) -> Void
  ) async throws -> HotReloadManager {
    let loader = ConfigLoader(workspace: workspace, options: configuration.loadOptions)
    let filter = try configuration.filter()
    let past = try await BlockingExecutor.shared.run {
      configuration.keepsJournal ? JournalRecorder.open(for: workspace, configuration) : nil
    }
    let driver: ReloadDriver
    do {
      driver = try ReloadDriver(
        configs: WorkspaceConfigSource(loader: loader, filter: filter),
        configuration: configuration, clock: clock, bus: bus,
        memory: past?.memory ?? ReloadDriver.Machine.Memory(), recorder: past?.recorder,
        sets: FileSets(root: workspace.root, filter: filter))
    } catch {
      await past?.recorder.stopped()
      throw error
    }
    let subscriptions = WatchPlan(configuration).subscriptions(configuration) { part in
      { driver.receive($0, only: part.accepts) }
    }
    let options = FileWatcher.Options(
      backend: configuration.backend, pollInterval: configuration.pollInterval)
    do {
      let source = try await source.start(workspace.root, subscriptions, options)
      let manager = HotReloadManager(
        workspace: workspace, configuration: configuration, driver: driver, bus: bus,
        source: source, recorder: past?.recorder, onEnd: onEnd)
      driver.demanded.begin(source)
      _ = try await driver.submit(.everything(by: .start))
      if driver.metrics != nil {
        manager.refreshing.withLock { $0 = Task { await manager.refreshMetrics() } }
      }
      return manager
    } catch {
      await driver.stop()
      if let error = error as? HotReloadError { throw error }
      throw HotReloadError(
        code: .cannotWatch, message: "\(workspace.root) cannot be watched: \(error)")
    }
  }

  private init(
    workspace: Workspace, configuration: HotReloadConfiguration, driver: ReloadDriver,
    bus: EventBus, source: any ChangeSource, recorder: JournalRecorder?,
    onEnd: @escaping @Sendable (HotReloadManager) -> Void
  ) {
    self.workspace = workspace
    self.configuration = configuration
    self.driver = driver
    self.bus = bus
    self.source = source
    self.recorder = recorder
    self.onEnd = onEnd
  }
}

// MARK: Life

extension HotReloadManager {
  /// Lasts until the service group shuts down gracefully or the task is cancelled, and then shuts the manager
  /// down; or until somebody else did.
  public func run() async throws {
    await withTaskCancellationOrGracefulShutdownHandler {
      await ended.wait()
    } onCancelOrGracefulShutdown: {
      _ = self.end()
    }
  }

  /// Ends the watching, all streams, all handlers and all threads and tasks, and returns when they have ended.
  ///
  /// A reload that has not come into force yet is given up, one that has is finished. Streams keep their last value.
  /// Further calls wait for the first.
  /// - Throws: ``HotReloadError`` with the code `reentrant` from within a handler, validator or participant.
  public func shutdown() async throws {
    try Reentrancy.check("shutdown()")
    await end().value
  }

  /// Whether a shutdown has begun.
  var isEnding: Bool { ending.withLock { $0 } != nil }

  func waitForEnd() async {
    await ended.wait()
  }

  private func end() -> Task<Void, Never> {
    ending.withLock { ending in
      if let ending { return ending }
      let task = Task {
        await endRefreshing()
        await source.stop()
        await driver.stop()
        driver.held?.finish()
        await bus.endReceivers(within: Self.handlerGracePeriod)
        // They may hold the manager.
        problemReaders.withLock { $0 = [:] }
        onEnd(self)
        ended.open()
      }
      ending = task
      return task
    }
  }

  /// The metrics' last word is that the manager does not run any more.
  private func endRefreshing() async {
    guard let task = refreshing.withLock({ $0 }) else { return }
    task.cancel()
    await task.value
    _ = await status()
  }
}

// MARK: Reloading

extension HotReloadManager {
  /// Puts a candidate through a transaction, alone or merged with others, and says what came of it.
  /// - Throws: ``HotReloadError`` with the code `reentrant` from within a handler, validator or participant,
  ///   `paused`, or `shutDown`; `invalidConfiguration` for content from a folder with a relative path, or in a manager whose
  ///   ``HotReloadConfiguration/contentMode`` is not managed.
  @discardableResult
  public func submit(_ candidate: Candidate) async throws -> ReloadReport {
    try Reentrancy.check("submit(_:)")
    try checkContent(of: candidate)
    return try await driver.submit(candidate)
  }

  /// Loads every config again, and says what came of it. What is in force already is not touched.
  /// - Throws: as ``submit(_:)``.
  @discardableResult
  public func reload() async throws -> ReloadReport {
    try Reentrancy.check("reload()")
    return try await driver.submit(.everything(by: .reload))
  }

  /// Returns when everything that was written to disk before the call has been through a transaction.
  ///
  /// - Returns: files that a writer still has open, or that just became empty, which are waited for.
  /// - Throws: ``HotReloadError`` with the code `reentrant` from within a handler, validator or participant,
  ///   `paused`, or `shutDown`.
  @discardableResult
  public func sync() async throws -> [FilePath] {
    try Reentrancy.check("sync()")
    let pending: [FilePath]
    do {
      pending = try await source.deliverEverything()
    } catch {
      throw !isEnding
        ? HotReloadError(code: .cannotWatch, message: "\(error)") : .shutDown
    }
    try await driver.drain()
    return pending
  }

  /// Puts nothing in force any more until ``resume()``. What changes on disk meanwhile is kept.
  ///
  /// Whoever waits for a reload gets an error with the code `paused`, and so do calls of ``submit(_:)``, ``reload()`` and
  /// ``sync()``. A roll-back and the end of a bake are not held up.
  public func pause() {
    driver.step(.pause)
  }

  /// Goes on after ``pause()``, with everything that changed meanwhile.
  public func resume() {
    driver.step(.resume)
  }

  /// Lets contents come into force again that were rolled back before.
  /// - Parameter unit: of which unit; nil for all.
  public func clearQuarantine(of unit: UnitID? = nil) {
    driver.clearQuarantine(of: unit)
  }

  /// Everything that is in force at this moment, as one view that does not change.
  public func snapshot() -> Snapshot {
    Snapshot(storage: driver.cell.storage)
  }

  /// How the manager is doing.
  public func status() async -> HotReloadStatus {
    let watch = (try? await source.watchStatus()) ?? nil
    let status = driver.status(
      watch: watch, handlers: bus.handlers, journal: journalHealth, problems: await problems(),
      isRunning: !isEnding)
    driver.noteDroppedEvents()
    driver.metrics?.refresh(status)
    return status
  }
}
