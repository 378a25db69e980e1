import Foundation
import HotReloadSite
import HotReloadTesting
import RawHTTP
import SystemPackage
import Testing

@Suite("The assets of a site", .timeLimit(.minutes(5)))
struct SiteAssetsTests {
  /// The URL of the stylesheet, as the page links it.
  private func stylesheet(_ site: RunningSite) async throws -> String {
    let text = try await site.page().text
    let start = try #require(text.firstRange(of: "href=\"")?.upperBound)
    return String(text[start...].prefix { $0 != "\"" })
  }

  /// The assets that the dashboard lists.
  private func assetPaths(_ site: RunningSite) async throws -> [String] {
    struct Document: Decodable {
      struct Content: Decodable { var assets: [Asset] }
      struct Asset: Decodable { var path: String }
      var content: Content
    }
    let page = try await site.page("/_hotreload/dashboard.json")
    return try JSONDecoder().decode(Document.self, from: Data(page.text.utf8))
      .content.assets.map(\.path)
  }

  @Test(
    "are served under their path for a moment, under their digest for ever, and never under another's"
  )
  func addresses() async throws {
    try await RunningSite.run { site in
      let plain = try await site.request("/static/app.css")
      #expect(plain.status == 200 && plain.body == "h1 { color: red }\n")
      #expect(plain.has("cache-control: no-cache") && plain.has("content-type: text/css"))
      let url = try await stylesheet(site)
      #expect(url.wholeMatch(of: /\/static\/app\.[0-9a-f]+\.css/) != nil, "\(url)")
      let hashed = try await site.request(url)
      #expect(hashed.status == 200 && hashed.body == plain.body)
      #expect(hashed.has("cache-control: public, max-age=31536000, immutable"))
      try site.folder.replace("static/app.css", "h1 { color: blue }\n")
      try await site.sync()
      #expect(try await site.request(url).status == 404)
      let newer = try await stylesheet(site)
      #expect(newer != url)
      #expect(try await site.request(newer).body == "h1 { color: blue }\n")
    }
  }

  @Test("are followed through the links of a ConfigMap, and through its swaps")
  func configMap() async throws {
    try await RunningSite.run([
      "templates/pages/index.mustache": "<link href=\"{{#asset}}app.css{{/asset}}\">"
    ]) { site in
      let big = String(repeating: "p { margin: 0 }\n", count: 100_000)
      func publish(_ version: Int) async throws {
        try site.folder.publishConfigMap(
          ["app.css": "h\(version) {}\n", "big.css": "h\(version) {}\n" + big], in: "static",
          version: "2026_11_25_\(version)")
        try await site.sync()
      }
      for version in 1...3 {
        try await publish(version)
        let plain = try await site.request("/static/app.css")
        #expect(plain.status == 200 && plain.body == "h\(version) {}\n", "version \(version)")
        #expect(try await site.request(stylesheet(site)).body == plain.body)
        // What is not kept in memory is opened for each answer.
        let large = try await site.page("/static/big.css")
        #expect(large.status == 200 && large.text.hasPrefix("h\(version) {}\n"))
        for hidden in ["/static/..data/app.css", "/static/..2026_11_25_\(version)/app.css"] {
          #expect(try await site.request(hidden).status == 404, "\(hidden)")
        }
      }
    }
  }

  @Test(
    "are not links to what is never served, be it by way of a version's folder, and the status says so",
    arguments: ["../.env", "../secret/x", "../server.pem", "../.git/config", "..data/.env"])
  func deniedTargets(target: String) async throws {
    let secret = "top secret"
    try await RunningSite.run([
      "templates/pages/index.mustache": "page", ".env": secret, "secret/x": secret,
      "server.pem": secret, ".git/config": secret, "static/..v1/.env": secret,
    ]) { site in
      try site.folder.symlink("static/..data", to: "..v1")
      try site.folder.symlink("static/x.css", to: FilePath(target))
      try await site.sync()
      let answer = try await site.page("/static/x.css")
      #expect(answer.status == 404 && !answer.text.contains(secret))
      let reasons = await site.site.manager.status().health.reasons
      #expect(reasons.contains { $0.contains("static/x.css: the link leads to") }, "\(reasons)")
      try site.folder.remove("static/x.css")
      try site.folder.write("static/x.css", "a {}")
      try await site.sync()
      #expect(try await site.request("/static/x.css").body == "a {}")
      #expect(await site.site.manager.status().health.reasons == [])
    }
  }

  @Test(
    "are no files with names that no request can have, and the status says so",
    arguments: ["a\tb.css", "a\nb.css", "a\\b.css", "a\u{7F}.css"])
  func impossibleNames(name: String) async throws {
    try await RunningSite.run { site in
      let path = FilePath("static").appending(name)
      try site.folder.write(path, "a {}")
      try await site.sync()
      let reasons = await site.site.manager.status().health.reasons
      #expect(reasons.count == 1 && reasons[0].contains("cannot be asked for; rename it"))
      #expect(try await assetPaths(site) == ["static/app.css"])
      try site.folder.rename(path, to: "static/b.css")
      try await site.sync()
      #expect(await site.site.manager.status().health.reasons == [])
      #expect(try await site.request("/static/b.css").status == 200)
    }
  }

  @Test(
    "are compressed for who takes it, sent in part to who asks for a part, and not sent to who has them"
  )
  func forms() async throws {
    let text = String(repeating: "p { margin: 0 }\n", count: 500)
    try await RunningSite.run(prepare: { try $0.write("static/long.css", text) }) { site in
      let packed = try await site.page("/static/long.css", ["Accept-Encoding: gzip"])
      #expect(packed.status == 200 && packed.head.contains("content-encoding: gzip"))
      #expect(packed.text.utf8.count < text.utf8.count / 2)
      let part = try await site.request("/static/long.css", ["Range: bytes=4-9"])
      #expect(part.status == 206 && part.body == "margin")
      #expect(part.has("content-range: bytes 4-9/\(text.utf8.count)"))
      for range in [
        "bytes=5-1", "bytes=99999999-", "bytes=-0", "bytes=a-", "lines=1-2", "bytes=1-2,5-6",
      ] {
        #expect(
          [200, 416].contains(
            try await site.request("/static/long.css", ["Range: \(range)"]).status))
        #expect(try await site.isWell())
      }
      let whole = try await site.request("/static/long.css")
      let tag = try #require(whole.head.split(separator: "\r\n").first { $0.hasPrefix("etag: ") })
      let known = try await site.request("/static/long.css", ["If-None-Match: \(tag.dropFirst(6))"])
      #expect(known.status == 304 && known.body.isEmpty)
      let head = try await site.page("/static/long.css", method: "HEAD")
      #expect(head.status == 200 && head.text.isEmpty)
      #expect(head.head.contains("content-length: \(text.utf8.count)"))
    }
  }

  @Test("have the icon that browsers ask for by themselves, and nothing is no error")
  func icon() async throws {
    try await RunningSite.run { site in
      let none = try await site.request("/favicon.ico")
      #expect(none.status == 204)
      try site.folder.write("static/favicon.ico", "icon")
      try await site.sync()
      let found = try await site.request("/favicon.ico")
      #expect(found.status == 307 && found.has("location: /static/favicon."))
    }
  }

  @Test("that a page names are noted as what it was made from, of whatever kind")
  func uses() async throws {
    try await RunningSite.run(
      prepare: {
        try $0.write("static/menu.pdf", "%PDF-1")
        try $0.write(
          "templates/pages/menu.mustache",
          "<html><head></head><a href=\"{{#asset}}menu.pdf{{/asset}}\">menu</a></html>")
      }
    ) { site in
      let page = try await site.page("/menu")
      #expect(page.uses == ["static/menu.pdf", "templates/pages/menu.mustache"])
      let socket = try await site.socket()
      try site.folder.replace("static/menu.pdf", "%PDF-2")
      try await site.sync()
      let update = try await socket.talk { try $0.receiveMessage() }
      #expect(update.type == "update" && update.uses == ["static/menu.pdf"])
      #expect(update.styles?.isEmpty == true && update.all == false)
    }
  }
}
