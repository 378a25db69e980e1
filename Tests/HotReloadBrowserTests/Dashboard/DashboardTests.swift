import HotReload
import HotReloadTesting
import Testing
import WorkspaceTools

@testable import HotReloadBrowser

@Suite("The dashboard", .timeLimit(.minutes(5)))
struct DashboardTests {
  private struct Fleet: StatusSource {
    var name: String { "Fleet" }
    func status() async -> StatusTable {
      StatusTable(
        fields: [
          StatusTable.Field(name: "Release", value: "88"),
          StatusTable.Field(name: "Join token", value: "hunter2"),
        ], columns: ["Instance", "API key"], rows: [["web-1", "hunter3"], ["web-2"]])
    }
  }

  @Test("shows a reload with what changed, and then one that was rejected with its place")
  func reloads() async throws {
    let fixture = try await DashboardFixture()
    try await fixture.save("port = 81\n")
    try await fixture.save("port = [\n")
    let document = await fixture.dashboard.document()
    #expect(document.reloads.map(\.outcome) == ["rejected", "applied"])
    #expect(document.reloads.map(\.number) == [2, 1])
    let applied = document.reloads[1]
    #expect(
      applied.differences == [
        DashboardReload.Difference(config: "app", keyPath: "port", old: "80", new: "81")
      ])
    #expect(applied.files.map(\.path) == ["config/app.toml"] && applied.generation == 2)
    #expect(applied.phases.map(\.phase).contains("swap") && applied.producers == ["watcher"])
    let error = try #require(document.reloads[0].errors.first)
    #expect(error.unit == "config app" && error.file == "config/app.toml" && error.line != nil)
    #expect(document.status.health == "degraded" && document.status.generation == 2)
    try await fixture.end()
  }

  @Test("adds the lines around an error, without the secrets in them")
  func excerpts() async throws {
    let fixture = try await DashboardFixture()
    try await fixture.save("password = \"hunter2\"\nport = 1\nport = 2\n")
    let error = try #require(fixture.dashboard.reloads.first?.errors.first)
    let lines = try #require(error.excerpt)
    #expect(error.line == 3 && lines.first == 1)
    #expect(lines.lines.starts(with: ["password = (redacted)", "port = 1", "port = 2"]))
    try await fixture.end()
  }

  @Test("shows the value of no secret, neither in force nor rejected, in any answer")
  func secrets() async throws {
    let fixture = try await DashboardFixture(
      ["config/app.toml": "password = \"hunter1\"\nport = 80\n"],
      sources: Dashboard.Sources(sections: [Fleet()]))
    struct Typed: Decodable, Sendable {
      var password: Int?
    }
    try await fixture.save("password = \"hunter4\"\nport = 80\n")
    try await fixture.save("password = 5\nport = 80\n")
    let stream = try await fixture.manager.watchConfigChanges("app", as: Typed.self)
    try await fixture.save("password = \"hunter6\"\nport = 80\n")
    #expect(stream.current.password == 5)
    #expect(fixture.dashboard.reloads.first?.outcome == "rejected")
    for path in [DashboardPath.data, DashboardPath.status] {
      let text = try await fixture.text(path)
      #expect(!text.contains("hunter"), "\(path) tells a secret")
      #expect(text.contains("config/app.toml"))
    }
    let section = try #require(await fixture.dashboard.document().sections.first)
    let hidden = RedactionRules.replacement
    #expect(section.table.fields.map(\.value) == ["88", hidden])
    #expect(section.table.rows == [["web-1", hidden], ["web-2"]])
    try await fixture.end()
  }

  @Test("shows the variants of configs that have some, as they change, and names no test subject")
  func variants() async throws {
    let experiment = """
      [experiment]
      weights = { control = 1, treatment = 2 }
      test_subjects = { treatment = ["ann", "bob"] }

      """
    let fixture = try await DashboardFixture([
      "config/app.toml": "port = 80\n" + experiment, "config/app@treatment.toml": "port = 81\n",
      "config/other.toml": "port = 80\n",
    ])
    let section = try #require(await fixture.dashboard.document().sections.first)
    #expect(section.name == "Variants")
    #expect(
      section.table.rows == [
        ["app", "app", "control", "1", "33.33 %", "0"],
        ["app", "app", "treatment", "2", "66.67 %", "2"],
      ])
    #expect(try await !fixture.text(DashboardPath.data).contains("ann"))
    try await fixture.save("port = 80\n")
    #expect(
      await fixture.dashboard.document().sections.first?.table.rows == [
        ["app", "none: all get control", "control"], ["app", "none: all get control", "treatment"],
      ])
    try await fixture.end()
  }

  @Test("lists templates and assets sorted and bounded, and only if somebody knows them")
  func content() async throws {
    let name = DashboardReloadTests.evil
    let fixture = try await DashboardFixture(
      sources: Dashboard.Sources(
        templates: TemplateGraphSource {
          [TemplateGraphSource.Template(path: "z", uses: [name])]
            + (0..<TemplateGraphSource.limit).map {
              TemplateGraphSource.Template(path: "a\($0)", uses: [])
            }
        }))
    let content = try #require(await fixture.dashboard.document().content)
    #expect(content.templates?.count == TemplateGraphSource.limit && content.leftOut == 1)
    #expect(content.templates?.first?.path == "a0" && content.assets == nil)
    #expect(await fixture.dashboard.document(content: false).content == nil)
    try await fixture.end()
  }

  @Test(
    "sends as much of a large site as a page shows, what is broken among it, and finds the rest")
  func largeContent() async throws {
    let fixture = try await DashboardFixture(
      sources: Dashboard.Sources(
        templates: TemplateGraphSource {
          (0..<3_000).map { number in
            TemplateGraphSource.Template(
              path: "templates/pages/Page-\(number).mustache", uses: ["templates/layout.mustache"],
              problem: number == 2_999 ? "broken" : nil)
          }
        },
        assets: AssetListSource {
          (0..<3_000).map { number in
            AssetListSource.Asset(
              path: "static/img/picture-\(number).png", url: nil,
              digest: "0123456789abcdef0123456789abcdef", size: number)
          }
        }))
    let text = try await fixture.text(DashboardPath.data)
    #expect(text.utf8.count < 150_000)
    let content = try #require(await fixture.dashboard.document().content)
    #expect(content.templates?.count == TemplateGraphSource.limit)
    #expect(content.assets?.count == AssetListSource.limit)
    #expect(content.templateCount == 3_000 && content.assetCount == 3_000)
    #expect(content.leftOut == 6_000 - TemplateGraphSource.limit - AssetListSource.limit)
    #expect(content.templates?.contains { $0.problem != nil } == true)
    let found: DashboardDocument.Content = try await fixture.decoded(
      DashboardPath.content + "?find=s%2F%70age-2998")
    #expect(found.templates?.map(\.path) == ["templates/pages/Page-2998.mustache"])
    #expect(found.assets == [] && found.assetCount == 0 && found.leftOut == 0)
    for query in ["", "?find=", "?other"] {
      let all: DashboardDocument.Content = try await fixture.decoded(DashboardPath.content + query)
      #expect(all == content, "\(query)")
    }
    try await fixture.end()
  }

  @Test("counts the requests of the last minute, and says nothing of them if there were none")
  func requests() async throws {
    let fixture = try await DashboardFixture()
    #expect(await fixture.dashboard.document().requests == nil)
    fixture.dashboard.timer.record(.milliseconds(3), failed: true)
    let requests = try #require(await fixture.dashboard.document().requests)
    #expect(requests.summary.count == 1 && requests.summary.errors == 1)
    #expect(requests.strip.longest == [3_000])
    try await fixture.end()
  }

  @Test(
    "keeps the requests after a reload although nobody looks, and tells pages when they are complete"
  )
  func latency() async throws {
    let clock = ManualClock()
    let fixture = try await DashboardFixture(clock: clock)
    try await fixture.save("port = 81\n")
    let reload = try #require(fixture.dashboard.reloads.first)
    #expect(reload.latency?.isComplete == false)
    fixture.dashboard.timer.record(.milliseconds(7), at: reload.time + 1_000_000_000)
    let news = try #require(fixture.dashboard.news.listen())
    // The heartbeat, and what waits for the end of the reload's surroundings.
    await clock.waitForSleepers(2)
    clock.advance(by: .seconds(3_600))
    for await word in news where word == .changed(generation: 2) { break }
    let latency = try #require(fixture.dashboard.reloads.first?.latency)
    #expect(latency.isComplete && latency.after.count == 1 && latency.after.longest == 7_000)
    try await fixture.end()
  }

  @Test("tells pages that listen of each reload, and no more after its end")
  func news() async throws {
    let fixture = try await DashboardFixture()
    let news = try #require(fixture.dashboard.news.listen())
    try await fixture.save("port = 81\n")
    var iterator = news.makeAsyncIterator()
    #expect(await iterator.next() == .changed(generation: 2))
    try await fixture.end()
    #expect(await iterator.next() == nil)
    #expect(fixture.dashboard.news.listen() == nil)
    #expect(fixture.dashboard.news.listenerCount == 0)
  }

  @Test("keeps the newest word for a slow page, and does not let a sign of life take its place")
  func slowPage() async throws {
    let news = DashboardNews()
    var iterator = try #require(news.listen()).makeAsyncIterator()
    news.tell(.changed(generation: 1))
    news.tell(.changed(generation: 2))
    news.tell(.stillHere)
    #expect(await iterator.next() == .changed(generation: 2))
    news.tell(.stillHere)
    #expect(await iterator.next() == .stillHere)
  }
}
