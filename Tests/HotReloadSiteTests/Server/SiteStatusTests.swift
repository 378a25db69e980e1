import Foundation
import HotReloadSite
import HotReloadTesting
import Logging
import RawHTTP
import SystemPackage
import Testing

/// What `/_hotreload/status.json` says.
private struct StatusText: Decodable {
  var state: String
  var reasons: [String]
}

extension RunningSite {
  fileprivate func status() async throws -> StatusText {
    let page = try await page("/_hotreload/status.json")
    return try JSONDecoder().decode(StatusText.self, from: Data(page.text.utf8))
  }
}

@Suite("The status of a site", .timeLimit(.minutes(5)))
struct SiteStatusTests {
  @Test(
    "is degraded by a template that was broken from the start, with its place, until it is mended")
  func brokenTemplate() async throws {
    let files: [FilePath: String] = [
      "templates/pages/index.mustache": "<p>hello</p>",
      "templates/pages/broken.mustache": "<p>\n  {{#open}}</p>",
    ]
    try await RunningSite.run(files) { site in
      let status = try await site.status()
      #expect(status.state == "degraded")
      #expect(status.reasons.count == 1)
      #expect(status.reasons[0].contains("templates/pages/broken.mustache:2:3:"))
      #expect(try await site.page("/_hotreload/status.json?probe").status == 503)
      #expect(try await site.page("/broken").status == 500)
      // The page failed of the same.
      let again = try await site.status()
      #expect(again.reasons == status.reasons)
      try site.folder.replace("templates/pages/broken.mustache", "<p>mended</p>")
      try await site.sync()
      #expect(try await site.status().state == "healthy")
    }
  }

  @Test("is degraded by a page whose asset is gone, until the asset is back")
  func goneAssets() async throws {
    try await RunningSite.run { site in
      #expect(try await site.page("/").status == 200)
      #expect(try await site.status().state == "healthy")
      try site.folder.remove("static")
      try await site.sync()
      #expect(try await site.page("/").status == 500)
      let status = try await site.status()
      #expect(status.state == "degraded")
      #expect(
        status.reasons.contains {
          $0.contains("templates/layout.mustache:3:") && $0.contains("app.css")
        })
      try site.folder.write("static/app.css", "h1 {}\n")
      try await site.sync()
      #expect(try await site.status().state == "healthy", "nobody need ask for the page again")
    }
  }

  @Test("is degraded by a stylesheet that refers to what is not there")
  func brokenReference() async throws {
    try await RunningSite.run { site in
      try site.folder.replace("static/app.css", "h1 {\n  background: url(none.png) }\n")
      try await site.sync()
      let status = try await site.status()
      #expect(status.state == "degraded")
      #expect(
        status.reasons.contains {
          $0.contains("static/app.css:2:19:") && $0.contains("static/none.png")
        })
      try site.folder.write("static/none.png", "picture")
      try await site.sync()
      #expect(try await site.status().state == "healthy")
    }
  }

  @Test("counts what is too much to name")
  func many() async throws {
    var files: [FilePath: String] = [:]
    for number in 0..<30 { files[FilePath("templates/pages/p\(number).mustache")] = "{{#open}}" }
    try await RunningSite.run(files) { site in
      let reasons = try await site.status().reasons
      #expect(reasons.count == 21)
      #expect(reasons.last?.hasPrefix("10 more errors") == true)
    }
  }
}

extension SitePagesTests {
  @Test(
    "for errors that need an asset that is not there give way to plain ones, with the same status")
  func brokenErrorPages() async throws {
    let page = "<p>the site's own</p>{{#asset}}gone.css{{/asset}}"
    try await RunningSite.run([
      "templates/pages/index.mustache": "{{#asset}}other.css{{/asset}}",
      "templates/errors/404.mustache": page, "templates/errors/error.mustache": page,
    ]) { site in
      let missing = try await site.page("/none")
      #expect(missing.status == 404)
      #expect(missing.text.contains("There is no such page"))
      #expect(missing.text.contains("templates/errors/404.mustache:1:"))
      let failed = try await site.page("/")
      #expect(failed.status == 500)
      #expect(
        failed.text.contains("This page cannot be rendered") && failed.text.contains("other.css"))
      let asset = try await site.page("/static/gone.css")
      #expect(asset.status == 404)
    }
  }
}
