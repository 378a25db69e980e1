import HotReload
import Testing
import WorkspaceTools

@testable import HotReloadBrowser

@Suite("The dashboard's endpoints", .timeLimit(.minutes(5)))
struct DashboardEndpointTests {
  @Test("give probes 200 and the state, and with ?probe 503 unless all is well")
  func status() async throws {
    let fixture = try await DashboardFixture()
    let healthy = try await fixture.get(DashboardPath.status)
    #expect(healthy.status == 200 && healthy.field("Content-Type") == "application/json")
    #expect(healthy.text.hasPrefix(#"{"state":"healthy","instance":"#))
    #expect(try await fixture.get(DashboardPath.status, query: "probe").status == 200)
    try await fixture.save("port = [\n")
    let degraded = try await fixture.get(DashboardPath.status)
    let document: StatusPageDocument = try degraded.decoded()
    #expect(degraded.status == 200 && document.state == "degraded" && document.generation == 1)
    #expect(document.reasons.count == 1 && document.reasons[0].contains("config/app.toml:"))
    #expect(try await fixture.get(DashboardPath.status, query: "a=1&probe=").status == 503)
    try await fixture.save("port = 82\n")
    #expect(try await fixture.get(DashboardPath.status, query: "probe").status == 200)
    try await fixture.end()
    let stopped: StatusPageDocument = try await fixture.get(DashboardPath.status).decoded()
    #expect(stopped.state == "stopped")
    #expect(try await fixture.get(DashboardPath.status, query: "probe").status == 503)
  }

  @Test("say that nothing is new until something is")
  func tags() async throws {
    let fixture = try await DashboardFixture()
    let first = try await fixture.get(DashboardPath.data)
    let tag = try #require(first.field("ETag"))
    let same = try await fixture.get(DashboardPath.data, tag: tag)
    #expect(same.status == 304 && same.text.isEmpty && same.field("ETag") == tag)
    try await fixture.save("port = 81\n")
    let next = try await fixture.get(DashboardPath.data, tag: tag)
    #expect(next.status == 200 && next.field("ETag") != tag)
    let document: DashboardDocument = try next.decoded()
    #expect(document.reloads.map(\.generation) == [2])
    let brief: DashboardDocument =
      try await fixture.get(DashboardPath.data, query: "brief").decoded()
    #expect(document.content != nil && brief.content == nil && brief.version == 1)
    for path in [DashboardPath.style, DashboardPath.script] {
      let file = try await fixture.get(path)
      #expect(file.status == 200 && !file.text.isEmpty)
      #expect(try await fixture.get(path, tag: file.field("ETag")).status == 304)
    }
    try await fixture.end()
  }

  @Test("serve a page that needs nothing but its own files under its policy")
  func page() async throws {
    let fixture = try await DashboardFixture()
    let page = try await fixture.get(DashboardPath.root)
    #expect(page.status == 200 && page.field("Cache-Control") == "no-store")
    #expect(page.field("Content-Security-Policy") == DashboardAnswer.policy)
    #expect(page.field("Cross-Origin-Resource-Policy") == "same-origin")
    #expect(!page.fields.contains { $0.name.hasPrefix("Access-Control") })
    #expect(page.text.contains(#"data-token="to&quot;ken""#) && !page.text.contains("{{"))
    for forbidden in ["<style", " style=", "onclick", "http://", "https://", "</script>\n<script>"]
    {
      let text = page.text.replacing("http://www.w3.org/2000/svg", with: "")
        .replacing("xmlns='http", with: "")
      #expect(!text.contains(forbidden), "\(forbidden)")
    }
    let script = try await fixture.get(DashboardPath.script).text
    for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
      #expect(!script.contains(forbidden), "\(forbidden)")
    }
    let bare = try await fixture.get("/_hotreload")
    #expect(bare.status == 308 && bare.field("Location") == DashboardPath.root)
    try await fixture.end()
  }

  @Test("pause, resume and reload with POST only")
  func changes() async throws {
    let fixture = try await DashboardFixture()
    func post(_ path: String) async throws -> DashboardAnswer {
      try #require(await fixture.endpoints.answer(DashboardEndpoints.Request("POST", path)))
    }
    for path in DashboardPath.changes {
      let answer = try await fixture.get(path)
      #expect(answer.status == 405 && answer.field("Allow") == "POST")
    }
    #expect(await fixture.manager.status().isPaused == false)
    #expect(try await post(DashboardPath.pause).status == 204)
    #expect(await fixture.manager.status().isPaused)
    let paused = try await post(DashboardPath.reload)
    #expect(paused.status == 409 && paused.text.contains("paused"))
    #expect(try await post(DashboardPath.resume).status == 204)
    try fixture.folder.replace("config/app.toml", "port = 90\n")
    #expect(try await post(DashboardPath.reload).status == 204)
    #expect(fixture.manager.snapshot().generation == 2)
    #expect(try await post(DashboardPath.data).status == 405)
    try await fixture.end()
  }

  @Test("leave other paths to others")
  func others() async throws {
    let fixture = try await DashboardFixture()
    for path in ["/", "/_hotreload/client.js", "/_hotreload/dashboard.json/", "/_hotreloadx"] {
      #expect(await fixture.endpoints.answer(DashboardEndpoints.Request("GET", path)) == nil)
    }
    try await fixture.end()
  }

  @Test("let so many pages listen and no more, until one of them leaves")
  func listeners() async throws {
    let fixture = try await DashboardFixture()
    var answers: [DashboardAnswer] = []
    for _ in 0..<DashboardNews.maximumListeners {
      answers.append(try await fixture.get(DashboardPath.events))
    }
    #expect(answers.allSatisfy { $0.status == 200 })
    #expect(try await fixture.get(DashboardPath.events).status == 503)
    answers.removeLast()
    #expect(try await fixture.get(DashboardPath.events).status == 200)
    try await fixture.end()
  }
}
