import HTTPTypes
import HotReload
import Hummingbird
import Testing
import WorkspaceTools

@testable import HotReloadBrowser

@Suite("The dashboard's endpoints", .timeLimit(.minutes(5)))
struct DashboardEndpointTests {
  @Test("give probes 200 and the state, and with ?probe 503 unless all is well")
  func status() async throws {
    let fixture = try await DashboardFixture()
    let probe = DashboardPath.status + "?probe"
    let healthy = try await fixture.ask(DashboardPath.status)
    #expect(healthy.status == .ok && healthy.headers[.contentType] == "application/json")
    #expect(try await healthy.text().hasPrefix(#"{"state":"healthy","instance":"default","#))
    #expect(try await fixture.ask(probe).status == .ok)
    try await fixture.save("port = [\n")
    #expect(try await fixture.ask(DashboardPath.status).status == .ok)
    let degraded: StatusPageDocument = try await fixture.decoded(DashboardPath.status)
    #expect(degraded.state == "degraded" && degraded.generation == 1)
    #expect(degraded.reasons.count == 1 && degraded.reasons[0].contains("config/app.toml:"))
    #expect(try await fixture.ask(DashboardPath.status + "?a=1&probe=").status.code == 503)
    try await fixture.save("port = 82\n")
    #expect(try await fixture.ask(probe).status == .ok)
    try await fixture.end()
    let stopped: StatusPageDocument = try await fixture.decoded(DashboardPath.status)
    #expect(stopped.state == "stopped")
    #expect(try await fixture.ask(probe).status.code == 503)
  }

  @Test("say that nothing is new until something is")
  func tags() async throws {
    let fixture = try await DashboardFixture()
    let first = try await fixture.ask(DashboardPath.data)
    let tag = try #require(first.headers[.eTag])
    #expect(first.headers[.cacheControl] == "no-store")
    let same = try await fixture.ask(DashboardPath.data, .get, [.ifNoneMatch: tag])
    #expect(same.status == .notModified && same.headers[.eTag] == tag)
    #expect(try await same.text().isEmpty)
    try await fixture.save("port = 81\n")
    let next = try await fixture.ask(DashboardPath.data, .get, [.ifNoneMatch: tag])
    #expect(next.status == .ok && next.headers[.eTag] != tag)
    let document: DashboardDocument = try await fixture.decoded(DashboardPath.data)
    #expect(document.reloads.map(\.generation) == [2])
    let brief: DashboardDocument = try await fixture.decoded(DashboardPath.data + "?brief")
    #expect(document.content != nil && brief.content == nil && brief.version == 1)
    for path in [DashboardPath.style, DashboardPath.script] {
      let file = try await fixture.ask(path)
      #expect(file.status == .ok && file.headers[.cacheControl] == "no-cache")
      let known: HTTPFields = [.ifNoneMatch: try #require(file.headers[.eTag])]
      #expect(try await fixture.ask(path, .get, known).status == .notModified)
    }
    try await fixture.end()
  }

  @Test("serve a page that needs nothing but its own files under its policy")
  func page() async throws {
    let fixture = try await DashboardFixture()
    let page = try await fixture.ask(DashboardPath.page)
    #expect(page.status == .ok && page.headers[.cacheControl] == "no-store")
    #expect(page.headers[.contentSecurityPolicy] == DashboardAnswer.policy)
    #expect(page.headers[.resourcePolicy] == "same-origin")
    #expect(page.headers[.accessControlAllowOrigin] == nil)
    let text = try await page.text()
    #expect(text.contains("data-token=\"\(fixture.live.token.text)\"") && !text.contains("{{"))
    let loaded = text.matches(of: /<(?:script|link)[^>]* (?:src|href)="([^"]*)"/).map(\.1)
    #expect(
      loaded.count == 3
        && loaded.allSatisfy { $0.hasPrefix("/_hotreload/") || $0.hasPrefix("data:") })
    for forbidden in ["<style", " style=", " onclick="] { #expect(!text.contains(forbidden)) }
    let script = try await fixture.text(DashboardPath.script)
    for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
      #expect(!script.contains(forbidden))
    }
    let bare = try await fixture.ask(LivePath.folder)
    #expect(bare.status == .permanentRedirect && bare.headers[.location] == DashboardPath.page)
    try await fixture.end()
  }

  @Test("are not for pages of other sites")
  func foreign() async throws {
    let fixture = try await DashboardFixture()
    for path in DashboardPath.all {
      let foreign: HTTPFields = [.origin: "http://evil.example"]
      #expect(try await fixture.ask(path, .get, foreign).status == .forbidden)
      #expect(try await fixture.ask(path, .get, [.fetchSite: "cross-site"]).status == .forbidden)
    }
    #expect(try await fixture.ask(DashboardPath.events).status == .forbidden)
    #expect(try await fixture.ask(DashboardPath.events + "?token=x").status == .forbidden)
    #expect(fixture.dashboard.news.listenerCount == 0)
    try await fixture.end()
  }

  @Test("go with the buttons of the page: pause, resume and reload")
  func buttons() async throws {
    let fixture = try await DashboardFixture()
    #expect(try await fixture.post(LivePath.pause).status == .ok)
    let paused: DashboardDocument = try await fixture.decoded(DashboardPath.data)
    #expect(paused.status.isPaused && paused.status.health == "degraded")
    #expect(try await fixture.post(LivePath.reload).status == .conflict)
    #expect(try await fixture.post(LivePath.resume).status == .ok)
    let news = try #require(fixture.dashboard.news.listen())
    try fixture.folder.replace("config/app.toml", "port = 90\n")
    #expect(try await fixture.post(LivePath.reload).status == .ok)
    for await word in news where word == .changed(generation: 2) { break }
    #expect(fixture.dashboard.reloads.first?.producers == ["reload"])
    let script = try await fixture.text(DashboardPath.script)
    for name in ["reload", "pause", "resume"] { #expect(script.contains("\"\(name)\"")) }
    #expect(try await fixture.post(DashboardPath.data).status == .methodNotAllowed)
    try await fixture.end()
  }

  @Test("let so many pages listen and no more, until one of them leaves")
  func listeners() async throws {
    let fixture = try await DashboardFixture()
    var answers: [Response] = []
    for _ in 0..<DashboardNews.maximumListeners {
      answers.append(try await fixture.ask(fixture.eventsPath))
    }
    #expect(answers.allSatisfy { $0.status == .ok })
    #expect(try await fixture.ask(fixture.eventsPath).status == .serviceUnavailable)
    answers.removeLast()
    #expect(try await fixture.ask(fixture.eventsPath).status == .ok)
    try await fixture.end()
  }
}
