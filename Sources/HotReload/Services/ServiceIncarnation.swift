import Logging
import ServiceLifecycle
import Synchronization

/// One service of one config, from its start to its end, restarts included.
///
/// It owns its tasks: the one that runs the service in an inner service group, and the one that ends it. Both are
/// detached, so that the graceful shutdown of a group around the caller does not reach the service by inheritance,
/// and both end: the first with the service, the second after the limits of a drain.
final class ServiceIncarnation<Config: Sendable, Replaceable: ReplaceableService>: Sendable {
  typealias Factory = @Sendable (Config) async throws -> Replaceable

  /// How it is made and looked after.
  struct Terms: Sendable {
    let config: String
    let make: Factory
    let limits: ServiceLimits
    let policy: ServiceFailurePolicy
    let clock: ReloadClock
    let logger: Logger
    /// Called when the service ended though nobody asked it to, and is not started again.
    let onFailure: @Sendable (ServiceIncarnation, ReconfigurableServiceError) -> Void
  }

  private struct State {
    var service: Replaceable
    var group: ServiceGroup?
    /// The products that hold it.
    var holders = 1
    var wasReady = false
    var isActive = false
    var startError: (any Error)?
    var failure: ReconfigurableServiceError?
    var running: Task<Void, Never>?
    var ending: Task<Void, Never>?
  }

  let config: Config
  let terms: Terms
  private let state: Mutex<State>
  /// The service was ready for the first time, or will never be.
  private let started = Signal()
  /// Nobody may start the service again.
  private let stopping = Signal()
  /// A service of the same config could start beside it.
  private let released = Signal()
  /// All is over.
  private let ended = Signal()

  /// Makes the service and starts it.
  init(_ config: Config, _ terms: Terms) async throws {
    self.config = config
    self.terms = terms
    let service = try await terms.make(config)
    state = Mutex(State(service: service))
    let running = Task.detached { await self.supervise(service) }
    state.withLock { $0.running = running }
  }

  var service: Replaceable { state.withLock { $0.service } }
  var failure: ReconfigurableServiceError? { state.withLock { $0.failure } }
  var isActive: Bool { state.withLock { $0.isActive } }
  var isEnded: Bool { ended.isOpen }

  /// Whether it serves nobody any more and is on its way out.
  var isEnding: Bool { state.withLock { $0.ending != nil } }

  /// Returns when the service is ready.
  func waitUntilReady() async throws {
    let isInTime = await terms.clock.within(terms.limits.readiness) { await self.started.wait() }
    try Task.checkCancellation()
    let (isReady, error) = state.withLock { ($0.wasReady, $0.startError) }
    guard !isReady else { return }
    if !isInTime { throw notReadyInTime }
    if let error = error as? ReconfigurableServiceError { throw error }
    throw ReconfigurableServiceError(
      code: .notReady, message: "the service of config \(terms.config) did not start", cause: error)
  }

  /// Returns when a service of the same config could start beside this one.
  func waitUntilReleased() async { await released.wait() }

  /// One more product holds it, unless it is ended or failed.
  func retain() -> Bool {
    state.withLock { state in
      guard state.ending == nil, state.failure == nil, state.holders > 0 else { return false }
      state.holders += 1
      return true
    }
  }

  /// One product less; says whether it was the last.
  func release() -> Bool {
    state.withLock { state in
      state.holders -= 1
      return state.holders == 0
    }
  }

  func activate() async {
    let service = state.withLock { state in
      state.isActive = true
      return state.wasReady ? state.service : nil
    }
    await service?.activate()
  }

  func deactivate() async {
    let service = state.withLock { state in
      state.isActive = false
      return state.service
    }
    await service.deactivate()
  }
}

// MARK: Running

extension ServiceIncarnation {
  private func supervise(_ first: Replaceable) async {
    var service = first
    var failures = 0
    while true {
      let begin = terms.clock.now()
      let outcome = await runOnce(service)
      let isExpected = state.withLock { state in
        if !state.wasReady, state.startError == nil {
          if case .failure(let error) = outcome { state.startError = error }
        }
        return stopping.isOpen || !state.wasReady
      }
      started.open()
      if isExpected { break }
      if terms.clock.now() - begin >= ServiceFailurePolicy.steadyAfter { failures = 0 }
      failures += 1
      guard let next = await restart(after: outcome, failures) else { break }
      service = next
    }
    released.open()
    ended.open()
  }

  /// Runs the service in a group of its own until it ended, by itself or by the group's graceful shutdown.
  private func runOnce(_ service: Replaceable) async -> Result<Void, any Error> {
    // No cancellation deadline: the group makes its expiry a fatal error.
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(
            service: service, successTerminationBehavior: .gracefullyShutdownGroup,
            failureTerminationBehavior: .gracefullyShutdownGroup)
        ], logger: terms.logger))
    state.withLock { $0.group = group }
    if stopping.isOpen { await group.triggerGracefulShutdown() }
    return await withTaskGroup(of: Step.self) { tasks in
      tasks.addTask {
        do { return .ended(.success(try await group.run())) } catch {
          return .ended(.failure(error))
        }
      }
      tasks.addTask {
        guard let error = await self.becomeReady(service) else { return .ready }
        await group.triggerGracefulShutdown()
        return .notReady(error)
      }
      var outcome = Result<Void, any Error>.success(())
      var readinessError: (any Error)?
      for await step in tasks {
        switch step {
        case .ready: break
        case .notReady(let error): readinessError = error
        case .ended(let result):
          outcome = result
          tasks.cancelAll()
        }
      }
      return readinessError.map { .failure($0) } ?? outcome
    }
  }

  private enum Step: Sendable {
    case ready
    case notReady(any Error)
    case ended(Result<Void, any Error>)
  }

  /// Waits until the service is ready; gives the reason if it will not be.
  private func becomeReady(_ service: Replaceable) async -> (any Error)? {
    let error = Mutex<(any Error)?>(nil)
    let isInTime = await terms.clock.within(terms.limits.readiness) {
      do { try await service.waitUntilReady() } catch let thrown { error.withLock { $0 = thrown } }
    }
    // The service ended before, and says itself why.
    if Task.isCancelled { return nil }
    if !isInTime { return notReadyInTime }
    if let error = error.withLock({ $0 }) { return error }
    let isRestarted = state.withLock { state in
      defer { state.wasReady = true }
      return state.wasReady && state.isActive
    }
    started.open()
    // The one that failed had been active, so that this one takes its place at once.
    if isRestarted { await service.activate() }
    return nil
  }

  private var notReadyInTime: ReconfigurableServiceError {
    ReconfigurableServiceError(
      code: .notReady,
      message:
        "the service of config \(terms.config) was not ready within \(terms.limits.readiness)")
  }

  /// Makes the service again after a pause, if the policy has it so.
  private func restart(
    after outcome: Result<Void, any Error>, _ failures: Int
  ) async -> Replaceable? {
    var outcome = outcome
    var failures = failures
    while true {
      let error = endedEarly(outcome)
      guard let pause = terms.policy.pause(after: failures) else {
        state.withLock { $0.failure = error }
        terms.onFailure(self, error)
        return nil
      }
      terms.logger.error(
        "a service ended early; it is started again",
        metadata: ["error": "\(error)", "failures": "\(failures)", "pause": "\(pause)"])
      if await terms.clock.within(pause, { await self.stopping.wait() }) { return nil }
      do {
        let service = try await terms.make(config)
        if stopping.isOpen { return nil }
        state.withLock { $0.service = service }
        return service
      } catch {
        outcome = .failure(error)
        failures += 1
      }
    }
  }

  private func endedEarly(_ outcome: Result<Void, any Error>) -> ReconfigurableServiceError {
    let message = "the service of config \(terms.config) ended although nobody asked it to"
    guard case .failure(let error) = outcome else {
      return ReconfigurableServiceError(code: .endedEarly, message: message)
    }
    return ReconfigurableServiceError(code: .endedEarly, message: message, cause: error)
  }
}

// MARK: Ending

extension ServiceIncarnation {
  /// Drains the service and ends it, within its limits. Further calls wait for the first; a cancelled caller
  /// stops waiting, and the end goes on.
  func end(_ reason: ServiceEnding) async {
    beginEnd(reason)
    await ended.wait()
  }

  /// The same without waiting. The task is the one that ends it, which lasts no longer than the limits.
  @discardableResult
  func beginEnd(_ reason: ServiceEnding) -> Task<Void, Never> {
    state.withLock { state in
      if let ending = state.ending { return ending }
      let ending = Task.detached { await self.drain(reason) }
      state.ending = ending
      return ending
    }
  }

  /// Cancels the service without a drain.
  func cut() {
    stopping.open()
    state.withLock { $0.running }?.cancel()
  }

  private func drain(_ reason: ServiceEnding) async {
    stopping.open()
    let (service, group) = state.withLock { ($0.service, $0.group) }
    let isDrained = await terms.clock.within(terms.limits.drain) {
      await withTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
          await service.willEnd(reason)
          await group?.triggerGracefulShutdown()
          await service.waitUntilReleased()
          self.released.open()
        }
        // The end is the end, whatever the other waits for.
        await self.ended.wait()
        tasks.cancelAll()
        await tasks.waitForAll()
      }
    }
    if isDrained { return }
    terms.logger.warning(
      "a service did not end in time; it is cancelled",
      metadata: ["config": "\(terms.config)", "limit": "\(terms.limits.drain)"])
    cut()
    let isCancelled = await terms.clock.within(terms.limits.cancellation) {
      await self.ended.wait()
    }
    if isCancelled { return }
    terms.logger.error(
      "a service ignores its cancellation and is abandoned; it may go on until the program ends",
      metadata: ["config": "\(terms.config)"])
    released.open()
    ended.open()
  }
}
