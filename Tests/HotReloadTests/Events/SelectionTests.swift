import FileWatching
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload

@Suite("A selection of events")
struct SelectionTests {
  private static let css = PublishedEvent(
    .fileChanged(path: "static/a.css", change: .created), paths: ["static/a.css"], unit: .assets)
  private static let page = PublishedEvent(
    .fileChanged(path: "templates/a.hbs", change: .deleted), paths: ["templates/a.hbs"],
    unit: .templates)
  private static let moved = PublishedEvent(
    .fileChanged(path: "static/b.css", change: .renamed(from: "static/a.css")),
    paths: ["static/b.css", "static/a.css"], unit: .assets)
  private static let config = PublishedEvent(
    .configChanged(name: "app", old: nil, new: ["x"]), paths: ["config/app.toml"],
    unit: .config("app"))
  private static let rescan = PublishedEvent(.rescanned(.overflow))
  private static let all = [css, page, moved, config, rescan]

  private func chosen(_ pattern: EventPattern) -> [ChangeEvent] {
    Self.all.filter(pattern.matches).map(\.event)
  }

  @Test("takes everything if nothing is asked for")
  func everything() throws {
    #expect(try chosen(EventPattern("**")) == Self.all.map(\.event))
  }

  @Test("goes by the kind of event, of change and of unit, all of which must fit")
  func kinds() throws {
    #expect(
      try chosen(EventPattern("**", kinds: [.configChanged, .rescanned]))
        == [Self.config.event, Self.rescan.event])
    #expect(
      try chosen(EventPattern("**", changes: [.created, .renamed]))
        == [Self.css.event, Self.moved.event])
    #expect(
      try chosen(EventPattern("**", units: [.template, .config]))
        == [Self.page.event, Self.config.event])
    #expect(
      try chosen(
        EventPattern("static/**", kinds: [.fileChanged], changes: [.renamed], units: [.asset]))
        == [Self.moved.event])
    #expect(try chosen(EventPattern("**", kinds: [.fileChanged], units: [.config])).isEmpty)
    #expect(try chosen(EventPattern("**", kinds: [])).isEmpty)
  }

  @Test("takes a folder of which too much changed if it could have taken a file below it")
  func subtree() throws {
    func isChosen(_ folder: FilePath, _ pattern: EventPattern) -> Bool {
      pattern.matches(
        PublishedEvent(
          .fileChanged(path: folder, change: .subtreeChanged), paths: [folder], unit: .file(folder))
      )
    }
    let css = try EventPattern("static/**/*.css", changes: [.deleted], units: [.asset])
    #expect(isChosen("static", css) && isChosen("", css) && isChosen("static/a/b", css))
    #expect(!isChosen("templates", css) && !isChosen("static2", css))
    let onlyTop = try EventPattern("static/*.css")
    #expect(isChosen("static", onlyTop) && !isChosen("static/a", onlyTop))
    #expect(!isChosen("static", try EventPattern("**", kinds: [.configChanged])))
  }

  @Test("has the unit of each event from the classifier")
  func units() async throws {
    let fixture = try await Fixture.scripted()
    let events = try fixture.manager.events(units: [.config])
    let others = try fixture.manager.events(units: [.template, .asset])
    fixture.source?.deliver(
      [
        FileChange(path: "static/a.css", kind: .created),
        FileChange(path: "templates/a.hbs", kind: .modified),
      ], to: 1)
    try await fixture.save(Fixture.app, Fixture.text(2))
    try await fixture.save(Fixture.app, "a = [")
    try await fixture.save(Fixture.app, Fixture.text(2))
    try await fixture.end()
    var names: [String] = []
    for await event in events { names.append(event.shortName) }
    #expect(
      names.filter { !$0.hasPrefix("file ") } == [
        "changed app", "completed app", "failed app", "recovered app",
      ])
    #expect(names.filter { $0.hasPrefix("file ") }.allSatisfy { $0.contains("config/app.toml") })
    var units: [UnitID?] = []
    for await event in others.published { units.append(event.unit) }
    #expect(units == [.assets, .templates])
  }
}
