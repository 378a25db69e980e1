import HotReloadTesting
import Synchronization
import SystemPackage
import Testing

@testable import HotReload

@Suite("A handler that does not come back", .timeLimit(.minutes(5)))
struct HandlerDeadlineTests {
  /// The ways in which a handler can refuse to end.
  enum Misbehaviour: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case blocksItsThread
    case ignoresCancellation
    case blocksWhenCancelled
    case blocksInAChildTask

    var testDescription: String { rawValue }

    func run(_ barrier: Barrier, _ latch: Latch) async {
      switch self {
      case .blocksItsThread: barrier.block()
      case .ignoresCancellation: await latch.wait()
      case .blocksWhenCancelled:
        await withTaskCancellationHandler {
          await latch.wait()
        } onCancel: {
          barrier.block()
        }
      case .blocksInAChildTask:
        await withTaskGroup { group in
          for _ in 0..<3 { group.addTask { barrier.block() } }
        }
      }
    }
  }

  @Test(
    "is cancelled, abandoned, gets the next events meanwhile, and is given up in the end",
    arguments: Misbehaviour.allCases)
  func givenUp(_ misbehaviour: Misbehaviour) async throws {
    let bench = HandlerBench()
    let (barrier, latch, calls) = (Barrier(), Latch(), HandlerTests.Log())
    let bad = try bench.register { event in
      calls.add(event.shortName)
      await misbehaviour.run(barrier, latch)
    }
    let quick = HandlerTests.Log()
    let good = try bench.register { quick.add($0.shortName) }
    bench.publish(1, 2, 3, 4, 5)
    await quick.waitFor(5)
    await calls.waitFor(1)
    #expect(bad.status.waiting == 4)
    // With the limit of each call and the time after it, the next one begins.
    for count in 1...HandlerRegistration.maximumAbandonedCalls {
      await bench.pass { bad.status.abandoned == count }
      await calls.waitFor(count + 1)
      #expect(!bad.status.isGivenUp)
    }
    await bench.pass { bad.status.isGivenUp }
    bench.publish(6)
    await quick.waitFor(6)
    let status = bad.status
    #expect(status.abandoned == 3 && status.timedOut == 3 && status.failed == 3)
    #expect(status.waiting == 0 && status.handled == 0)
    #expect(calls.all.count == 3)
    #expect(status.problems.count == 1 && good.status.problems.isEmpty)
    #expect(bench.log.count("was given up") == 1)
    #expect(bench.log.count("exceeded its time limit") == 3)
    await bench.end()
    // In this order: what blocks when it is cancelled holds a lock that its waking up needs.
    barrier.open()
    latch.open()
    await eventually { bench.bus.surroundings.threads.counts.lost == 0 }
  }

  @Test("keeps no more threads than it blocks, and these are replaced")
  func threads() async throws {
    let bench = HandlerBench()
    let (barrier, latch) = (Barrier(), Latch())
    let threads = bench.bus.surroundings.threads
    let blocked = try bench.register("1") { _ in barrier.block() }
    let deaf = try bench.register("2") { _ in await latch.wait() }
    bench.publish(1, 2)
    await eventually { barrier.arrived == 1 }
    await bench.pass { blocked.status.abandoned == 1 && deaf.status.abandoned == 1 }
    await eventually { threads.counts.lost == 1 }
    barrier.open()
    latch.open()
    await eventually { threads.counts.lost == 0 }
    // Both are in order again.
    bench.publish(1, 2)
    await eventually { blocked.status.handled == 1 && deaf.status.handled == 1 }
    #expect(!blocked.status.isGivenUp && !deaf.status.isGivenUp)
    await bench.end()
  }

  @Test("does not keep others from running, however many there are of it")
  func crowd() async throws {
    let bench = HandlerBench()
    let barrier = Barrier()
    let count = HandlerThreads.maximumThreads + 10
    let bad = try (0..<count).map { _ in try bench.register { _ in barrier.block() } }
    bench.publish(1)
    await eventually { barrier.arrived == HandlerThreads.maximumThreads }
    let quick = HandlerTests.Log()
    _ = try bench.register { quick.add($0.shortName) }
    bench.publish(2)
    // All threads are taken: until the deadlines the event waits.
    #expect(bench.bus.surroundings.threads.counts.running == HandlerThreads.maximumThreads)
    #expect(quick.all.isEmpty)
    await bench.pass { !quick.all.isEmpty }
    #expect(bad.contains { $0.status.abandoned >= 1 })
    let counts = bench.bus.surroundings.threads.counts
    #expect(counts.running <= HandlerThreads.maximumThreads)
    #expect(counts.lost <= HandlerThreads.maximumLostThreads)
    await bench.end()
    barrier.open()
    await eventually { bench.bus.surroundings.threads.counts.lost == 0 }
  }

  @Test("but ends when it is cancelled is counted, and its next call is not cancelled")
  func cancelled() async throws {
    let bench = HandlerBench()
    let calls = HandlerTests.Log()
    let registration = try bench.register(timeLimit: .seconds(2)) { event in
      calls.add("\(event.shortName) \(Task.isCancelled)")
      if calls.all.count == 1 { try await Task.sleep(for: .seconds(3_600)) }
    }
    bench.publish(1)
    await bench.clock.waitForSleepers()
    bench.publish(2)
    bench.clock.advance(by: .seconds(2))
    await calls.waitFor(2)
    await eventually { registration.status.handled == 2 }
    #expect(calls.all == ["file 1 created false", "file 2 created false"])
    #expect(registration.status.timedOut == 1 && registration.status.failed == 1)
    #expect(registration.status.abandoned == 0)
    await bench.end()
  }

  @Test("in its time limit is not cancelled because of the calls before it")
  func ownDeadline() async throws {
    let bench = HandlerBench()
    let (first, second) = (Latch(), Latch())
    let registration = try bench.register(timeLimit: .seconds(10)) { event in
      await (event.shortName == "file 1 created" ? first : second).wait()
    }
    bench.publish(1)
    await bench.clock.waitForSleepers()
    bench.clock.advance(by: .seconds(9))
    first.open()
    await eventually { registration.status.handled == 1 }
    bench.publish(2)
    await eventually { registration.status.waiting == 0 }
    await bench.clock.waitForSleepers()
    bench.clock.advance(by: .seconds(9))
    await bench.clock.waitForSleepers()
    second.open()
    await eventually { registration.status.handled == 2 }
    #expect(registration.status.timedOut == 0)
    await bench.end()
  }

  @Test("delays neither a reload nor the shutdown", arguments: Misbehaviour.allCases)
  func shutdown(_ misbehaviour: Misbehaviour) async throws {
    let clock = ManualClock()
    let fixture = try await Fixture.scripted(clock: clock)
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let (barrier, latch, calls) = (Barrier(), Latch(), HandlerTests.Log())
    // More of them than this machine has cores.
    for _ in 0..<16 {
      try fixture.manager.registerReloadHandler(matching: "app") { event in
        calls.add(event.shortName)
        await misbehaviour.run(barrier, latch)
      }
    }
    try await fixture.save(Fixture.app, Fixture.text(2))
    await calls.waitFor(16)
    try await fixture.save(Fixture.app, Fixture.text(3))
    #expect(stream.current.a == 3)
    let isOver = Latch()
    let ending = Task {
      try await fixture.manager.shutdown()
      isOver.open()
    }
    while !isOver.isOpen {
      clock.advance(by: .seconds(1))
      await Task.yield()
    }
    try await ending.value
    #expect(clock.now.offset < .seconds(3_600))
    // In this order: what blocks when it is cancelled holds a lock that its waking up needs.
    barrier.open()
    latch.open()
    await eventually { fixture.manager.bus.surroundings.threads.counts.lost == 0 }
  }

  @Test("is shown by the manager's status, and fails nobody's reload")
  func status() async throws {
    let clock = ManualClock()
    let fixture = try await Fixture.scripted(clock: clock)
    let barrier = Barrier()
    let bad = try fixture.manager.registerReloadHandler(
      matching: "app", kinds: [.configChanged], timeLimit: .milliseconds(1)
    ) { _ in barrier.block() }
    for number in 2...5 { try await fixture.save(Fixture.app, Fixture.text(number)) }
    while !bad.status.isGivenUp {
      clock.advance(by: .seconds(1))
      await Task.yield()
    }
    let status = await fixture.manager.status()
    #expect(status.generation == 5)
    guard case .degraded(let reasons) = status.health else {
      Issue.record("the status is healthy")
      return
    }
    #expect(reasons.count == 1 && reasons[0].contains("the handler for app was given up"))
    barrier.open()
    try await fixture.end()
  }

  @Test("within a time limit that is out of range is refused")
  func badLimit() throws {
    let bench = HandlerBench()
    for limit in [Duration.zero, .seconds(3_601)] {
      #expect {
        _ = try bench.register(timeLimit: limit) { _ in }
      } throws: { error in
        (error as? HotReloadError)?.code == .invalidConfiguration
      }
    }
  }
}
