import HotReloadTesting
import Synchronization
import Testing

@testable import HotReload

@Suite("The end of a handler", .timeLimit(.minutes(5)))
struct HandlerEndTests {
  struct Recording: ReloadHandler {
    let log = HandlerTests.Log()
    var gate: Latch?
    var endGate: Latch?
    var timeLimit: Duration { .seconds(7) }

    func handle(_ event: ChangeEvent) async throws {
      await gate?.wait()
      log.add(event.shortName)
    }

    func end() async {
      if let endGate {
        log.add("ending")
        await endGate.wait()
      }
      log.add(Task.isCancelled ? "cancelled end" : "end")
    }
  }

  @Test("comes once, after its last call, when it is unregistered")
  func unregistered() async throws {
    let bench = HandlerBench()
    let handler = Recording(gate: Latch())
    let registration = try bench.register(handler)
    bench.publish(1, 2)
    await eventually { registration.status.waiting == 1 }
    registration.unregister()
    registration.unregister()
    bench.publish(3)
    handler.gate?.open()
    await handler.log.waitFor(2)
    await bench.end()
    #expect(handler.log.all == ["file 1 created", "end"])
  }

  @Test("comes before a shutdown returns, also if it had no event")
  func shutdown() async throws {
    let bench = HandlerBench()
    let (idle, busy) = (Recording(), Recording())
    _ = try bench.register(idle, "none")
    _ = try bench.register(busy, "1")
    bench.publish(1)
    await busy.log.waitFor(1)
    await bench.bus.endReceivers(within: .seconds(1))
    #expect(idle.log.all == ["end"])
    #expect(busy.log.all == ["file 1 created", "end"])
  }

  @Test("is not cancelled by a shutdown that comes while it is under way")
  func endingTwice() async throws {
    let bench = HandlerBench()
    let handler = Recording(endGate: Latch())
    let registration = try bench.register(handler)
    registration.mailbox.close()
    await handler.log.waitFor(1)
    async let ended: Void = bench.bus.endReceivers(within: .seconds(1))
    // Once it is removed from the bus, the shutdown is about to tell it; the second time makes sure that it was told.
    await eventually { bench.bus.receivers.isEmpty }
    _ = registration.mailbox.end()
    handler.endGate?.open()
    await ended
    #expect(handler.log.all == ["ending", "end"])
  }

  @Test("comes although it was given up")
  func givenUp() async throws {
    let bench = HandlerBench()
    let handler = Recording(gate: Latch())
    let registration = try bench.register(handler)
    bench.publish(1, 2, 3)
    await bench.pass { registration.status.isGivenUp }
    #expect(registration.status.timedOut == 3)
    registration.unregister()
    await handler.log.waitFor(1)
    #expect(handler.log.all == ["end"])
    handler.gate?.open()
    await handler.log.waitFor(4)
    await bench.end()
  }

  @Test("that fails by itself leaves no task and no thread behind")
  func nothingLeft() async throws {
    weak var bus: EventBus?
    weak var mailbox: HandlerMailbox?
    do {
      let bench = HandlerBench()
      let registration = try bench.register { _ in throw HotReloadError.shutDown }
      bench.publish(1)
      await eventually { registration.status.failed == 1 }
      await bench.end()
      #expect(bench.clock.sleeperCount == 0)
      await eventually { bench.bus.surroundings.threads.counts == (0, 0) }
      (bus, mailbox) = (bench.bus, registration.mailbox)
    }
    // Not in a closure: what it captured it would keep alive.
    while bus != nil || mailbox != nil {
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  @Test("of the manager lets nothing be registered for a later one")
  func late() async throws {
    let fixture = try await Fixture.scripted()
    try await fixture.end()
    for call in [
      { _ = try fixture.manager.registerReloadHandler(matching: "app") { _ in } },
      { _ = try fixture.manager.events() },
    ] as [() throws -> Void] {
      #expect {
        try call()
      } throws: { error in
        (error as? HotReloadError)?.code == .shutDown
      }
    }
    #expect(fixture.manager.bus.receivers.isEmpty)
  }
}
