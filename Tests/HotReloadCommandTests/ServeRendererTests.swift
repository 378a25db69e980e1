import HotReloadSite
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload
@testable import HotReloadCommand

@Suite("What a server of a site prints")
struct ServeRendererTests {
  private let text = ServeRenderer(isJSON: false, redaction: .default)
  private let json = ServeRenderer(isJSON: true, redaction: .default)
  private let time: Int64 = 1_700_000_000_123_456_789

  private func lines(_ bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private func object(_ bytes: [UInt8]) throws -> JSONObject {
    let lines = lines(bytes)
    try #require(lines.count == 1)
    return try JSONObject(lines[0])
  }

  private func error(
    _ file: String, keyPath: String = "", _ message: String
  ) -> ConfigDiagnostic {
    ConfigDiagnostic(
      location: SourceLocation(file: file, line: 3, column: 8), keyPath: keyPath, message: message)
  }

  private func reload(
    _ units: [ReloadReport.UnitReport], files: [FilePath] = []
  ) -> CompletedReload {
    let report = ReloadReport(
      producers: [], generation: 41, units: units, changes: [],
      phases: [ReloadReport.PhaseDuration(phase: .load, duration: .microseconds(2_500))])
    let events = files.map { PublishedEvent(.fileChanged(path: $0, change: .modified)) }
    return CompletedReload(report: report, events: events, time: time)
  }

  private func applied(_ unit: UnitID) -> ReloadReport.UnitReport {
    ReloadReport.UnitReport(unit: unit, outcome: .applied, isChanged: true)
  }

  @Test("The start is the address and the dashboard's, or one object")
  func serving() throws {
    let url = "http://127.0.0.1:8080/"
    #expect(
      lines(text.serving(url, "/srv/a\nb", instance: "default", time: time)) == [
        "serving /srv/a\\nb at \(url)", "dashboard     \(url)_hotreload/",
      ])
    let object = try object(json.serving(url, "/srv/a", instance: "web", time: time))
    #expect(object.string("event") == "serving" && object.integer("time") == time)
    #expect(object.string("url") == url && object.string("root") == "/srv/a")
    #expect(object.string("instance") == "web")
  }

  @Test("What came into force is one line with its first files and how many more there are")
  func applied() throws {
    let files = (1...6).map { FilePath("static/\($0).css") }
    let change = reload([applied(.assets), applied(.templates)], files: files + files)
    let line = try #require(lines(text.reload(change)).first)
    #expect(
      line.hasSuffix(
        ".123  generation 41  static/1.css, static/2.css, static/3.css, static/4.css and 2 more  2.50 ms"
      ), "\(line)")
    let object = try object(json.reload(change))
    #expect(object.string("event") == "reloaded" && object.integer("generation") == 41)
    #expect(object["units"] as? [String] == ["assets", "templates"])
    #expect(object["paths"] as? [String] == files.map(\.string))
    #expect(object.integer("duration") == 2_500_000)
    #expect(object["errors"] == nil)
  }

  @Test("Where no file is known the units are named")
  func unitsOnly() throws {
    let line = try #require(lines(text.reload(reload([applied(.config("app"))]))).first)
    #expect(line.hasSuffix("generation 41  config app  2.50 ms"), "\(line)")
  }

  @Test("A transaction that changed nothing prints nothing")
  func nothing() {
    let unchanged = ReloadReport.UnitReport(
      unit: .templates, outcome: .unchanged, isChanged: false)
    for renderer in [text, json] {
      #expect(renderer.reload(reload([unchanged])).isEmpty)
      #expect(renderer.reload(reload([])).isEmpty)
    }
  }

  @Test(
    "What is refused is told with its place, secrets hidden and control characters made visible")
  func rejected() throws {
    let unit = ReloadReport.UnitReport(
      unit: .config("app"),
      outcome: .rejected([
        error(
          "config/app.toml", keyPath: "database.password", "expected Int, found String \"hunter2\""),
        error("config/app.toml", keyPath: "name", "odd \u{1B}[31m"),
      ]), isChanged: false)
    let lines = lines(text.reload(reload([unit])))
    #expect(lines.count == 3)
    #expect(lines[0].hasSuffix("  config app is refused; what was served before stays"))
    #expect(lines[1].hasPrefix("          config/app.toml:3:8 database.password: "))
    #expect(lines[2] == "          config/app.toml:3:8 name: odd \\u{1B}[31m")
    let bytes = json.reload(reload([unit]))
    let object = try object(bytes)
    #expect(object.string("event") == "rejected")
    let errors = try #require(object["errors"] as? [[String: Any]])
    #expect(errors.map { $0["keyPath"] as? String } == ["database.password", "name"])
    for bytes in [bytes, text.reload(reload([unit]))] {
      #expect(!String(decoding: bytes, as: UTF8.self).contains("hunter2"))
    }
    let open = ServeRenderer(isJSON: true, redaction: .none).reload(reload([unit]))
    #expect(String(decoding: open, as: UTF8.self).contains("hunter2"))
  }

  @Test("What is good again is said, also if its content is the one from before")
  func recovered() {
    let unit = ReloadReport.UnitReport(
      unit: .templates, outcome: .recovered, isChanged: false)
    let lines = lines(text.reload(reload([unit], files: ["templates/a.mustache"])))
    #expect(lines.count == 1)
    #expect(lines[0].hasSuffix("  templates is good again"))
  }

  @Test("What is wrong when it begins is told as a refusal is, and nothing if nothing is")
  func found() throws {
    let problem = SiteServer.Problem(
      unit: .templates, errors: [error("templates/a.mustache", "never closed")])
    let lines = lines(text.found([problem], generation: 2, time: time))
    #expect(lines.count == 2)
    #expect(lines[0].hasSuffix(".123  templates is broken; the rest is served"))
    #expect(lines[1] == "          templates/a.mustache:3:8: never closed")
    let object = try object(json.found([problem], generation: 2, time: time))
    #expect(object.string("event") == "rejected" && object.integer("generation") == 2)
    #expect(object["units"] as? [String] == ["templates"])
    #expect((object["errors"] as? [[String: Any]])?.count == 1)
    for renderer in [text, json] {
      #expect(renderer.found([], generation: 2, time: time).isEmpty)
    }
  }
}
