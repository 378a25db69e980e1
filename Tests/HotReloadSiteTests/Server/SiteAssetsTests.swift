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
