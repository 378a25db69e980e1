public import Logging
public import ServiceLifecycle
import Synchronization
import WorkspaceTools

/// Runs a service whose config may change: a new service is started beside the one that runs, takes over when it is
/// ready and the config is in force, and the old one finishes its work and ends.
///
/// It is a participant of the reload, and a service for the program's service group:
///
///     let worker = ReconfigurableService(config: "worker", as: WorkerConfig.self) { config in
///       Worker(config)
///     }
///     try await manager.register(worker, for: [.config("worker")])
///     try await ServiceGroup(services: [manager, worker], …).run()
///
/// 1. *prepare* makes the new service and runs it until it is ready. If it cannot start the change is refused, and the
///    old one goes on as if nothing had been.
/// 2. *activate* calls `deactivate()` of the old service and then `activate()` of the new one; so what must be done by one
///    only is never done by two. A roll-back does the same the other way round.
/// 3. *retire* drains the old one: `willEnd`, graceful shutdown, and cancellation if that takes too long.
///
/// A change that `needsRestart` does not mind leaves the service as it is.
///
/// The services run in tasks that this object owns, from the preparation on, whether ``run()`` was called
/// or not; a program without a service group need not call it. ``run()`` ends them when the program shuts down,
/// and makes a service that fails known to the group.
public final class ReconfigurableService<Config: Decodable & Sendable, Replaceable>: Service,
  Sendable
where Replaceable: ReplaceableService {
  /// How many old services may drain at a time. Beyond that the oldest is cancelled.
  public static var maximumDraining: Int { 8 }

  typealias Incarnation = ServiceIncarnation<Config, Replaceable>

  private struct State {
    /// Those that have not ended, the oldest first.
    var incarnations: [Incarnation] = []
    var failure: ReconfigurableServiceError?
    var isShutDown = false
  }

  private let config: String
  private let make: Incarnation.Factory
  private let needsRestart: @Sendable (_ old: Config, _ new: Config) -> Bool
  private let limits: ServiceLimits
  private let policy: ServiceFailurePolicy
  private let clock: ReloadClock
  private let logger: Logger
  private let state = Mutex(State())
  /// The outer `run()` has to end.
  private let stop = Signal()

  /// Creates it; nothing runs until a manager prepares it.
  ///
  /// - Parameters:
  ///   - config: the config's name; the participant must be registered for it.
  ///   - type: what it is decoded into.
  ///   - needsRestart: whether a change from one value to the other needs another service. Without it every change does.
  ///   - limits: how long the parts of a service's life may take.
  ///   - onFailure: what becomes of an active service that ends early.
  ///   - logger: where failures of services are logged.
  ///   - make: makes a service of a config. It may throw to refuse the config; the service starts when it is run.
  public convenience init(
    config: String, as type: Config.Type = Config.self,
    needsRestart: @escaping @Sendable (_ old: Config, _ new: Config) -> Bool = { _, _ in true },
    limits: ServiceLimits = ServiceLimits(), onFailure: ServiceFailurePolicy = .endProgram,
    logger: Logger = Logger(label: HotReloadConfiguration.loggerLabel),
    _ make: @escaping @Sendable (Config) async throws -> Replaceable
  ) {
    self.init(
      config: config, needsRestart: needsRestart, limits: limits, onFailure: onFailure,
      logger: logger, clock: ReloadClock(ContinuousClock()), make)
  }

  init(
    config: String, needsRestart: @escaping @Sendable (Config, Config) -> Bool,
    limits: ServiceLimits, onFailure: ServiceFailurePolicy, logger: Logger, clock: ReloadClock,
    _ make: @escaping @Sendable (Config) async throws -> Replaceable
  ) {
    self.config = config
    self.needsRestart = needsRestart
    self.limits = limits
    policy = onFailure
    self.logger = logger
    self.clock = clock
    self.make = make
  }

  /// Lasts until the service group shuts down gracefully or the task is cancelled, and then ends all services: the
  /// one that counts and those that still drain. Cancellation leaves them no time to drain.
  /// - Throws: ``ReconfigurableServiceError`` with the code `endedEarly` when a service ended though nobody asked it
  ///   to, and is not started again.
  public func run() async throws {
    await withTaskCancellationOrGracefulShutdownHandler {
      _ = await stop.wait()
    } onCancelOrGracefulShutdown: {
      self.stop.open()
    }
    let (incarnations, failure) = state.withLock { state in
      state.isShutDown = true
      return (state.incarnations, state.failure)
    }
    await withTaskCancellationHandler {
      let endings = incarnations.map { $0.beginEnd(.shutdown) }
      for ending in endings { await ending.value }
    } onCancel: {
      for incarnation in incarnations { incarnation.cut() }
    }
    if let failure { throw failure }
  }
}

// MARK: The participant

extension ReconfigurableService: ReloadParticipant {
  /// The service of one version of the config.
  public struct Product: Sendable {
    /// The config's value in this version. If the change needed no restart, the service was made of an earlier one.
    public let config: Config
    let incarnation: Incarnation

    /// The service. After a failure that ``ServiceFailurePolicy`` mends, it is another one.
    public var service: Replaceable { incarnation.service }
  }

  /// Starts a service of the new config and waits until it is ready; or keeps the one that runs, if the change needs
  /// no other.
  /// - Throws: `ConfigError`; what making the service throws; ``ReconfigurableServiceError``.
  public func prepare(_ change: ReloadChange) async throws -> Product {
    let value = try change.decode(config, as: Config.self)
    let known = state.withLock { $0.incarnations }
    let fitting = known.filter { !needsRestart($0.config, value) }
    if let kept = fitting.last(where: { $0.retain() }) {
      return Product(config: value, incarnation: kept)
    }
    // One of the same config that still drains may hold what can be held once, such as the port.
    for old in fitting where old.isEnding { await old.waitUntilReleased() }
    try Task.checkCancellation()

    let incarnation = try await Incarnation(
      value,
      Incarnation.Terms(
        config: config, make: make, limits: limits, policy: policy, clock: clock, logger: logger,
        onFailure: { [weak self] in self?.failed($0, $1) }))
    let isShutDown = add(incarnation)
    do {
      guard !isShutDown else {
        throw ReconfigurableServiceError(
          code: .shutDown,
          message: "the program is shutting down, so no service of config \(config) is started")
      }
      try await incarnation.waitUntilReady()
    } catch {
      await end(incarnation, .replaced)
      throw error
    }
    return Product(config: value, incarnation: incarnation)
  }

  /// Deactivates the old service, and when that is done activates the new one.
  ///
  /// It waits for `deactivate()` however long that takes: two that work at once are worse than none.
  public func activate(_ product: Product, replacing old: Product?) async {
    let incarnation = product.incarnation
    if let old = old?.incarnation {
      guard old !== incarnation else { return }
      await old.deactivate()
    }
    await incarnation.activate()
    if let failure = incarnation.failure { failed(incarnation, failure) }
  }

  /// Drains the product's service and ends it, if no other product has it.
  public func retire(_ product: Product) async {
    let incarnation = product.incarnation
    guard incarnation.release() else { return }
    // One that is still active goes without a successor: the manager shuts down.
    await end(incarnation, incarnation.isActive ? .shutdown : .replaced)
  }

  private func end(_ incarnation: Incarnation, _ reason: ServiceEnding) async {
    incarnation.beginEnd(reason)
    cutOldestDraining()
    await incarnation.end(reason)
    forgetEnded()
  }

  /// Says whether the program is shutting down, in which case the incarnation is not wanted.
  private func add(_ incarnation: Incarnation) -> Bool {
    forgetEnded()
    return state.withLock { state in
      state.incarnations.append(incarnation)
      return state.isShutDown
    }
  }

  private func forgetEnded() {
    state.withLock { state in state.incarnations.removeAll { $0.isEnded } }
  }

  private func cutOldestDraining() {
    let draining = state.withLock { $0.incarnations }.filter { $0.isEnding && !$0.isEnded }
    for oldest in draining.dropLast(Self.maximumDraining) { oldest.cut() }
  }

  /// An incarnation ended early. Only the one that counts takes the program with it.
  private func failed(_ incarnation: Incarnation, _ error: ReconfigurableServiceError) {
    logger.error(
      incarnation.isActive
        ? "an active service ended early" : "a service that is not active ended early",
      metadata: ["error": "\(error)"])
    guard incarnation.isActive else { return }
    state.withLock { if $0.failure == nil { $0.failure = error } }
    stop.open()
  }
}
