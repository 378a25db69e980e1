public import WorkspaceTools
import WorkspaceFiles

extension Workspace {
  /// Starts to watch the workspace, and loads every config that there is.
  ///
  /// Copies of a workspace share one manager. If one runs already, because a stream was asked for before, it is
  /// adopted; it runs until its ``HotReloadManager/shutdown()``.
  ///
  /// A config that is not good does not keep the others from starting: it is logged and told as an event, and a
  /// stream of it cannot be made until it is mended.
  ///
  /// - Parameter configuration: a `hotreload.toml` at the root wins over it.
  /// - Throws: ``HotReloadError`` with the code `invalidConfiguration`; `alreadyStarted` if a manager runs with
  ///   another configuration; `cannotWatch`.
  @discardableResult
  public func startHotReload(
    configuration: HotReloadConfiguration = HotReloadConfiguration()
  ) async throws -> HotReloadManager {
    try await startHotReload(configuration: configuration, changes: .fileWatcher)
  }

  /// The same with another source of changes, and another clock for deadlines and durations, for tests.
  @discardableResult
  public func startHotReload(
    configuration: HotReloadConfiguration = HotReloadConfiguration(),
    changes: ChangeSourceFactory, clock: some Clock<Duration> = ContinuousClock()
  ) async throws -> HotReloadManager {
    try await hotReloadBox.manager(
      of: self, configuration: configuration, changes: changes, clock: ReloadClock(clock))
  }

  /// A typed, always current view of a config; starts the hot reload with its defaults if it does not run yet.
  ///
  /// ```swift
  /// let stream = try await workspace.watchConfigChanges("app", as: AppConfig.self)
  /// print(stream.current)
  /// for await config in stream { print(config) }
  /// ```
  /// - Throws: as ``HotReloadManager/watchConfigChanges(_:as:)`` and ``startHotReload(configuration:)``.
  public func watchConfigChanges<T: Decodable & Sendable>(
    _ name: String, as type: T.Type = T.self
  ) async throws -> ConfigStream<T> {
    let manager = try await hotReloadBox.manager(
      of: self, configuration: nil, changes: .fileWatcher, clock: ReloadClock(ContinuousClock()))
    return try await manager.watchConfigChanges(name, as: type)
  }

  /// Calls `handler` with each event that is wanted, from when the hot reload runs.
  ///
  /// If it does not run yet, the handler waits for it. A shutdown unregisters all handlers.
  /// - Parameters: as for ``HotReloadManager/registerReloadHandler(matching:kinds:changes:units:timeLimit:_:)``.
  /// - Throws: the same, but for `shutDown`.
  @discardableResult
  public func registerReloadHandler(
    matching pattern: String, kinds: Set<ChangeEvent.Kind>? = nil,
    changes: Set<ChangeType.Kind>? = nil, units: Set<UnitID.Kind>? = nil,
    timeLimit: Duration? = nil, _ handler: @escaping @Sendable (ChangeEvent) async throws -> Void
  ) throws -> HandlerRegistration {
    let pattern = try EventPattern(pattern, kinds: kinds, changes: changes, units: units)
    return try hotReloadBox.bus.register(
      ClosureHandler(body: handler), matching: pattern, timeLimit: timeLimit)
  }

  private var hotReloadBox: HotReloadBox {
    shared(HotReloadBox.Key.self) { HotReloadBox() }
  }
}
