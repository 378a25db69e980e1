import HotReloadTesting
import Synchronization
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("A bake", .timeLimit(.minutes(5)))
struct BakeTests {
  /// The health of a program, and who asks for it.
  final class Health: Sendable {
    private struct State {
      var failing: Set<Int> = []
      var gate: Maker.Gate?
      var asked = 0
      var running = 0
      var mostAtOnce = 0
    }

    private let state = Mutex(State())

    var asked: Int { state.withLock { $0.asked } }
    var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }

    /// Says that these values of `a` are not healthy.
    func fail(_ values: Set<Int>) { state.withLock { $0.failing = values } }

    func hold() -> Maker.Gate {
      let gate = Maker.Gate()
      state.withLock { $0.gate = gate }
      return gate
    }

    func check(_ snapshot: Snapshot) async throws {
      let gate = state.withLock { state in
        state.asked += 1
        state.running += 1
        state.mostAtOnce = max(state.mostAtOnce, state.running)
        return state.gate
      }
      defer { state.withLock { $0.running -= 1 } }
      await gate?.pass()
      guard case .integer(let a) = snapshot.config("app")?["a"]?.value else { return }
      if state.withLock({ $0.failing.contains(Int(a)) }) {
        throw ConfigProblems("a", "makes it fail")
      }
    }
  }

  struct Setup {
    let clock = ManualClock()
    let health = Health()
    let fixture: Fixture

    init(_ files: [FilePath: String] = [Fixture.app: Fixture.text(1)]) async throws {
      var configuration = Fixture.configuration
      configuration.bake = .seconds(2)
      configuration.healthCheck = { [health] in try await health.check($0) }
      fixture = try await Fixture.scripted(files, configuration, clock: clock)
    }

    /// Lets the bake end well.
    func bake() async {
      let driver = fixture.manager.driver
      while driver.state.withLock({ $0.machine.bake != nil }) {
        let asked = health.asked
        clock.advance(by: .seconds(1))
        await eventually {
          health.asked > asked || driver.state.withLock { $0.machine.bake == nil }
        }
        // It is answered before time goes on.
        await eventually { driver.state.withLock { $0.cancelHealthCheck == nil } }
      }
    }

    func waitForGeneration(_ generation: UInt64) async {
      let manager = fixture.manager
      await eventually { manager.snapshot().generation >= generation }
      _ = try? await manager.sync()
    }
  }

  private static let app: Set<UnitID> = [.config("app")]

  @Test("that fails brings value and product back together, and says so")
  func rollsBack() async throws {
    let setup = try await Setup()
    let manager = setup.fixture.manager
    let maker = Maker()
    let stream = try await manager.watchConfigChanges("app", as: AppConfig.self)
    let registration = try await manager.register(maker, for: Self.app)
    await setup.bake()
    var values = stream.makeAsyncIterator()
    setup.health.fail([2])
    _ = setup.fixture.recorder.take()
    try await setup.fixture.save(Fixture.app, Fixture.text(2))
    await setup.waitForGeneration(3)
    let snapshot = manager.snapshot()
    #expect(snapshot.value(of: stream)?.a == 1 && snapshot.product(of: registration)?.a == 1)
    #expect(registration.current.number == 1)
    #expect(setup.fixture.recorder.takeNames().contains("rolled back app"))
    #expect(await values.next()?.a == 1)
    await eventually { maker.account.retired == [2] }
    let refusal = await manager.status().rejected["app"]?.first?.message ?? ""
    #expect(refusal.contains("makes it fail"))
    try await setup.fixture.end()
    #expect(maker.isSettled)
  }

  @Test("that failed keeps its content out, and other content is a recovery")
  func quarantine() async throws {
    let setup = try await Setup()
    let manager = setup.fixture.manager
    let stream = try await manager.watchConfigChanges("app", as: AppConfig.self)
    await setup.bake()
    setup.health.fail([2])
    try await setup.fixture.save(Fixture.app, Fixture.text(2))
    await setup.waitForGeneration(3)
    setup.health.fail([])
    // The same again, with a comment more.
    try await setup.fixture.save(Fixture.app, "# again\n" + Fixture.text(2))
    #expect(stream.current.a == 1)
    _ = setup.fixture.recorder.take()
    try await setup.fixture.save(Fixture.app, Fixture.text(3))
    #expect(stream.current.a == 3)
    #expect(setup.fixture.recorder.takeNames().contains("recovered app"))
    try await setup.fixture.save(Fixture.app, Fixture.text(2))
    #expect(stream.current.a == 3)
    manager.clearQuarantine(of: .config("app"))
    #expect(try await manager.reload().outcome(of: "app") == .recovered)
    #expect(stream.current.a == 2)
    try await setup.fixture.end()
  }

  @Test("fails if the health check hangs, which is never asked twice at once")
  func hangingHealthCheck() async throws {
    let setup = try await Setup()
    let manager = setup.fixture.manager
    await setup.bake()
    let gate = setup.health.hold()
    try await setup.fixture.save(Fixture.app, Fixture.text(2))
    await gate.isEntered.wait()
    setup.clock.advance(by: .seconds(5))
    await setup.waitForGeneration(3)
    try await setup.fixture.save(Fixture.app, Fixture.text(3))
    gate.isOpen.open()
    await eventually { setup.health.asked >= 3 }
    #expect(setup.health.mostAtOnce == 1)
    #expect(manager.snapshot().config("app")?["a"]?.value == .integer(3))
    try await setup.fixture.end()
  }

  @Test("does not keep the manager from ending when its health check hangs")
  func shutdown() async throws {
    let setup = try await Setup()
    await setup.bake()
    let gate = setup.health.hold()
    try await setup.fixture.save(Fixture.app, Fixture.text(2))
    await gate.isEntered.wait()
    let (fixture, clock, ended) = (setup.fixture, setup.clock, Latch())
    async let ending: Void = {
      defer { ended.open() }
      try await fixture.end()
    }()
    // The one who waits for the grace period may begin to sleep at any moment.
    await eventually {
      clock.advance(by: .seconds(1))
      return ended.isOpen
    }
    try await ending
    gate.isOpen.open()
  }

  @Test("takes back whoever was registered meanwhile")
  func registeredMeanwhile() async throws {
    let setup = try await Setup()
    let manager = setup.fixture.manager
    await setup.bake()
    try await setup.fixture.save(Fixture.app, Fixture.text(2))
    let maker = Maker()
    let stream = try await manager.watchConfigChanges("app", as: AppConfig.self)
    let registration = try await manager.register(maker, for: Self.app)
    #expect(stream.current.a == 2 && registration.current.a == 2)
    setup.health.fail([2])
    setup.clock.advance(by: .seconds(1))
    await setup.waitForGeneration(3)
    #expect(stream.current.a == 1 && registration.current.a == 1)
    try await setup.fixture.end()
    #expect(maker.isSettled)
  }

  @Test("refuses a stream that could not go back with the others")
  func cannotGoBack() async throws {
    let setup = try await Setup([Fixture.app: Fixture.text(200)])
    let manager = setup.fixture.manager
    await setup.bake()
    try await setup.fixture.save(Fixture.app, Fixture.text(2))
    await #expect {
      _ = try await manager.watchConfigChanges("app", as: LimitedConfig.self)
    } throws: { error in
      (error as? HotReloadError)?.code == .configRejected && "\(error)".contains("on trial")
    }
    await setup.bake()
    #expect(try await manager.watchConfigChanges("app", as: LimitedConfig.self).current.a == 2)
    try await setup.fixture.end()
  }

  @Test("that fails during a pause rolls back all the same")
  func pause() async throws {
    let setup = try await Setup()
    let manager = setup.fixture.manager
    let stream = try await manager.watchConfigChanges("app", as: AppConfig.self)
    await setup.bake()
    try await setup.fixture.save(Fixture.app, Fixture.text(2))
    manager.pause()
    setup.health.fail([2])
    setup.clock.advance(by: .seconds(1))
    await eventually { manager.snapshot().generation == 3 }
    #expect(stream.current.a == 1)
    try setup.fixture.folder.replace(Fixture.app, Fixture.text(3))
    setup.fixture.source?.deliver(modified: Fixture.app)
    await #expect { try await manager.sync() } throws: { ($0 as? HotReloadError)?.code == .paused }
    #expect(stream.current.a == 1)
    manager.resume()
    try await manager.sync()
    #expect(stream.current.a == 3)
    try await setup.fixture.end()
  }

  @Test("that fails brings back the very values that were in force, and makes none anew")
  func sameValues() async throws {
    let setup = try await Setup([Fixture.app: Fixture.text(1), "data/a.bin": "1"])
    let manager = setup.fixture.manager
    let made = Mutex(0)
    let stream = try await manager.watchFiles("data", ["data/a.bin"]) { files in
      made.withLock { $0 += 1 }
      return files["data/a.bin"] ?? []
    }
    await setup.bake()
    setup.health.fail([1])
    try await setup.fixture.save("data/a.bin", "2")
    await setup.waitForGeneration(4)
    #expect(stream.current == Array("1".utf8))
    #expect(made.withLock { $0 } == 2)
    try await setup.fixture.end()
  }
}
