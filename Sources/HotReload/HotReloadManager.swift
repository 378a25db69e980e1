import FileWatching
import Logging
public import ServiceLifecycle
import Synchronization
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
  private let source: any ChangeSource
  private let demanded = Mutex<Set<String>>([])
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
    let driver = try ReloadDriver(
      configs: WorkspaceConfigSource(loader: loader, filter: filter), configuration: configuration,
      clock: clock, bus: bus)
    let subscriptions = WatchPlan(configuration).subscriptions(configuration) { part in
      { driver.receive($0, only: part.accepts) }
    }
    let options = FileWatcher.Options(
      backend: configuration.backend, pollInterval: configuration.pollInterval)
    do {
      let source = try await source.start(workspace.root, subscriptions, options)
      let manager = HotReloadManager(
        workspace: workspace, configuration: configuration, driver: driver, bus: bus,
        source: source, onEnd: onEnd)
      _ = try await driver.submit(.everything(by: .start))
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
    bus: EventBus, source: any ChangeSource,
    onEnd: @escaping @Sendable (HotReloadManager) -> Void
  ) {
    self.workspace = workspace
    self.configuration = configuration
    self.driver = driver
    self.bus = bus
    self.source = source
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
  /// - Throws: ``HotReloadError`` with the code `reentrant` from within a handler or validator.
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
        await source.stop()
        await driver.stop()
        await bus.endReceivers(within: Self.handlerGracePeriod)
        onEnd(self)
        ended.open()
      }
      ending = task
      return task
    }
  }
}

// MARK: Reloading

extension HotReloadManager {
  /// Puts a candidate through a transaction, alone or merged with others, and says what came of it.
  /// - Throws: ``HotReloadError`` with the code `reentrant` from within a handler or validator, or `shutDown`.
  @discardableResult
  public func submit(_ candidate: Candidate) async throws -> ReloadReport {
    try Reentrancy.check("submit(_:)")
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
  /// - Throws: ``HotReloadError`` with the code `reentrant` from within a handler or validator, or `shutDown`.
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

  /// Everything that is in force at this moment, as one view that does not change.
  public func snapshot() -> Snapshot {
    Snapshot(storage: driver.cell.storage)
  }

  /// How the manager is doing.
  public func status() async -> HotReloadStatus {
    let watch = (try? await source.watchStatus()) ?? nil
    return driver.status(
      watch: watch, handlers: bus.handlers,
      isRunning: !isEnding)
  }
}

// MARK: Registering

extension HotReloadManager {
  /// A typed, always current view of a config.
  ///
  /// Every file that the config may come from is watched from then on. Streams of the same config and type
  /// share the work: each version is decoded once.
  ///
  /// - Parameters:
  ///   - name: the config's name, such as `app` or `sub/app`.
  ///   - type: what to decode it into.
  /// - Throws: ``HotReloadError`` with the code `configRejected` and all that is wrong, if there is no good value to
  ///   begin with; `shutDown`; `cannotWatch`; `reentrant` from within a handler or validator.
  public func watchConfigChanges<T: Decodable & Sendable>(
    _ name: String, as type: T.Type = T.self
  ) async throws -> ConfigStream<T> {
    try Reentrancy.check("watchConfigChanges(_:as:)")
    try await demand(name)
    if driver.cell.storage.configs[name] == nil {
      let report = try await driver.submit(
        Candidate(producer: .registration, scope: .units([.config(name)])))
      if case .rejected(let diagnostics) = report.outcome(of: name) {
        throw HotReloadError.rejected(name, diagnostics)
      }
    }
    return ConfigStream(slot: try await driver.slot(for: name, as: type))
  }

  private func demand(_ name: String) async throws {
    guard !demanded.withLock({ $0.contains(name) }) else { return }
    do {
      try await source.demand(driver.configs.candidates(for: name), for: WatchPlan.configs)
    } catch {
      throw !isEnding
        ? HotReloadError(
          code: .cannotWatch, message: "the files of config \(name) cannot be watched: \(error)")
        : .shutDown
    }
    demanded.withLock { _ = $0.insert(name) }
  }

  /// Asks `validator` about each new version of a config before it comes into force, and about the one in force now.
  ///
  /// - Parameters:
  ///   - name: the config's name; there need not be such a config yet.
  ///   - validator: throws if the version must not come into force: `ConfigProblems`, or any other error.
  ///     It may wait, but not for this manager, and has ten seconds.
  /// - Throws: ``HotReloadError`` with the code `configRejected` if the version in force does not pass; then the
  ///   validator is not registered. `shutDown`, or `reentrant` from within a handler or validator.
  @discardableResult
  public func registerValidator(
    config name: String,
    _ validator: @escaping @Sendable (LoadedConfig) async throws -> Void
  ) async throws -> ValidatorRegistration {
    try Reentrancy.check("registerValidator(config:_:)")
    return try await driver.addValidator(for: name, validator)
  }

  /// The same with the config decoded into a type.
  @discardableResult
  public func registerValidator<T: Decodable & Sendable>(
    config name: String, as type: T.Type,
    _ validator: @escaping @Sendable (T) async throws -> Void
  ) async throws -> ValidatorRegistration {
    try await registerValidator(config: name) { config in
      try await validator(config.decode(type, validating: false))
    }
  }
}
