extension HotReloadManager {
  /// How many events wait for a slow consumer of ``events(matching:kinds:changes:units:bufferLimit:)`` if it does not
  /// say otherwise.
  public static let defaultEventLimit = 1_024

  /// Calls `handler` with each event that is wanted; see ``ReloadHandler`` for how.
  ///
  /// ```swift
  /// try manager.registerReloadHandler(matching: "static/**/*.css", kinds: [.fileChanged]) { event in … }
  /// ```
  /// - Parameters:
  ///   - pattern: a glob for paths relative to the root. An event about a config is matched by each file that the config
  ///     was read from, and by its name. `**` matches every event.
  ///   - kinds: the events that are wanted; nil: all.
  ///   - changes: what must have happened to a file; nil: anything. With it, only `fileChanged` events come. A
  ///     folder of which too much changed to name each file comes whatever is given here and in `units`.
  ///   - units: what an event must be about; nil: anything. With it, events about the watching itself do not come.
  ///   - timeLimit: how long a call may take, a millisecond to an hour; nil: 30 s.
  ///   - handler: may throw; that is logged and counted, and vetoes nothing.
  /// - Throws: ``HotReloadError`` with the code `invalidPattern`, `invalidConfiguration` for a time limit out of its
  ///   range, `tooManyReceivers` or `shutDown`.
  @discardableResult
  public func registerReloadHandler(
    matching pattern: String, kinds: Set<ChangeEvent.Kind>? = nil,
    changes: Set<ChangeType.Kind>? = nil, units: Set<UnitID.Kind>? = nil,
    timeLimit: Duration? = nil, _ handler: @escaping @Sendable (ChangeEvent) async throws -> Void
  ) throws -> HandlerRegistration {
    try register(
      ClosureHandler(body: handler), matching: pattern, kinds: kinds, changes: changes,
      units: units, timeLimit: timeLimit)
  }

  /// Calls a handler with each event that is wanted and that it can handle.
  ///
  /// - Parameters: as for ``registerReloadHandler(matching:kinds:changes:units:timeLimit:_:)``; without a time limit the
  ///   handler's own is taken.
  /// - Throws: the same.
  @discardableResult
  public func register(
    _ handler: any ReloadHandler, matching pattern: String = "**",
    kinds: Set<ChangeEvent.Kind>? = nil, changes: Set<ChangeType.Kind>? = nil,
    units: Set<UnitID.Kind>? = nil, timeLimit: Duration? = nil
  ) throws -> HandlerRegistration {
    let pattern = try EventPattern(pattern, kinds: kinds, changes: changes, units: units)
    let registration = try bus.register(handler, matching: pattern, timeLimit: timeLimit)
    // One that came too late for the shutdown would wait for a later manager of the workspace.
    guard !isEnding else {
      registration.unregister()
      throw HotReloadError.shutDown
    }
    return registration
  }

  /// The events from now on that are wanted.
  ///
  /// - Parameters:
  ///   - pattern: as for ``registerReloadHandler(matching:kinds:changes:units:timeLimit:_:)``, and so are `kinds`,
  ///     `changes` and `units`.
  ///   - bufferLimit: how many events wait for a slow consumer, 1 at least; beyond that the oldest are dropped and
  ///     counted.
  /// - Throws: ``HotReloadError`` with the code `invalidPattern`, `tooManyReceivers` or `shutDown`.
  public func events(
    matching pattern: String = "**", kinds: Set<ChangeEvent.Kind>? = nil,
    changes: Set<ChangeType.Kind>? = nil, units: Set<UnitID.Kind>? = nil,
    bufferLimit: Int = defaultEventLimit
  ) throws -> ChangeEvents {
    let pattern = try EventPattern(pattern, kinds: kinds, changes: changes, units: units)
    let subscription = try EventSubscription(pattern: pattern, capacity: bufferLimit, bus: bus)
    guard !isEnding else { throw HotReloadError.shutDown }
    return ChangeEvents(subscription: subscription)
  }
}
