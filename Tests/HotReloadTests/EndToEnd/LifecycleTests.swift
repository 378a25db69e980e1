import FileWatching
import HotReloadTesting
import Logging
import ServiceLifecycle
import Synchronization
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("A manager", .timeLimit(.minutes(5)))
struct LifecycleTests {
  private static func workspace(_ folder: TemporaryWorkspace) throws -> Workspace {
    try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
  }

  @Test("is shared by all copies of a workspace, and adopted if it was started implicitly")
  func adoption() async throws {
    let folder = try TemporaryWorkspace()
    try folder.write(Fixture.app, Fixture.text(1))
    let workspace = try Self.workspace(folder)
    let heard = Latch()
    // Both are asked for before anything runs.
    try workspace.registerReloadHandler(matching: "app") { _ in heard.open() }
    let stream = try await workspace.watchConfigChanges("app", as: AppConfig.self)
    let copy = workspace
    let manager = try await copy.startHotReload()
    #expect(try await workspace.startHotReload() === manager)
    try folder.replace(Fixture.app, Fixture.text(2))
    try await manager.sync()
    #expect(stream.current.a == 2)
    await heard.wait()
    try await manager.shutdown()
  }

  @Test("with another configuration is refused while one runs, and can be started after its end")
  func otherConfiguration() async throws {
    let fixture = try await Fixture.scripted()
    var other = Fixture.configuration
    other.debounce = .seconds(1)
    await #expect {
      _ = try await fixture.workspace.startHotReload(configuration: other)
    } throws: { error in
      (error as? HotReloadError)?.code == .alreadyStarted && "\(error)".contains("debounce")
    }
    try await fixture.end()
    let source = ScriptedChangeSource()
    let second = try await fixture.workspace.startHotReload(
      configuration: other, changes: source.factory)
    #expect(second !== fixture.manager)
    #expect(second.configuration.debounce == .seconds(1))
    try await second.shutdown()
  }

  @Test("is started once, however many ask at the same time")
  func startedOnce() async throws {
    let folder = try TemporaryWorkspace()
    let workspace = try Self.workspace(folder)
    let source = ScriptedChangeSource()
    let managers = try await withThrowingTaskGroup(of: HotReloadManager.self) { group in
      for _ in 0..<20 {
        group.addTask { try await workspace.startHotReload(changes: source.factory) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(source.starts == 1)
    #expect(managers.allSatisfy { $0 === managers[0] })
    try await managers[0].shutdown()
  }

  @Test(
    "ends its streams, handlers, sequences, threads and watcher at its shutdown, which may be repeated"
  )
  func shutdown() async throws {
    weak var driver: ReloadDriver?
    weak var ended: HotReloadManager?
    do {
      let fixture = try await Fixture.scripted()
      let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
      let events = try fixture.manager.events()
      let stuck = try fixture.manager.registerReloadHandler(matching: "app") { _ in
        try await Task.sleep(for: .seconds(3600))
      }
      let consumers = (0..<10).map { _ in
        Task {
          for await _ in stream {}
          for await _ in events {}
        }
      }
      try await fixture.save(Fixture.app, Fixture.text(2))
      await eventually { stuck.status.waiting == 1 }
      async let first: Void = fixture.manager.shutdown()
      async let second: Void = fixture.manager.shutdown()
      _ = try await (first, second)
      try await fixture.manager.shutdown()
      for consumer in consumers { await consumer.value }
      #expect(fixture.source?.isStopped == true)
      #expect(await fixture.manager.status().isRunning == false)
      #expect(stream.current.a == 2)
      for call in [
        { _ = try await fixture.manager.sync() }, { _ = try await fixture.manager.reload() },
        { _ = try await fixture.manager.watchConfigChanges("app", as: LimitedConfig.self) },
      ] as [() async throws -> Void] {
        await #expect {
          try await call()
        } throws: { error in
          (error as? HotReloadError)?.code == .shutDown
        }
      }
      driver = fixture.manager.driver
      ended = fixture.manager
    }
    // Nothing that still runs holds on to it.
    // Not in a closure: what it captured it would keep alive.
    while driver != nil || ended != nil {
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  @Test("runs as a service until the group shuts down")
  func service() async throws {
    let fixture = try await Fixture.scripted()
    let group = ServiceGroup(
      configuration: .init(services: [.init(service: fixture.manager)], logger: .silent))
    let running = Task { try await group.run() }
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    await group.triggerGracefulShutdown()
    try await running.value
    #expect(await fixture.manager.status().isRunning == false)
    #expect(stream.current.a == 1)
  }

  @Test("starts one watcher with a subscription for configs and one for content")
  func subscriptions() async throws {
    let fixture = try await Fixture.scripted()
    let subscriptions = fixture.source?.subscriptions ?? []
    #expect(
      subscriptions.map(\.include) == [
        HotReloadConfiguration.defaultWatchPatterns.filter { $0.hasPrefix("config/") },
        ["templates/**/*", "static/**/*"],
      ])
    _ = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    _ = try await fixture.manager.watchConfigChanges("app", as: LimitedConfig.self)
    let demanded = fixture.source?.demanded ?? []
    #expect(demanded.contains("config/app.local.json"))
    #expect(demanded.contains("config/app.production.yml"))
    #expect(Set(demanded).count == demanded.count)
    try await fixture.end()
    var all = Fixture.configuration
    all.atomicGroups = .all
    let one = try await Fixture.scripted([:], all)
    #expect(one.source?.subscriptions.count == 1)
    try await one.end()
  }

  @Test("tells what happened to the watching")
  func notices() async throws {
    let fixture = try await Fixture.scripted()
    let failure = WatchFailure(errorNumber: 28, description: "no watch left")
    fixture.source?.deliver(
      [],
      notices: [
        .rescanned(.overflow), .degraded(path: "config", reason: failure),
        .restored(path: "config"),
      ])
    try await fixture.manager.sync()
    #expect(
      fixture.recorder.takeNames() == ["rescanned overflow", "degraded config", "restored config"])
    try await fixture.end()
  }

  @Test("loads all configs again when a folder as a whole changed")
  func subtree() async throws {
    let fixture = try await Fixture.scripted()
    try fixture.folder.write("config/new.toml", Fixture.text(5))
    fixture.source?.deliver([FileChange(path: "config", kind: .subtreeChanged)])
    try await fixture.manager.sync()
    #expect(fixture.manager.snapshot().configNames == ["app", "new"])
    try await fixture.end()
  }

  @Test("gives a reload's report to who asks for it")
  func reports() async throws {
    let fixture = try await Fixture.scripted()
    try fixture.folder.write(Fixture.app, Fixture.text(2))
    try fixture.folder.write("config/bad.yaml", "a: [")
    let report = try await fixture.manager.reload()
    #expect(report.producers == [.reload])
    #expect(report.outcome(of: "app") == .applied)
    #expect(report.generation == 2)
    #expect(report.errors.count == 1 && !report.isAccepted)
    #expect(report.phases.map(\.phase).contains(.swap))
    #expect(await fixture.manager.status().lastReport?.producers == [.reload])
    let again = try await fixture.manager.submit(
      Candidate(producer: .other("test"), scope: .units([.config("app")])))
    #expect(again.outcome(of: "app") == .unchanged)
    try await fixture.end()
  }

  @Test("returns from sync() what writers still have open")
  func pending() async throws {
    let fixture = try await Fixture.scripted()
    try fixture.folder.write(Fixture.app, Fixture.text(2))
    fixture.source?.hold([FileChange(path: Fixture.app, kind: .modified)])
    fixture.source?.setPending(["config/open.toml"])
    #expect(fixture.manager.snapshot().generation == 1)
    #expect(try await fixture.manager.sync() == ["config/open.toml"])
    #expect(fixture.manager.snapshot().generation == 2)
    try await fixture.end()
  }
}
