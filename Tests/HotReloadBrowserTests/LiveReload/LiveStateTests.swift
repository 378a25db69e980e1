import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload
@testable import HotReloadBrowser

@Suite("What pages are told of a transaction")
struct LiveStateTests {
  static let broken = ConfigDiagnostic(
    location: SourceLocation(file: "config/app.toml", line: 3, column: 8), keyPath: "server.port",
    message: "expected Int, found String")

  static func reload(
    _ generation: UInt64, _ units: [(UnitID, ReloadOutcome)] = [], _ events: [ChangeEvent] = [],
    dropped: Int = 0
  ) -> CompletedReload {
    var reload = CompletedReload(
      report: ReloadReport(
        producers: [.watcher], generation: generation,
        units: units.map { .init(unit: $0.0, outcome: $0.1, isChanged: $0.1 == .applied) },
        changes: [], phases: []),
      events: events.map { PublishedEvent($0, generation: generation) })
    reload.droppedBefore = dropped
    return reload
  }

  static func changed(_ name: String) -> ChangeEvent {
    .configChanged(
      name: name, old: ConfigTree(["was": 1]), new: ConfigTree(.table(ConfigTable())))
  }

  static let error = LiveError(
    unit: "config app", file: "config/app.toml", line: 3, column: 8, keyPath: "server.port",
    message: "expected Int, found String")

  @Test("which templates and configs changed, sorted")
  func uses() {
    var state = LiveState(redacting: .default)
    let reload = Self.reload(
      7, [(.config("site"), .applied), (.templates, .applied)],
      [
        Self.changed("site"),
        .templateChanged(paths: ["templates/b.mustache", "templates/a.mustache"]),
      ])
    #expect(
      state.messages(for: reload) == [
        .update(
          .init(
            generation: 7, uses: ["config:site", "templates/a.mustache", "templates/b.mustache"]))
      ])
    #expect(state.current.isEmpty)
  }

  @Test("which assets changed; one that is no style, image or script is named with the templates")
  func assets() {
    var state = LiveState(redacting: .default)
    let style = LiveAssetChange(
      path: "/static/app.css", old: "/static/app.1.css", url: "/static/app.2.css", kind: .style)
    let font = LiveAssetChange(path: "/static/a.woff2", url: "/static/a.woff2", kind: .other)
    #expect(
      state.messages(for: Self.reload(2), assets: [style, font]) == [
        .update(.init(generation: 2, uses: ["static/a.woff2"], assets: [style]))
      ])
  }

  @Test("nothing, if nothing that a page shows has changed")
  func nothing() {
    var state = LiveState(redacting: .default)
    let file = ChangeEvent.fileChanged(path: "README.md", change: .modified)
    #expect(state.messages(for: Self.reload(1, [(.config("app"), .unchanged)], [file])).isEmpty)
  }

  @Test("what is wrong, once; and that all is good again")
  func errors() {
    var state = LiveState(redacting: .default)
    let rejected = Self.reload(1, [(.config("app"), .rejected([Self.broken]))])
    #expect(state.messages(for: rejected) == [.error(generation: 1, [Self.error])])
    #expect(state.messages(for: rejected).isEmpty)
    #expect(state.current == [.error(generation: 1, [Self.error])])
    let good = Self.reload(2, [(.config("app"), .recovered)], [Self.changed("app")])
    #expect(
      state.messages(for: good) == [
        .update(.init(generation: 2, uses: ["config:app"])), .clear,
      ])
    #expect(state.current.isEmpty)
  }

  @Test("what is wrong still, after each update, since an update takes the overlay away")
  func errorsAfterUpdates() {
    var state = LiveState(redacting: .default)
    _ = state.messages(for: Self.reload(1, [(.config("app"), .rejected([Self.broken]))]))
    let other = Self.reload(2, [(.config("site"), .applied)], [Self.changed("site")])
    #expect(
      state.messages(for: other) == [
        .update(.init(generation: 2, uses: ["config:site"])),
        .error(generation: 2, [Self.error]),
      ])
  }

  @Test("that a refusal, a quarantine and a roll-back are errors too")
  func otherOutcomes() {
    for outcome: ReloadOutcome in [
      .refused(by: "router", [Self.broken]), .quarantined(reason: "it crashed"),
      .rolledBack(reason: "it crashed"),
    ] {
      var state = LiveState(redacting: .default)
      let messages = state.messages(for: Self.reload(1, [(.config("app"), outcome)]))
      guard case .error(1, let errors)? = messages.last else {
        Issue.record("\(outcome): \(messages)")
        continue
      }
      #expect(errors.count == 1)
    }
  }

  @Test("that anything may have changed, after a gap and beyond the limit of names")
  func everything() {
    var state = LiveState(redacting: .default)
    #expect(
      state.messages(for: Self.reload(9, dropped: 1)) == [.update(.init(generation: 9, all: true))])
    let many = (0...LiveState.maximumUses).map { FilePath("templates/\($0).mustache") }
    #expect(
      state.messages(for: Self.reload(10, [], [.templateChanged(paths: many)])) == [
        .update(.init(generation: 10, all: true))
      ])
  }

  @Test("an error without the value of a secret key, and with a bounded text")
  func redaction() {
    var state = LiveState(redacting: .default)
    let secret = ConfigDiagnostic(
      location: nil, keyPath: "db.password", message: "expected Int, found \"hunter2\"")
    let long = ConfigDiagnostic(location: nil, message: String(repeating: "x", count: 100_000))
    let many = Array(repeating: long, count: 100)
    _ = state.messages(for: Self.reload(1, [(.config("app"), .rejected([secret] + many))]))
    #expect(state.errors.count == LiveState.maximumErrors)
    #expect(!state.errors[0].message.contains("hunter2"))
    #expect(state.errors.allSatisfy { $0.message.count <= LiveState.maximumMessageLength })
  }

  @Test("in JSON as LIVE-RELOAD.md has it")
  func json() {
    #expect(
      LiveMessage.hello(session: "s", generation: 3).json
        == #"{"type":"hello","session":"s","generation":3}"#)
    let update = LiveMessage.Update(
      generation: 4, uses: ["config:a\"b"],
      assets: [
        .init(path: "/a.css", url: "/a.css?v=4", kind: .style),
        .init(path: "/b.png", old: "/b.1.png", url: "/b.2.png", kind: .image),
      ])
    #expect(
      LiveMessage.update(update).json
        == #"{"type":"update","generation":4,"uses":["config:a\"b"],"#
        + #""styles":[{"path":"/a.css","old":null,"url":"/a.css?v=4"}],"#
        + #""images":[{"path":"/b.png","old":"/b.1.png","url":"/b.2.png"}],"scripts":[],"all":false}"#
    )
    var error = Self.error
    error.excerpt = .init(first: 2, lines: ["<img src=x>", "b"])
    #expect(
      LiveMessage.error(generation: 1, [error, LiveError(unit: "templates", message: "m")]).json
        == #"{"type":"error","generation":1,"errors":[{"unit":"config app","#
        + #""file":"config/app.toml","line":3,"column":8,"keyPath":"server.port","#
        + #""message":"expected Int, found String","excerpt":{"first":2,"lines":["<img src=x>","b"]}},"#
        + #"{"unit":"templates","message":"m"}]}"#)
    #expect(LiveMessage.clear.json == #"{"type":"clear"}"#)
    #expect(
      LiveMessage.built(ok: false, output: "a\nb").json
        == #"{"type":"built","ok":false,"output":"a\nb"}"#)
  }

  @Test("assets without digests get the generation as a query")
  func withoutDigests() {
    let changes = LiveAssetChange.withoutDigests(
      Self.reload(5, [], [.assetChanged(paths: ["static/app.css", "static/x/logo.SVG"])]))
    #expect(
      changes == [
        .init(path: "/static/app.css", url: "/static/app.css?v=5", kind: .style),
        .init(path: "/static/x/logo.SVG", url: "/static/x/logo.SVG?v=5", kind: .image),
      ])
    #expect(LiveAssetChange.Kind(path: "/a/main.mjs") == .script)
    #expect(LiveAssetChange.Kind(path: "/css") == .other)
  }
}
