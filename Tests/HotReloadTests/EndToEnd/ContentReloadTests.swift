import FileWatching
import HotReloadTesting
import Synchronization
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

/// Joins the texts of all templates or assets; refuses one that says "bad".
private final class Joiner: ReloadParticipant {
  let unit: UnitID
  let preparations = Mutex(0)

  init(_ unit: UnitID) { self.unit = unit }

  func prepare(_ change: ReloadChange) async throws -> String {
    preparations.withLock { $0 += 1 }
    let set = change.files(of: unit) ?? FileSet()
    for path in set.paths where set[path]?.text == "bad" {
      throw ReloadRefusal([
        ConfigDiagnostic(
          location: SourceLocation(file: path.string, line: 1, column: 1), message: "it is bad")
      ])
    }
    return set.paths.map { "\($0)=\(set[$0]?.text ?? "?")" }.joined(separator: " ")
  }
}

@Suite("Templates and assets")
struct ContentReloadTests {
  private static let index: FilePath = "templates/index.mustache"
  private static let files: [FilePath: String] = [
    index: "one", "templates/sub/b.mustache": "two", "static/app.css": "red",
    Fixture.app: Fixture.text(1),
  ]

  @Test("are loaded for a participant, and come into force when they change")
  func change() async throws {
    let fixture = try await Fixture.real(Self.files)
    let templates = try await fixture.manager.register(Joiner(.templates), for: [.templates])
    let assets = try await fixture.manager.register(Joiner(.assets), for: [.assets])
    #expect(templates.current == "templates/index.mustache=one templates/sub/b.mustache=two")
    #expect(assets.current == "static/app.css=red")
    _ = fixture.recorder.takeNames()
    try await fixture.save(Self.index, "three")
    #expect(templates.current.hasPrefix("templates/index.mustache=three"))
    #expect(assets.generation < templates.generation)
    #expect(
      fixture.recorder.takeNames() == [
        "file templates/index.mustache modified", "templates templates/index.mustache",
        "completed templates",
      ])
    try fixture.folder.remove("templates/sub/b.mustache")
    try fixture.folder.write("templates/new.mustache", "new")
    try await fixture.manager.sync()
    #expect(templates.current == "templates/index.mustache=three templates/new.mustache=new")
    #expect(fixture.manager.snapshot().files(of: .templates)?.count == 2)
    try await fixture.end()
  }

  @Test("that a participant refuses leave what is in force, and recover")
  func refusal() async throws {
    let fixture = try await Fixture.real(Self.files)
    let templates = try await fixture.manager.register(
      Joiner(.templates), for: [.templates], name: "joiner")
    let before = templates.current
    _ = fixture.recorder.takeNames()
    try await fixture.save(Self.index, "bad")
    #expect(templates.current == before)
    #expect(
      fixture.recorder.takeNames()
        == ["file templates/index.mustache modified", "failed templates"])
    let status = await fixture.manager.status()
    #expect(
      status.rejected["templates"]?.map(\.description)
        == ["templates/index.mustache:1:1: it is bad"])
    try await fixture.save(Self.index, "one")
    #expect(fixture.recorder.takeNames().contains("recovered templates"))
    #expect(await fixture.manager.status().rejected.isEmpty)
    try await fixture.end()
  }

  @Test("are told of as files only while nobody is registered for them")
  func unregistered() async throws {
    let fixture = try await Fixture.real(Self.files)
    _ = fixture.recorder.takeNames()
    try await fixture.save(Self.index, "three")
    #expect(fixture.recorder.takeNames() == ["file templates/index.mustache modified"])
    #expect(fixture.manager.snapshot().files(of: .templates) == nil)
    try await fixture.end()
  }

  @Test("do not change by a touch")
  func touch() async throws {
    let fixture = try await Fixture.real(Self.files)
    let joiner = Joiner(.templates)
    let templates = try await fixture.manager.register(joiner, for: [.templates])
    let generation = templates.generation
    try await fixture.save(Self.index, "one")
    #expect(templates.generation == generation)
    #expect(joiner.preparations.withLock { $0 } == 1)
    try await fixture.end()
  }

  @Test("are one generation with a config that is saved together with them, if all are one group")
  func oneGroup() async throws {
    var configuration = Fixture.configuration
    configuration.atomicGroups = .all
    let fixture = try await Fixture.scripted(Self.files, configuration)
    let templates = try await fixture.manager.register(Joiner(.templates), for: [.templates])
    let assets = try await fixture.manager.register(Joiner(.assets), for: [.assets])
    let app = try await fixture.manager.watchConfigChanges("app", as: AppConfig.self)
    func save(_ template: String, _ style: String, _ a: Int) async throws {
      try fixture.folder.replace(Self.index, template)
      try fixture.folder.replace("static/app.css", style)
      try fixture.folder.replace(Fixture.app, Fixture.text(a))
      let changes = [Self.index, "static/app.css", Fixture.app]
        .map { FileChange(path: $0, kind: .modified) }
      try await fixture.manager.submit(Candidate(producer: .watcher, changes: changes))
    }
    let before = fixture.manager.snapshot().generation
    try await save("three", "green", 3)
    #expect(fixture.manager.snapshot().generation == before + 1)
    #expect(app.current.a == 3)
    #expect(templates.current.contains("three"))
    #expect(assets.current.contains("green"))
    try await save("bad", "blue", 4)
    #expect(app.current.a == 3)
    #expect(assets.current.contains("green"))
    #expect(fixture.manager.snapshot().generation == before + 1)
    try fixture.folder.replace(Self.index, "four")
    try await fixture.manager.submit(
      Candidate(producer: .watcher, changes: [FileChange(path: Self.index, kind: .modified)]))
    #expect(app.current.a == 4)
    #expect(assets.current.contains("blue"))
    #expect(templates.current.contains("four"))
    try await fixture.end()
  }

  @Test("that lead out of the root are left out, and files that are large keep no bytes")
  func leftOut() async throws {
    let fixture = try await Fixture.real(Self.files)
    let big = String(repeating: "x", count: FileSetReader.maximumKept + 1)
    try fixture.folder.write("static/big.js", big)
    try fixture.folder.symlink("static/passwd", to: "/etc/passwd")
    _ = try await fixture.manager.register(Joiner(.assets), for: [.assets])
    let set = try #require(fixture.manager.snapshot().files(of: .assets))
    #expect(set["static/passwd"] == nil)
    #expect(set["static/big.js"]?.bytes == nil)
    #expect(set["static/big.js"]?.size == big.utf8.count)
    #expect(set["static/app.css"]?.text == "red")
    try await fixture.end()
  }

  @Test("come with their transaction to those who want transactions as a whole")
  func reloads() async throws {
    let fixture = try await Fixture.real(Self.files)
    _ = try await fixture.manager.register(Joiner(.templates), for: [.templates])
    let reloads = fixture.manager.reloads()
    try await fixture.save(Self.index, "three")
    try await fixture.save(Fixture.app, Fixture.text(2))
    try await fixture.end()
    var seen: [String] = []
    for await reload in reloads where !reload.events.isEmpty {
      seen.append(reload.events.map(\.event.shortName).joined(separator: ", "))
      #expect(reload.droppedBefore == 0)
    }
    #expect(
      seen == [
        "file templates/index.mustache modified, templates templates/index.mustache, "
          + "completed templates",
        "file config/app.toml modified, changed app, completed app",
      ])
  }

  @Test("count for a slow consumer of transactions how many it missed")
  func slowConsumer() async throws {
    let fixture = try await Fixture.real()
    var reloads = fixture.manager.reloads(bufferLimit: 1).makeAsyncIterator()
    for a in 2...4 { try await fixture.manager.submitChange(a, in: fixture) }
    #expect(await reloads.next()?.droppedBefore == 0)
    try await fixture.manager.submitChange(5, in: fixture)
    #expect(await reloads.next()?.droppedBefore ?? 0 >= 2)
    try await fixture.end()
  }
}

extension HotReloadManager {
  fileprivate func submitChange(_ a: Int, in fixture: Fixture) async throws {
    try fixture.folder.replace(Fixture.app, Fixture.text(a))
    try await submit(Candidate(producer: .other("test"), scope: .units([.config("app")])))
  }
}
