import FileWatching
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("The transaction machine")
struct TransactionMachineTests {
  static func rejected(_ message: String) -> ReloadOutcome {
    .rejected([MachineHarness.error(message)])
  }

  @Test("puts new content in force and counts generations from 1")
  func applies() {
    var harness = MachineHarness()
    #expect(harness.save("app", 1) == .applied)
    #expect(harness.save("app", 2) == .applied)
    #expect(harness.inForce == ["app": 2])
    #expect(harness.generation == 2)
    #expect(harness.publications.map(\.generation) == [1, 2])
    #expect(harness.publications[1].units[0].old == 1)
    #expect(harness.publications[1].units[0].new == 2)
  }

  @Test("leaves content alone that is in force already")
  func unchanged() {
    var harness = MachineHarness()
    harness.save("app", 1)
    #expect(harness.save("app", 1) == .unchanged)
    #expect(harness.generation == 1)
    #expect(harness.publications[1].units[0].isChanged == false)
  }

  @Test("keeps the last good value when content is not valid, and says the same thing only once")
  func rejects() {
    var harness = MachineHarness()
    harness.save("app", 1)
    #expect(harness.save("app", -2) == Self.rejected("negative -2"))
    #expect(harness.save("app", -2) == Self.rejected("negative -2"))
    #expect(harness.save("app", -200) == Self.rejected("unreadable -200"))
    #expect(harness.inForce == ["app": 1])
    #expect(harness.generation == 1)
    #expect(
      harness.publications.dropFirst().map { $0.units[0].isRepeated } == [false, true, false])
    #expect(harness.publications.last?.units[0].new == 1)
  }

  @Test("has more time for a first load than for a later one, and says truly what stays in force")
  func slowLoads() throws {
    var harness = MachineHarness()
    func load(_ number: Int, for limit: Duration) throws -> String {
      harness.write("app", Number(number))
      let ticket = harness.submit("app")
      // The read does not come back.
      harness.outstanding = []
      harness.now += limit - .nanoseconds(1)
      harness.send(.timePassed)
      #expect(harness.machine.running?.phase == .load)
      harness.wait(.nanoseconds(1))
      return try #require(harness.reports[ticket]?.outcome(of: "app")?.diagnostics.first?.message)
    }
    let limits = harness.limits
    #expect(limits.firstLoad > limits.load)
    #expect(
      try load(1, for: limits.firstLoad)
        == "reading took longer than 300.0 seconds, so nothing of config app is in force yet; reload to try again"
    )
    #expect(harness.inForce.isEmpty)
    #expect(harness.save("app", 1) == .recovered)
    #expect(
      try load(2, for: limits.load)
        == "reading took longer than 30.0 seconds, so the last good value stays in force")
    #expect(harness.inForce == ["app": 1])
  }

  @Test("says that a unit recovered, with new content and with the content that is in force")
  func recovers() {
    var harness = MachineHarness()
    harness.save("app", 1)
    harness.save("app", -2)
    #expect(harness.save("app", 1) == .recovered)
    #expect(harness.generation == 1)
    harness.save("app", -2)
    #expect(harness.save("app", 3) == .recovered)
    #expect(harness.inForce == ["app": 3])
    #expect(
      harness.publications.map { $0.units[0].isChanged } == [true, false, false, false, true])
    #expect(harness.save("app", 3) == .unchanged)
  }

  @Test("refuses that a unit in force goes away, and forgets one that never was")
  func deletes() {
    var harness = MachineHarness()
    harness.save("app", 1)
    #expect(harness.save("app", nil) == Self.rejected("missing"))
    #expect(harness.inForce == ["app": 1])
    #expect(harness.save("app", 1) == .recovered)
    harness.save("other", -1)
    #expect(harness.save("other", nil) == .unchanged)
    #expect(harness.machine.units[.config("other")] == nil)
  }

  @Test("tells a caller who asks for what does not exist, and remembers nothing of it")
  func missing() {
    var harness = MachineHarness()
    let ticket = harness.submit("nothing", producer: .registration)
    harness.run()
    #expect(harness.reports[ticket]?.outcome(of: "nothing") == Self.rejected("missing"))
    #expect(harness.machine.units.isEmpty)
    #expect(harness.publications[0].units[0].isRepeated)
  }

  @Test("merges candidates that arrive during a transaction into the next one")
  func merges() {
    var harness = MachineHarness()
    harness.disk = ["a": 1, "b": 1, "c": 1]
    let first = harness.submit("a")
    let second = harness.submit("b")
    let third = harness.submit("b", "c", producer: .reload)
    harness.run()
    #expect(harness.generation == 2)
    #expect(harness.reports[first]?.units.map(\.unit) == [.config("a")])
    #expect(harness.reports[second]?.units.map(\.unit) == [.config("b"), .config("c")])
    #expect(harness.reports[third]?.producers == [.watcher, .reload])
  }

  @Test("loads once more when a file changes while it is loaded")
  func changesDuringLoad() {
    var harness = MachineHarness()
    harness.disk = ["app": 1]
    harness.submit("app")
    harness.performFirst()
    harness.disk = ["app": 2]
    harness.submit("app")
    harness.run()
    #expect(harness.inForce == ["app": 2])
    #expect(harness.publications.map { $0.units[0].new } == [1, 2])
  }

  @Test("lets independent units of one candidate pass and fail on their own, in one swap")
  func independent() {
    var harness = MachineHarness()
    harness.disk = ["a": 1, "b": -1, "c": 1]
    let ticket = harness.submit("a", "b", "c")
    harness.run()
    #expect(harness.inForce == ["a": 1, "c": 1])
    #expect(harness.generation == 1)
    #expect(harness.reports[ticket]?.outcome(of: "b") == Self.rejected("negative -1"))
    #expect(harness.reports[ticket]?.isAccepted == false)
  }

  @Test("lets a group pass or fail as a whole, and retries who was held back with the culprit")
  func groups() {
    var harness = MachineHarness(groups: [["a", "b"]])
    harness.disk = ["a": 1, "b": 1, "c": 1]
    harness.submit("a", "b", "c")
    harness.run()
    harness.disk = ["a": 2, "b": -2, "c": 2]
    let ticket = harness.submit("a", "b", "c")
    harness.run()
    #expect(harness.inForce == ["a": 1, "b": 1, "c": 2])
    let held = harness.reports[ticket]?.outcome(of: "a")?.diagnostics.first?.message ?? ""
    #expect(held.contains("config b"))
    // Only the culprit is touched; the other one comes along.
    harness.save("b", 3)
    #expect(harness.inForce == ["a": 2, "b": 3, "c": 2])
    #expect(harness.generation == 3)
    #expect(harness.publications.last?.units.map(\.outcome) == [.recovered, .recovered])
  }

  @Test("holds every unit back if all are one group")
  func allOneGroup() {
    var harness = MachineHarness(groups: .all)
    harness.disk = ["a": 1, "b": 1]
    harness.submit("a", "b")
    harness.run()
    harness.disk = ["a": -1, "b": 2]
    harness.submit("a", "b")
    harness.run()
    #expect(harness.inForce == ["a": 1, "b": 1])
  }

  @Test("gives up a load at its deadline and discards what comes late")
  func loadDeadline() throws {
    var harness = MachineHarness(limits: .init(load: .seconds(3)))
    harness.save("app", 1)
    let ticket = harness.submit("app")
    let load = try #require(harness.outstanding.first)
    harness.outstanding = []
    #expect(harness.machine.nextDeadline == .seconds(3))
    harness.now = .seconds(2)
    harness.send(.timePassed)
    #expect(harness.outstanding.isEmpty)
    harness.now = .seconds(3)
    harness.send(.timePassed)
    harness.run()
    #expect(harness.reports[ticket]?.errors.first?.message.contains("3.0 seconds") == true)
    guard case .load(let id, _, _) = load else {
      Issue.record("not a load: \(load)")
      return
    }
    harness.send(.loaded(id, [.config("app"): .content(9)]))
    harness.run()
    #expect(harness.inForce == ["app": 1])
    #expect(harness.save("app", 2) == .recovered)
  }

  @Test("gives up validators at their deadline and discards what they say late")
  func validateDeadline() {
    var harness = MachineHarness(limits: .init(validate: .seconds(1)))
    harness.disk = ["app": 1]
    let ticket = harness.submit("app")
    harness.performFirst()
    harness.outstanding = []
    harness.now = .seconds(1)
    harness.send(.timePassed)
    harness.run()
    #expect(harness.reports[ticket]?.errors.first?.message.contains("validators") == true)
    harness.send(.validated(.init(number: 1), [:]))
    harness.run()
    #expect(harness.inForce.isEmpty)
  }

  @Test("reports each phase with its duration")
  func phases() {
    var harness = MachineHarness()
    harness.disk = ["app": 1]
    let ticket = harness.submit("app")
    while !harness.outstanding.isEmpty {
      harness.now += .milliseconds(5)
      _ = harness.performOne()
    }
    let phases = harness.reports[ticket]?.phases ?? []
    #expect(
      phases.map(\.phase) == [.classify, .load, .compare, .validate, .swap, .publish])
    #expect(
      phases.map(\.duration)
        == [0, 5, 0, 5, 5, 5].map { Duration.milliseconds($0) })
    #expect(harness.publications[0].duration == .milliseconds(15))
  }

  @Test("runs jobs between transactions, before what waits")
  func jobs() {
    var harness = MachineHarness()
    harness.disk = ["app": 1]
    harness.submit("app")
    let job = harness.enqueue()
    harness.submit("app")
    harness.performFirst()
    #expect(harness.jobs.isEmpty)
    harness.run()
    #expect(harness.jobs == [job])
    #expect(harness.publications.count == 2)
    #expect(harness.machine.isIdle)
  }

  @Test("publishes content in slices, with configs going first")
  func content() {
    var harness = MachineHarness(limits: .init(contentSlice: 2))
    harness.disk = ["app": 1]
    let files = (0..<5).map { FileChange(path: FilePath("static/\($0).css"), kind: .modified) }
    let ticket = harness.submit(content: files)
    harness.submit("app")
    harness.run()
    #expect(harness.publications.map(\.content.count) == [2, 0, 2, 1])
    #expect(harness.publications[1].units.count == 1)
    #expect(harness.reports[ticket]?.changes.count == 5)
  }

  @Test("answers a drain only when all that was submitted before is through")
  func drains() {
    var harness = MachineHarness(limits: .init(contentSlice: 1))
    harness.disk = ["app": 1]
    harness.submit("app", content: [FileChange(path: "static/a", kind: .created)])
    harness.submit(content: [FileChange(path: "static/b", kind: .created)])
    let drain = harness.drain()
    while harness.reports[drain] == nil, harness.performOne() {}
    #expect(harness.inForce == ["app": 1])
    #expect(harness.publications.flatMap(\.content).count == 2)
    harness.run()
    let again = harness.drain()
    harness.run()
    #expect(harness.reports[again] != nil)
  }

  @Test("aborts before the swap when it is stopped")
  func stopsBefore() {
    var harness = MachineHarness()
    harness.disk = ["app": 1]
    let first = harness.submit("app")
    let second = harness.submit("app")
    harness.send(.stop)
    harness.run()
    #expect(harness.abandoned.sorted() == [first, second])
    #expect(harness.isStopped)
    #expect(harness.inForce.isEmpty)
    let late = harness.submit("app")
    harness.run()
    #expect(harness.abandoned.last == late)
  }

  @Test("finishes after the swap when it is stopped")
  func stopsAfter() {
    var harness = MachineHarness()
    harness.disk = ["app": 1]
    let first = harness.submit("app")
    while harness.machine.running?.phase != .swap { harness.performFirst() }
    let second = harness.submit("app")
    harness.send(.stop)
    harness.run()
    #expect(harness.inForce == ["app": 1])
    #expect(harness.reports[first]?.outcome(of: "app") == .applied)
    #expect(harness.abandoned == [second])
    #expect(harness.isStopped)
  }
}
