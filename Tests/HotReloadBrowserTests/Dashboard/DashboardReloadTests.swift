import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReload
@testable import HotReloadBrowser

@Suite("A reload on the dashboard")
struct DashboardReloadTests {
  static let time: Int64 = 1_700_000_000_000_000_000
  static let evil = "templates/<img src=x onerror=alert(1)>.mustache"

  private static func tree(_ toml: String) throws -> ConfigTree {
    try ConfigFormat.toml.parse(Array(toml.utf8), file: "config/app.toml")
  }

  /// A transaction that applied a config and refused the templates.
  static func completed() throws -> CompletedReload {
    let error = ConfigDiagnostic(
      location: SourceLocation(file: evil, line: 3, column: 9), message: "{{/a}} is missing")
    let report = ReloadReport(
      producers: [.watcher], generation: 7,
      units: [
        ReloadReport.UnitReport(unit: .config("app"), outcome: .applied, isChanged: true),
        ReloadReport.UnitReport(unit: .templates, outcome: .rejected([error]), isChanged: false),
      ], changes: [],
      phases: [
        ReloadReport.PhaseDuration(phase: .load, duration: .microseconds(1_500)),
        ReloadReport.PhaseDuration(phase: .swap, duration: .microseconds(20)),
      ])
    let events = [
      PublishedEvent(
        .configChanged(
          name: "app",
          old: try tree("port = 80\npassword = \"hunter1\"\n[db]\napiKey = \"k-one\""),
          new: try tree("port = 81\npassword = \"hunter2\"\n[db]\napiKey = \"k-two\"\nurl = \"x\""))
      ),
      PublishedEvent(.fileChanged(path: "config/app.toml", change: .modified)),
      PublishedEvent(.fileChanged(path: FilePath(evil), change: .renamed(from: "templates/a"))),
    ]
    return CompletedReload(report: report, events: events, time: time)
  }

  static func json(_ value: some Encodable) throws -> String {
    String(decoding: try ConfigTree.encode(value).jsonBytes(redacting: .none), as: UTF8.self)
  }

  @Test("stands in JSON as its readers expect it, with hostile names as plain text")
  func shape() throws {
    let reload = DashboardReload(try Self.completed(), redacting: .default)
    #expect(
      try Self.json(reload) == """
        {"number":0,"generation":7,"time":1700000000000000000,"duration":1520000,\
        "producers":["watcher"],"outcome":"rejected","units":[\
        {"unit":"config app","outcome":"applied","isChanged":true,"differences":4},\
        {"unit":"templates","outcome":"rejected","isChanged":false}],\
        "phases":[{"phase":"load","duration":1500000},{"phase":"swap","duration":20000}],\
        "files":[{"path":"config/app.toml","change":"modified"},\
        {"path":"templates/<img src=x onerror=alert(1)>.mustache","change":"renamed",\
        "from":"templates/a"}],"differences":[\
        {"config":"app","keyPath":"port","old":"80","new":"81"},\
        {"config":"app","keyPath":"password","old":"\\"(redacted)\\"","new":"\\"(redacted)\\""},\
        {"config":"app","keyPath":"db.apiKey","old":"\\"(redacted)\\"","new":"\\"(redacted)\\""},\
        {"config":"app","keyPath":"db.url","new":"\\"x\\""}],\
        "errors":[{"unit":"templates","file":"templates/<img src=x onerror=alert(1)>.mustache",\
        "line":3,"column":9,"message":"{{/a}} is missing"}],"notices":[],"leftOut":0,\
        "missedBefore":0}
        """)
  }

  @Test("names a secret that changed, and shows neither its value before nor now")
  func secrets() throws {
    let completed = try Self.completed()
    let shown = try Self.json(DashboardReload(completed, redacting: .default))
    for secret in ["hunter1", "hunter2", "k-one", "k-two"] { #expect(!shown.contains(secret)) }
    let all = try Self.json(DashboardReload(completed, redacting: .none))
    for secret in ["hunter1", "hunter2", "k-one", "k-two"] { #expect(all.contains(secret)) }
  }

  @Test("does not quote an error under a secret key")
  func secretErrors() throws {
    let error = ConfigDiagnostic(
      location: SourceLocation(file: "config/app.toml", line: 2, column: 1),
      keyPath: "db.password", message: "expected Int, found String \"hunter2\"")
    let report = ReloadReport(
      producers: [], generation: 1,
      units: [
        ReloadReport.UnitReport(
          unit: .config("app"), outcome: .rejected([error]), isChanged: false)
      ], changes: [], phases: [])
    let reload = DashboardReload(CompletedReload(report: report), redacting: .default)
    #expect(reload.errors.map(\.message) == ["the value is not accepted (redacted)"])
  }

  @Test("is bounded however much happened, and says how much it left out")
  func bounds() throws {
    let limit = DashboardReload.listLimit
    let many = limit + 30
    let long = String(repeating: "é", count: 5_000)
    let units = (0..<many).map { index in
      ReloadReport.UnitReport(
        unit: .config("c\(index)"),
        outcome: .rejected([ConfigDiagnostic(location: nil, message: long)]), isChanged: false)
    }
    let report = ReloadReport(
      producers: [.watcher], generation: 1, units: units, changes: [], phases: [])
    let new = try Self.tree((0..<many).map { "k\($0) = \"\(long)\"" }.joined(separator: "\n"))
    var events = [PublishedEvent(.configChanged(name: "c0", old: try Self.tree(""), new: new))]
    for index in 0..<many {
      events.append(PublishedEvent(.fileChanged(path: FilePath("f\(index)"), change: .created)))
    }
    let reload = DashboardReload(
      CompletedReload(report: report, events: events), redacting: .default)
    #expect(reload.units.count == limit && reload.files.count == limit)
    #expect(reload.differences.count == limit && reload.errors.count == limit)
    #expect(reload.leftOut == 4 * 30)
    #expect(reload.units[0].differences == many)
    #expect(reload.errors.allSatisfy { $0.message.count == DashboardReload.textLimit + 1 })
    #expect(
      reload.differences.allSatisfy { ($0.new ?? "").count == DashboardReload.valueLimit + 1 })
  }

  @Test("is not shown if somebody only waited with it")
  func nothing() {
    let report = ReloadReport(
      producers: [.watcher], generation: 1, units: [], changes: [], phases: [])
    let reload = DashboardReload(CompletedReload(report: report), redacting: .default)
    #expect(!reload.hasEffect)
    let degraded = PublishedEvent(
      .watchRestored(path: "static/vendor"))
    let told = DashboardReload(
      CompletedReload(report: report, events: [degraded]), redacting: .default)
    #expect(told.hasEffect && told.notices == ["static/vendor is watched again"])
  }
}

@Suite("The dashboard's history")
struct DashboardHistoryTests {
  @Test("keeps the newest in front and drops the oldest beyond its bound")
  func ring() throws {
    var history = DashboardHistory()
    let completed = try DashboardReloadTests.completed()
    for _ in 0..<DashboardHistory.limit + 5 {
      history.add(DashboardReload(completed, redacting: .default))
    }
    #expect(history.reloads.count == DashboardHistory.limit)
    #expect(history.reloads.first?.number == DashboardHistory.limit + 5)
    #expect(history.reloads.last?.number == 6)
  }

  @Test(
    "tells requests before a reload from those after its begin, and keeps them when they are over")
  func latency() throws {
    var history = DashboardHistory()
    let reload = DashboardReload(
      try DashboardReloadTests.completed(), redacting: .default)
    history.add(reload)
    let timer = RequestTimer()
    let second: Int64 = 1_000_000_000
    timer.record(.milliseconds(1), at: reload.time - 4 * second)
    timer.record(.milliseconds(2), at: reload.time - second)
    timer.record(.milliseconds(3), at: reload.time - second / 2)
    timer.record(.milliseconds(8), failed: true, at: reload.time + second)

    history.update(from: timer, now: reload.time + 2 * second)
    let early = try #require(history.reloads.first?.latency)
    #expect(early.before.count == 2 && early.before.longest == 3_000)
    #expect(early.after.count == 1 && early.after.errors == 1 && !early.isComplete)
    #expect(early.strip.count.reduce(0, +) == 3)
    #expect(history.isWaiting)

    timer.record(.milliseconds(1), at: reload.time + 2 * second)
    history.update(from: timer, now: reload.time + 4 * second)
    let complete = try #require(history.reloads.first?.latency)
    #expect(complete.after.count == 2 && complete.isComplete && !history.isWaiting)

    // The timer has forgotten them, the history has not.
    history.update(from: RequestTimer(), now: reload.time + 1_000 * second)
    #expect(history.reloads.first?.latency == complete)
  }
}
