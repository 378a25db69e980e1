import FileWatching
import HotReloadTesting
import Synchronization
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("A reload handler", .timeLimit(.minutes(5)))
struct HandlerTests {
  /// Keeps what it was given.
  final class Log: Sendable {
    private let state = Mutex<[String]>([])
    var all: [String] { state.withLock { $0 } }

    func add(_ text: String) {
      state.withLock { $0.append(text) }
    }

    func waitFor(_ count: Int) async {
      await eventually { self.all.count >= count }
    }
  }

  @Test("receives what its pattern matches, in order, by path and by the config's name")
  func patterns() async throws {
    let fixture = try await Fixture.scripted([
      Fixture.app: Fixture.text(1), "config/other.toml": Fixture.text(1),
    ])
    let (byPath, byName, css) = (Log(), Log(), Log())
    try fixture.manager.registerReloadHandler(matching: "config/app.*") { byPath.add($0.shortName) }
    try fixture.manager.registerReloadHandler(matching: "other") { byName.add($0.shortName) }
    try fixture.manager.registerReloadHandler(matching: "static/**/*.css") { css.add($0.shortName) }
    try await fixture.save(Fixture.app, Fixture.text(2))
    try await fixture.save("config/other.toml", Fixture.text(2))
    fixture.source?.deliver(
      [
        FileChange(path: "static/a/b.css", kind: .created),
        FileChange(path: "static/b.js", kind: .modified),
        FileChange(path: "static/c.css", kind: .renamed(from: "static/d.css")),
      ], to: 1)
    try await fixture.manager.sync()
    await byPath.waitFor(3)
    await byName.waitFor(2)
    await css.waitFor(2)
    #expect(byPath.all == ["file config/app.toml modified", "changed app", "completed app"])
    #expect(byName.all == ["changed other", "completed other"])
    #expect(
      css.all == [
        "file static/a/b.css created", "file static/c.css renamed(from: \"static/d.css\")",
      ])
    try await fixture.end()
  }

  @Test("that fails is counted and goes on receiving, and vetoes nothing")
  func failure() async throws {
    struct Failure: Error {}
    let fixture = try await Fixture.scripted()
    let stream = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    let log = Log()
    let registration = try fixture.manager.registerReloadHandler(matching: "app") { event in
      log.add(event.shortName)
      throw Failure()
    }
    try await fixture.save(Fixture.app, Fixture.text(2))
    try await fixture.save(Fixture.app, Fixture.text(3))
    #expect(stream.current.a == 3)
    await eventually { registration.status.handled == 4 }
    #expect(registration.status.failed == 4)
    #expect(log.all.count == 4)
    try await fixture.end()
  }

  @Test("that is slow delays nobody, loses the oldest events and shows how many")
  func slow() async throws {
    let fixture = try await Fixture.scripted()
    let (gate, quick) = (Latch(), Log())
    let registration = try fixture.manager.registerReloadHandler(matching: "static/**") { _ in
      await gate.wait()
    }
    try fixture.manager.registerReloadHandler(matching: "app") { quick.add($0.shortName) }
    let count = HandlerRegistration.capacity + 100
    for number in 0..<count {
      fixture.source?.deliver(
        [FileChange(path: FilePath("static/\(number)"), kind: .created)], to: 1)
    }
    try await fixture.save(Fixture.app, Fixture.text(2))
    await quick.waitFor(2)
    // The one that it is stuck with is neither waiting nor dropped.
    await eventually {
      let status = registration.status
      return status.waiting + status.dropped == count - 1
    }
    #expect((99...100).contains(registration.status.dropped))
    #expect(await fixture.manager.status().health != .healthy)
    gate.open()
    try await fixture.end()
  }

  @Test("receives nothing after it was unregistered, and others go on")
  func unregister() async throws {
    let fixture = try await Fixture.scripted()
    let (first, second) = (Log(), Log())
    let registration = try fixture.manager.registerReloadHandler(matching: "app") {
      first.add($0.shortName)
    }
    try fixture.manager.registerReloadHandler(matching: "app") { second.add($0.shortName) }
    try await fixture.save(Fixture.app, Fixture.text(2))
    await first.waitFor(2)
    registration.unregister()
    try await fixture.save(Fixture.app, Fixture.text(3))
    await second.waitFor(4)
    #expect(first.all.count == 2)
    try await fixture.end()
  }

  @Test("is asked whether it can handle an event")
  func canHandle() async throws {
    struct Failures: ReloadHandler {
      let log: Log
      func canHandle(_ event: ChangeEvent) -> Bool {
        if case .validationFailed = event { true } else { false }
      }
      func handle(_ event: ChangeEvent) async throws { log.add(event.shortName) }
    }
    let fixture = try await Fixture.scripted()
    let log = Log()
    try fixture.manager.register(Failures(log: log))
    try await fixture.save(Fixture.app, Fixture.text(2))
    try await fixture.save(Fixture.app, "a = [")
    await log.waitFor(1)
    #expect(log.all == ["failed app"])
    try await fixture.end()
  }

  @Test("cannot wait for the manager it is called by, but can start a task that does")
  func reentrancy() async throws {
    let fixture = try await Fixture.scripted()
    let manager = fixture.manager
    let (codes, later) = (Log(), Log())
    try manager.registerReloadHandler(matching: "app") { event in
      guard case .configChanged = event else { return }
      func code(_ body: () async throws -> Void) async {
        do { try await body() } catch {
          codes.add("\((error as? HotReloadError)?.code.description ?? "")")
        }
      }
      await code { try await manager.sync() }
      await code { try await manager.submit(Candidate(producer: .other("x"))) }
      await code { try await manager.reload() }
      await code { try await manager.shutdown() }
      let returned = Latch()
      Task.detached {
        await returned.wait()
        if (try? await manager.sync()) != nil { later.add("synchronised") }
      }
      returned.open()
    }
    try await fixture.save(Fixture.app, Fixture.text(2))
    await later.waitFor(1)
    #expect(codes.all == ["reentrant", "reentrant", "reentrant", "reentrant"])
    try await fixture.end()
  }

  @Test("with a malformed pattern is refused with the column")
  func badPattern() async throws {
    let fixture = try await Fixture.scripted()
    #expect(throws: HotReloadError.self) {
      try fixture.manager.registerReloadHandler(matching: "a[") { _ in }
    }
    try await fixture.end()
  }

  @Test("as a sequence says how many events were dropped, and ends with the manager")
  func sequence() async throws {
    let fixture = try await Fixture.scripted()
    let events = try fixture.manager.events(matching: "static/**", bufferLimit: 3)
    for number in 0..<5 {
      fixture.source?.deliver(
        [FileChange(path: FilePath("static/\(number)"), kind: .created)], to: 1)
    }
    try await fixture.manager.sync()
    #expect(events.dropped == 2)
    try await fixture.end()
    var names: [String] = []
    for await event in events { names.append(event.shortName) }
    #expect(names == (2..<5).map { "file static/\($0) created" })
  }
}
