import FileWatching
import SystemPackage
import Testing

@testable import HotReload

@Suite("The transaction machine's pause")
struct MachinePauseTests {
  @Test("keeps what the watcher says, and applies it when it ends")
  func keeps() {
    var harness = MachineHarness()
    harness.save("app", 1)
    harness.send(.pause)
    harness.write("app", 2)
    harness.tell("app")
    harness.run()
    #expect(harness.inForce == ["app": 1])
    harness.send(.resume)
    harness.run()
    #expect(harness.inForce == ["app": 2])
  }

  @Test("gives up what is before its swap, and does it when it ends")
  func givesUp() {
    for phase in [ReloadPhase.load, .validate, .prepare] {
      var (harness, ticket) = MachineHarness.under(way: phase)
      harness.send(.pause)
      harness.run()
      #expect(harness.inForce == ["app": 1])
      #expect(harness.abandoned == [ticket])
      harness.send(.resume)
      harness.run()
      #expect(harness.inForce == ["app": 2])
      harness.stop()
      #expect(harness.rules.violations.isEmpty)
    }
  }

  @Test("lets finish what is being swapped in")
  func finishes() {
    var harness = MachineHarness()
    harness.write("app", 1)
    let ticket = harness.submit("app")
    harness.run(until: .swap)
    harness.send(.pause)
    harness.run()
    #expect(harness.reports[ticket]?.outcome(of: "app") == .applied)
  }

  @Test("tells those who wait, also for the rest of their content")
  func tells() {
    var harness = MachineHarness(limits: .init(contentSlice: 1))
    let files = (0..<3).map { FileChange(path: FilePath("static/\($0)"), kind: .modified) }
    let slices = harness.submit(content: files)
    let waiting = harness.drain()
    harness.send(.pause)
    harness.run()
    let refused = harness.submit("app")
    #expect(harness.abandoned.sorted() == [slices, waiting, refused].sorted())
    harness.send(.resume)
    harness.run()
    #expect(harness.publications.map(\.content.count) == [1, 1, 1])
  }

  @Test("does not hold up a roll-back or the end of a bake")
  func rollBack() {
    var limits = NumberMachine.Limits()
    limits.bake = .seconds(1)
    limits.checksHealth = true
    var harness = MachineHarness(limits: limits)
    harness.save("app", 1)
    harness.send(.pause)
    harness.wait(.seconds(1))
    #expect(harness.journal.lastGood == [.config("app"): 1])
    harness.send(.resume)
    harness.save("app", 2)
    harness.health = .bad("it is down")
    harness.send(.pause)
    harness.wait(.seconds(1))
    #expect(harness.inForce == ["app": 1])
    #expect(harness.rules.violations.isEmpty)
  }

  @Test("lets jobs run")
  func jobs() {
    var harness = MachineHarness()
    harness.write("app", 1)
    harness.submit("app")
    let job = harness.enqueue()
    harness.send(.pause)
    harness.run()
    #expect(harness.jobs == [job])
  }
}
