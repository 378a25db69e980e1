import HotReloadTesting
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import HotReload

@Suite("A reconfigurable service", .timeLimit(.minutes(5)))
struct ReconfigurableServiceTests {
  typealias Service = ReconfigurableService<WorkerConfig, TestWorker>

  let log = WorkLog()

  func service(
    onFailure: ServiceFailurePolicy = .endProgram, limits: ServiceLimits = .patient,
    clock: ReloadClock = ReloadClock(ContinuousClock())
  ) -> Service {
    Service(
      config: "app", needsRestart: { $0.a != $1.a }, limits: limits, onFailure: onFailure,
      logger: .silent, clock: clock
    ) { [log] in try TestWorker($0, log) }
  }

  @Test("starts the new service beside the old one, hands over, and only then ends the old one")
  func replacing() async throws {
    let driven = try DrivenParticipant(service())
    let first = try await driven.apply("a = 1")
    #expect(log.take() == ["runs 1", "active 1"])
    let second = try await driven.prepare("a = 2")
    #expect(log.take() == ["runs 2"])
    #expect(log.running == 2)
    await driven.activate(second)
    #expect(log.take() == ["inactive 1", "active 2"])
    await driven.participant.retire(first)
    #expect(log.take() == ["replaced 1", "asked 1", "ended 1"])
    #expect(second.service.config.a == 2)
    await driven.end()
    #expect(log.take() == ["shutdown 2", "asked 2", "ended 2"])
    #expect(log.mostActive == 1)
  }

  @Test("keeps the service when the change needs no other, and ends it with the last who has it")
  func keeping() async throws {
    let driven = try DrivenParticipant(service())
    let first = try await driven.apply("a = 1\nnote = \"x\"")
    let second = try await driven.apply("a = 1\nnote = \"y\"")
    #expect(first.service === second.service)
    #expect(second.config.note == "y")
    #expect(log.take() == ["runs 1", "active 1"])
    await driven.end()
    #expect(log.take() == ["shutdown 1", "asked 1", "ended 1"])
  }

  @Test(
    "refuses a config whose service does not start, and leaves the one that runs alone",
    arguments: [
      WorkerConfig.Fault.throwsBeforeReady, .returnsBeforeReady, .refusesReadiness, .cannotBeMade,
    ])
  func refusing(_ fault: WorkerConfig.Fault) async throws {
    let driven = try DrivenParticipant(service())
    try await driven.apply("a = 1")
    _ = log.take()
    await #expect(throws: (any Error).self) {
      try await driven.prepare("a = 2\nfault = \"\(fault.rawValue)\"")
    }
    #expect(log.running == 1)
    #expect(!log.take().contains { $0.hasSuffix(" 1") })
    try await driven.apply("a = 3")
    #expect(driven.current?.service.config.a == 3)
    await driven.end()
    #expect(log.running == 0)
  }

  @Test("says what the service threw, when it refuses")
  func refusalsReason() async throws {
    let driven = try DrivenParticipant(service())
    let error = await #expect(throws: ReconfigurableServiceError.self) {
      try await driven.prepare("a = 7\nfault = \"throwsBeforeReady\"")
    }
    #expect(error?.code == .notReady)
    #expect(error?.cause as? WorkerFailure == WorkerFailure(number: 7))
    #expect(error?.description.contains("config app") == true)
  }

  @Test("refuses a service that is not ready in time, and ends it")
  func readinessLimit() async throws {
    let clock = ManualClock()
    let driven = try DrivenParticipant(service(limits: ServiceLimits(), clock: ReloadClock(clock)))
    let preparing = Task { try await driven.prepare("a = 1\nfault = \"neverReady\"") }
    // One sleeper is the caller's limit, the other that of the service itself.
    await clock.waitForSleepers(2)
    clock.advance(by: ServiceLimits.defaultReadiness)
    let error = await #expect(throws: ReconfigurableServiceError.self) {
      try await preparing.value
    }
    #expect(error?.message.contains("not ready within") == true)
    #expect(log.running == 0)
  }

  @Test("gives the work back to the old service when the new one is rolled back")
  func rollingBack() async throws {
    let driven = try DrivenParticipant(service())
    let first = try await driven.apply("a = 1")
    let second = try await driven.prepare("a = 2")
    await driven.activate(second)
    await driven.activate(first)
    await driven.participant.retire(second)
    #expect(
      log.take() == [
        "runs 1", "active 1", "runs 2", "inactive 1", "active 2", "inactive 2", "active 1",
        "replaced 2", "asked 2", "ended 2",
      ])
    #expect(log.mostActive == 1)
    await driven.end()
  }

  @Test("cancels a service that does not drain in time")
  func drainLimit() async throws {
    let clock = ManualClock()
    let driven = try DrivenParticipant(service(limits: ServiceLimits(), clock: ReloadClock(clock)))
    try await driven.apply("a = 1\nfault = \"ignoresShutdown\"")
    async let ending: Void = driven.end()
    await clock.waitForSleepers(1)
    #expect(log.running == 1)
    clock.advance(by: ServiceLimits.defaultDrain)
    await ending
    #expect(log.running == 0)
  }

  @Test("ends all services when its group shuts down, and refuses new ones from then on")
  func shuttingDown() async throws {
    let service = service()
    let driven = try DrivenParticipant(service)
    try await driven.apply("a = 1")
    let waiting = try await driven.prepare("a = 2")
    let group = ServiceGroup(services: [service], logger: .silent)
    let running = Task { try await group.run() }
    await group.triggerGracefulShutdown()
    try await running.value
    #expect(log.running == 0)
    #expect(Set(log.lines).isSuperset(of: ["shutdown 1", "asked 1", "shutdown 2", "asked 2"]))
    let error = await #expect(throws: ReconfigurableServiceError.self) {
      try await driven.prepare("a = 3")
    }
    #expect(error?.code == .shutDown)
    #expect(log.running == 0)
    // The manager, which ends later, retires what has ended already.
    await driven.participant.retire(waiting)
    await driven.end()
  }

  @Test("makes its run() throw when the active service ends early")
  func failing() async throws {
    let service = service()
    let driven = try DrivenParticipant(service)
    let product = try await driven.apply("a = 1")
    let running = Task { try await service.run() }
    product.service.fail()
    let error = await #expect(throws: ReconfigurableServiceError.self) { try await running.value }
    #expect(error?.code == .endedEarly)
    #expect(error?.cause as? WorkerFailure == WorkerFailure(number: 1))
    await driven.end()
  }

  @Test("does not end the program for an old service that fails while it waits to be retired")
  func oldOneFails() async throws {
    let service = service()
    let driven = try DrivenParticipant(service)
    let first = try await driven.apply("a = 1")
    await driven.activate(try await driven.prepare("a = 2"))
    first.service.fail()
    await eventually { log.running == 1 }
    await driven.participant.retire(first)
    let group = ServiceGroup(services: [service], logger: .silent)
    let running = Task { try await group.run() }
    await group.triggerGracefulShutdown()
    try await running.value
  }

  @Test("makes a failed service again after a pause that doubles, and gives up after its limit")
  func restarting() async throws {
    let clock = ManualClock()
    let service = service(
      onFailure: .restart(limit: 2, pause: .seconds(1), maximumPause: .seconds(30)),
      clock: ReloadClock(clock))
    let driven = try DrivenParticipant(service)
    let product = try await driven.apply("a = 1")
    let running = Task { try await service.run() }
    for pause in [Duration.seconds(1), .seconds(2)] {
      let failed = product.service
      failed.fail()
      await clock.waitForSleepers(1)
      #expect(log.running == 0)
      clock.advance(by: pause)
      await eventually { product.service !== failed && log.lines.last == "active 1" }
    }
    #expect(
      log.take() == [
        "runs 1", "active 1", "ended 1", "runs 1", "active 1", "ended 1", "runs 1", "active 1",
      ])
    product.service.fail()
    await #expect(throws: ReconfigurableServiceError.self) { try await running.value }
    await driven.end()
    #expect(log.running == 0)
  }

  @Test("does not start a service again that is being ended")
  func endingDuringPause() async throws {
    let clock = ManualClock()
    let driven = try DrivenParticipant(
      service(onFailure: .restart(), limits: ServiceLimits(), clock: ReloadClock(clock)))
    let product = try await driven.apply("a = 1")
    product.service.fail()
    await clock.waitForSleepers(1)
    await driven.end()
    #expect(log.lines.filter { $0 == "runs 1" }.count == 1)
  }

  @Test("carries a preserved state from one service to the next")
  func preserving() async throws {
    let state = PreservedState<[Int]>([])
    let service = ReconfigurableService(
      config: "app", as: WorkerConfig.self, limits: .patient, logger: .silent
    ) { [log] config in
      state.withLock { $0.append(config.a) }
      return try TestWorker(config, log)
    }
    let driven = try DrivenParticipant(service)
    try await driven.apply("a = 1")
    try await driven.apply("a = 2")
    #expect(state.value == [1, 2])
    await driven.end()
  }
}

extension ServiceLimits {
  /// For tests that are not about time, however busy the machine is.
  static let patient = ServiceLimits(
    readiness: .seconds(300), drain: .seconds(300), cancellation: .seconds(60))
}
