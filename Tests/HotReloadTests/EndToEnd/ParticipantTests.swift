import Foundation
import HotReloadTesting
import Synchronization
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("A participant", .timeLimit(.minutes(5)))
struct ParticipantTests {
  private static let app: Set<UnitID> = [.config("app")]

  private static func code(_ error: any Error) -> HotReloadError.Code? {
    (error as? HotReloadError)?.code
  }

  @Test("has its product in the snapshot together with the value that it was made of")
  func together() async throws {
    let fixture = try await Fixture.scripted()
    let maker = Maker()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let registration = try await fixture.manager.register(maker, for: Self.app)
    #expect(registration.current == .init(number: 1, a: 1))
    let before = fixture.manager.snapshot()
    try await fixture.save(Fixture.app, Fixture.text(2))
    #expect(registration.current == .init(number: 2, a: 2))
    #expect(maker.account.activated == [1, 2])
    await eventually { maker.account.retired == [1] }
    let after = fixture.manager.snapshot()
    #expect(before.value(of: stream)?.a == 1 && before.product(of: registration)?.a == 1)
    #expect(after.value(of: stream)?.a == 2 && after.product(of: registration)?.a == 2)
    var products = registration.makeAsyncIterator()
    #expect(await products.next()?.a == 2)
    try await fixture.end()
    #expect(maker.isSettled)
  }

  @Test("never has a product of another generation than the value, whoever reads")
  func hammered() async throws {
    let fixture = try await Fixture.scripted()
    let manager = fixture.manager
    let stream = try await manager.watchConfigChanges("app", as: AppConfig.self)
    let registration = try await manager.register(Maker(), for: Self.app)
    let isOver = Latch()
    let mixed = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<2 {
        group.addTask {
          var mixed = 0
          var last = 0
          while !isOver.isOpen {
            let snapshot = manager.snapshot()
            guard let value = snapshot.value(of: stream),
              let product = snapshot.product(of: registration)
            else { return -1 }
            if value.a != product.a || value.a != value.b || value.a < last { mixed += 1 }
            last = value.a
            await Task.yield()
          }
          return mixed
        }
      }
      for number in 2..<150 {
        try? await fixture.save(Fixture.app, Fixture.text(number))
      }
      isOver.open()
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(mixed == [0, 0])
    #expect(registration.current.a == 149)
    try await fixture.end()
  }

  @Test("keeps a value out that it refuses, with the place of the key")
  func refuses() async throws {
    let fixture = try await Fixture.scripted()
    let maker = Maker()
    let registration = try await fixture.manager.register(maker, for: Self.app, name: "pool")
    maker.refuse([2])
    _ = fixture.recorder.take()
    try await fixture.save(Fixture.app, Fixture.text(2))
    #expect(registration.current.a == 1)
    #expect(fixture.manager.snapshot().generation == 1)
    #expect(
      await fixture.manager.status().rejected["app"]?.map(\.description) == [
        "config/app.toml:1:5 a: pool refused it: is refused"
      ])
    try await fixture.save(Fixture.app, Fixture.text(3))
    #expect(registration.current.a == 3)
    #expect(fixture.recorder.takeNames().filter { $0.hasPrefix("recovered") } == ["recovered app"])
    try await fixture.end()
    #expect(maker.isSettled)
  }

  @Test("that is late refuses, and what it brings late is let go of")
  func late() async throws {
    let clock = ManualClock()
    let fixture = try await Fixture.scripted(clock: clock)
    let maker = Maker()
    let registration = try await fixture.manager.register(maker, for: Self.app)
    let gate = maker.hold(.prepare)
    try fixture.folder.replace(Fixture.app, Fixture.text(2))
    let report = Task { try await fixture.manager.reload() }
    await gate.isEntered.wait()
    clock.advance(by: .seconds(30))
    #expect(try await report.value.errors.first?.message.contains("30.0 seconds") == true)
    #expect(registration.current.a == 1)
    gate.isOpen.open()
    await eventually { maker.account.retired == [2] }
    #expect(try await fixture.manager.reload().outcome(of: "app") == .recovered)
    #expect(registration.current.a == 2)
    try await fixture.end()
    #expect(maker.isSettled)
  }

  @Test("that cannot make anything of what is in force is not registered, and its caller is told")
  func registrationRefused() async throws {
    let fixture = try await Fixture.scripted()
    let maker = Maker()
    maker.refuse([1])
    await #expect {
      _ = try await fixture.manager.register(maker, for: Self.app, name: "pool")
    } throws: { error in
      Self.code(error) == .participantRefused && "\(error)".contains("config/app.toml:1:5")
    }
    #expect(await fixture.manager.status().participants.isEmpty)
    try await fixture.save(Fixture.app, Fixture.text(2))
    #expect(maker.account.made.isEmpty)
    maker.refuse([])
    #expect(try await fixture.manager.register(maker, for: Self.app).current.a == 2)
    try await fixture.end()
    #expect(maker.isSettled)
  }

  @Test("cannot be registered for what does not exist")
  func registrationMissing() async throws {
    let fixture = try await Fixture.scripted()
    for (unit, code) in [
      (UnitID.config("other"), HotReloadError.Code.configRejected),
      (.files("tls"), .invalidConfiguration), (.file("data/x"), .invalidConfiguration),
    ] {
      await #expect {
        _ = try await fixture.manager.register(Maker(), for: [unit])
      } throws: { Self.code($0) == code }
    }
    try await fixture.end()
  }

  @Test("that hangs when it is registered is given up, and what it brings late is let go of")
  func registrationHangs() async throws {
    let clock = ManualClock()
    let fixture = try await Fixture.scripted(clock: clock)
    let maker = Maker()
    let gate = maker.hold(.prepare)
    let registration = Task { try await fixture.manager.register(maker, for: Self.app) }
    await gate.isEntered.wait()
    await clock.waitForSleepers()
    clock.advance(by: .seconds(30))
    await #expect { _ = try await registration.value } throws: {
      Self.code($0) == .participantRefused
    }
    // Nothing is held up by it.
    try await fixture.save(Fixture.app, Fixture.text(2))
    #expect(fixture.manager.snapshot().generation == 2)
    gate.isOpen.open()
    await eventually { maker.account.retired == [1] }
    try await fixture.end()
  }

  @Test("is asked no more after it was unregistered, and its product is let go of")
  func unregisters() async throws {
    let fixture = try await Fixture.scripted()
    let maker = Maker()
    let registration = try await fixture.manager.register(maker, for: Self.app)
    try await registration.unregister()
    await eventually { maker.account.retired == [1] }
    maker.refuse([2])
    try await fixture.save(Fixture.app, Fixture.text(2))
    #expect(fixture.manager.snapshot().generation == 2)
    #expect(registration.current.a == 1)
    try await registration.unregister()
    try await fixture.end()
    #expect(maker.isSettled)
  }

  @Test("is let go of once if it is unregistered while the manager shuts down")
  func unregistersAtShutdown() async throws {
    for _ in 0..<20 {
      let fixture = try await Fixture.scripted()
      let maker = Maker()
      let registration = try await fixture.manager.register(maker, for: Self.app)
      async let shutdown: Void = fixture.end()
      do { try await registration.unregister() } catch { #expect(Self.code(error) == .shutDown) }
      try await shutdown
      #expect(maker.isSettled)
    }
  }

  @Test("cannot wait for the manager")
  func reentrant() async throws {
    final class Waiting: ReloadParticipant {
      let manager: HotReloadManager
      init(_ manager: HotReloadManager) { self.manager = manager }
      func prepare(_ change: ReloadChange) async throws -> Int {
        try await manager.sync()
        return 1
      }
    }
    let fixture = try await Fixture.scripted()
    await #expect {
      _ = try await fixture.manager.register(Waiting(fixture.manager), for: Self.app)
    } throws: { "\($0)".contains("sync()") }
    try await fixture.end()
  }
}

// MARK: Shutting down

extension ParticipantTests {
  @Test("that makes a product when the manager shuts down does not keep the value out of its way")
  func shutdownDuringPrepare() async throws {
    let fixture = try await Fixture.scripted()
    let maker = Maker()
    let registration = try await fixture.manager.register(maker, for: Self.app)
    let gate = maker.hold(.prepare)
    try fixture.folder.replace(Fixture.app, Fixture.text(2))
    let report = Task { try await fixture.manager.reload() }
    await gate.isEntered.wait()
    async let shutdown: Void = fixture.end()
    await #expect { _ = try await report.value } throws: { Self.code($0) == .shutDown }
    gate.isOpen.open()
    try await shutdown
    #expect(registration.current.a == 1)
    #expect(maker.account.made == [1, 2] && maker.isSettled)
  }

  @Test("that is being registered when the manager shuts down is told at once")
  func shutdownDuringRegistration() async throws {
    let fixture = try await Fixture.scripted()
    let maker = Maker()
    let gate = maker.hold(.prepare)
    let registration = Task { try await fixture.manager.register(maker, for: Self.app) }
    await gate.isEntered.wait()
    async let shutdown: Void = fixture.end()
    await #expect { _ = try await registration.value } throws: { Self.code($0) == .shutDown }
    gate.isOpen.open()
    try await shutdown
    #expect(maker.isSettled)
  }

  @Test("that takes over when the manager shuts down is waited for")
  func shutdownDuringActivate() async throws {
    let fixture = try await Fixture.scripted()
    let maker = Maker()
    let registration = try await fixture.manager.register(maker, for: Self.app)
    let gate = maker.hold(.activate)
    try fixture.folder.replace(Fixture.app, Fixture.text(2))
    let report = Task { try await fixture.manager.reload() }
    await gate.isEntered.wait()
    async let shutdown: Void = fixture.end()
    gate.isOpen.open()
    #expect(try await report.value.outcome(of: "app") == .applied)
    try await shutdown
    #expect(registration.current.a == 2)
    #expect(maker.account.activated == [1, 2] && maker.isSettled)
  }

  @Test("that lets go of a product when the manager shuts down is waited for")
  func shutdownDuringRetire() async throws {
    let fixture = try await Fixture.scripted()
    let maker = Maker()
    _ = try await fixture.manager.register(maker, for: Self.app)
    let gate = maker.hold(.retire)
    try await fixture.save(Fixture.app, Fixture.text(2))
    await gate.isEntered.wait()
    async let shutdown: Void = fixture.end()
    gate.isOpen.open()
    try await shutdown
    #expect(maker.isSettled)
  }

  @Test("that never lets go is counted as overdue, and does not keep the manager from ending")
  func overdue() async throws {
    let clock = ManualClock()
    let fixture = try await Fixture.scripted(clock: clock)
    let maker = Maker()
    _ = try await fixture.manager.register(maker, for: Self.app, name: "pool")
    let gate = maker.hold(.retire)
    try await fixture.save(Fixture.app, Fixture.text(2))
    await gate.isEntered.wait()
    await clock.waitForSleepers()
    clock.advance(by: ReloadDriver.retireLimit)
    let driver = fixture.manager.driver
    await eventually { driver.state.withLock { $0.retirement.overdue } == ["pool"] }
    #expect("\(await fixture.manager.status().health)".contains("pool does not let go"))
    async let shutdown: Void = fixture.end()
    await eventually { driver.stopped.isOpen && clock.sleeperCount >= 2 }
    clock.advance(by: ReloadDriver.taskGracePeriod)
    try await shutdown
    gate.isOpen.open()
    await eventually { maker.isSettled }
  }

  @Test("leaves no task and no open file behind, however often it is asked")
  func manyReloads() async throws {
    // A long run: HOTRELOAD_RELOADS=10000 scripts/test --filter manyReloads
    let count =
      ProcessInfo.processInfo.environment["HOTRELOAD_RELOADS"].flatMap { Int($0) } ?? 200
    let fixture = try await Fixture.scripted()
    let maker = Maker()
    let registration = try await fixture.manager.register(maker, for: Self.app)
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let driver = fixture.manager.driver
    await eventually { driver.tasks.count == 0 }
    for number in 2..<(count + 2) { try await fixture.save(Fixture.app, Fixture.text(number)) }
    #expect(stream.current.a == count + 1 && registration.current.a == count + 1)
    await eventually { driver.tasks.count == 0 }
    #expect(maker.account.retired.count == count)
    #expect(driver.state.withLock { $0.products.count } == 1)
    // The journal has its two files open for as long as the manager runs.
    let open = Self.openFiles(below: fixture.folder.root.string)
    #expect(open.filter { !$0.contains("/data/hotreload/") }.isEmpty)
    try await fixture.end()
    #expect(Self.openFiles(below: fixture.folder.root.string).isEmpty)
    #expect(maker.isSettled)
  }

  /// The files below a folder that this process has open.
  private static func openFiles(below folder: String) -> [String] {
    let manager = FileManager.default
    let numbers = (try? manager.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return numbers.compactMap {
      try? manager.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
    }.filter { $0.hasPrefix(folder) }
  }
}
