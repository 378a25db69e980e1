import HotReloadTesting
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("A validator", .timeLimit(.minutes(5)))
struct ValidatorTests {
  @Test("of the config's type keeps a bad value out, with the place of the key")
  func typed() async throws {
    let fixture = try await Fixture.scripted()
    let stream = try await fixture.manager.watchConfigChanges("app", as: LimitedConfig.self)
    try await fixture.save(Fixture.app, "# high\na = 101\nb = 1\n")
    #expect(stream.current.a == 1)
    let errors = await fixture.manager.status().rejected["app"] ?? []
    #expect(errors.map(\.description) == ["config/app.toml:2:5 a: must be at most 100"])
    try await fixture.end()
  }

  @Test("that is registered is asked about what is in force and about each new version")
  func registered() async throws {
    let fixture = try await Fixture.scripted()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let registration = try await fixture.manager.registerValidator(
      config: "app", as: AppConfig.self
    ) { config in
      var problems = ConfigProblems()
      problems.require(config.a < 10, "a", "must be below 10")
      problems.require(config.b < 10, "b", "must be below 10")
      try problems.throwIfAny()
    }
    try await fixture.save(Fixture.app, Fixture.text(11, 12))
    #expect(stream.current.a == 1)
    #expect(
      await fixture.manager.status().rejected["app"]?.map(\.description) == [
        "config/app.toml:1:5 a: must be below 10", "config/app.toml:2:5 b: must be below 10",
      ])
    await #expect {
      _ = try await fixture.manager.registerValidator(config: "app") { _ in
        throw ConfigProblems("a", "is never good")
      }
    } throws: { error in
      "\(error)".contains("config/app.toml:1:5 a: is never good")
    }
    registration.unregister()
    try await fixture.manager.reload()
    #expect(stream.current.a == 11)
    try await fixture.end()
  }

  @Test("is not asked if validation is off, but the config is decoded all the same")
  func off() async throws {
    var configuration = Fixture.configuration
    configuration.validateBeforeReload = false
    let fixture = try await Fixture.scripted([Fixture.app: Fixture.text(1)], configuration)
    let stream = try await fixture.manager.watchConfigChanges("app", as: LimitedConfig.self)
    _ = try await fixture.manager.registerValidator(config: "app") { _ in
      throw ConfigProblems("a", "is never good")
    }
    try await fixture.save(Fixture.app, Fixture.text(101))
    #expect(stream.current.a == 101)
    try await fixture.save(Fixture.app, "a = true")
    #expect(stream.current.a == 101)
    try await fixture.end()
  }

  @Test("that does not answer is given up after ten seconds, and its answer comes too late")
  func hanging() async throws {
    let clock = ManualClock()
    let fixture = try await Fixture.scripted([Fixture.app: Fixture.text(1)], clock: clock)
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let (isHanging, answer) = (Latch(), Latch())
    _ = try await fixture.manager.registerValidator(config: "app", as: AppConfig.self) { config in
      guard config.a == 2 else { return }
      isHanging.open()
      await answer.wait()
    }
    try fixture.folder.write(Fixture.app, Fixture.text(2))
    async let report = fixture.manager.reload()
    await isHanging.wait()
    await clock.waitForSleepers()
    clock.advance(by: .seconds(10))
    #expect(try await report.errors.first?.message.contains("validators") == true)
    answer.open()
    try await fixture.manager.sync()
    #expect(stream.current.a == 1)
    try await fixture.save(Fixture.app, Fixture.text(3))
    #expect(stream.current.a == 3)
    try await fixture.end()
  }

  @Test("cannot wait for the manager")
  func reentrancy() async throws {
    let fixture = try await Fixture.scripted()
    let manager = fixture.manager
    let (isAsked, isRefused) = (Latch(), Latch())
    _ = try await manager.registerValidator(config: "app") { _ in
      isAsked.open()
      do {
        try await manager.sync()
      } catch {
        if (error as? HotReloadError)?.code == .reentrant { isRefused.open() }
      }
    }
    #expect(isAsked.isOpen && isRefused.isOpen)
    try await fixture.end()
  }

  @Test("that hangs when it is registered is given up, and not registered")
  func hangingRegistration() async throws {
    let clock = ManualClock()
    let fixture = try await Fixture.scripted(clock: clock)
    let gate = Maker.Gate()
    let registration = Task {
      try await fixture.manager.registerValidator(config: "app") { _ in await gate.pass() }
    }
    await gate.isEntered.wait()
    await clock.waitForSleepers()
    clock.advance(by: .seconds(10))
    await #expect { _ = try await registration.value } throws: { "\($0)".contains("10.0 seconds") }
    try await fixture.save(Fixture.app, Fixture.text(2))
    #expect(fixture.manager.snapshot().generation == 2)
    gate.isOpen.open()
    try await fixture.end()
  }

  @Test("is cancelled when its time is up and when the manager shuts down")
  func cancelled() async throws {
    let clock = ManualClock()
    let fixture = try await Fixture.scripted(clock: clock)
    let entered = Maker.Gate()
    let cancelled = Latch()
    entered.isOpen.open()
    _ = try await fixture.manager.registerValidator(config: "app", as: AppConfig.self) { app in
      guard app.a > 1 else { return }
      await entered.pass()
      defer { cancelled.open() }
      try await Task.sleep(for: .seconds(3600))
    }
    try fixture.folder.replace(Fixture.app, Fixture.text(2))
    let report = Task { try await fixture.manager.reload() }
    await entered.isEntered.wait()
    clock.advance(by: .seconds(10))
    #expect(try await report.value.errors.first?.message.contains("10.0 seconds") == true)
    await cancelled.wait()
    fixture.source?.deliver(modified: Fixture.app)
    try await fixture.end()
    #expect(fixture.manager.driver.tasks.count == 0)
  }
}
