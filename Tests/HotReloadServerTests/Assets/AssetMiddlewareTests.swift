import HotReloadContent
import HotReloadServer
import Testing

@Suite("Serving assets", .timeLimit(.minutes(5)))
struct AssetMiddlewareTests {
  private static let css =
    "@import 'b.css';\n" + String(repeating: "a { color: red }\n", count: 200)

  @Test(
    "is immutable under the hashed name, asks each time under the plain one, and 404 for another digest"
  )
  func caching() async throws {
    try await AssetServer.serving(["static/app.css": "a{}", "assets/a.png": "png"]) { server in
      let hashed = try server.url("app.css")
      let answer = try await server.get(hashed)
      #expect(answer.status == 200 && answer.text == "a{}")
      #expect(answer.headers["cache-control"] == "public, max-age=31536000, immutable")
      #expect(answer.headers["content-type"] == "text/css; charset=utf-8")
      #expect(answer.headers["x-content-type-options"] == "nosniff")
      let plain = try await server.get("/static/app.css?v=1")
      #expect(plain.status == 200 && plain.text == "a{}")
      #expect(plain.headers["cache-control"] == "no-cache" && plain.headers["vary"] == nil)
      #expect(plain.headers["etag"] == answer.headers["etag"])
      #expect(try await server.get("/assets/a.png").headers["content-type"] == "image/png")

      try await server.save("static/app.css", "b{}")
      let gone = try await server.get(hashed)
      #expect(gone.status == 404 && gone.headers["cache-control"] == "no-store")
      let sentOn = try await server.get(hashed + "?livereload=1")
      #expect(sentOn.status == 307 && sentOn.headers["cache-control"] == "no-store")
      #expect(try sentOn.headers["location"] == server.url("app.css"))
      #expect(try await server.get(server.url("app.css")).text == "b{}")
      #expect(try await server.get("/static/app.css").text == "b{}")
      #expect(try await server.get("/static/none.css").status == 404)
      #expect(try await server.get("/static/app.css/").status == 404)
      #expect(try await server.get("/static/app.css", method: "POST").status == 404)
      #expect(try await server.get("/").text == "home")
    }
  }

  @Test("is 304 for who has the bytes, also compressed")
  func conditional() async throws {
    try await AssetServer.serving(["static/app.css": Self.css, "static/b.css": ""]) { server in
      let tag = try #require(try await server.get("/static/app.css").headers["etag"])
      let zipped = try #require(
        try await server.get("/static/app.css", "Accept-Encoding: gzip").headers["etag"])
      #expect(tag != zipped && tag.hasPrefix("\"") && tag.hasSuffix("\""))
      for known in [tag, zipped, "W/\(tag)", "\"x\", \(tag)", "*"] {
        let answer = try await server.get("/static/app.css", "If-None-Match: \(known)")
        #expect(answer.status == 304 && answer.body.isEmpty, "\(known)")
        #expect(
          answer.headers["cache-control"] == "no-cache"
            && answer.headers["vary"] == "Accept-Encoding")
      }
      #expect(try await server.get("/static/app.css", "If-None-Match: \"x\"").status == 200)
      // What is contained changed, and so the stylesheet did.
      try await server.save("static/b.css", "b{}")
      #expect(try await server.get("/static/app.css", "If-None-Match: \(tag)").status == 200)
    }
  }

  @Test("compresses texts for who takes gzip")
  func compressed() async throws {
    try await AssetServer.serving([
      "static/app.css": Self.css, "static/s.css": "a{}", "static/a.png": Self.css,
    ]) { server in
      let whole = try await server.get("/static/app.css")
      let zipped = try await server.get("/static/app.css", "Accept-Encoding: br, gzip;q=0.5")
      #expect(
        zipped.headers["content-encoding"] == "gzip" && zipped.headers["vary"] == "Accept-Encoding")
      #expect(zipped.body.count < whole.body.count && zipped.body.starts(with: [0x1F, 0x8B]))
      #expect(zipped.headers["content-length"] == "\(zipped.body.count)")
      for header in ["gzip;q=0", "br", "identity", "gzip;q=0.1, identity", "*;q=0"] {
        let answer = try await server.get("/static/app.css", "Accept-Encoding: \(header)")
        #expect(answer.headers["content-encoding"] == nil && answer.body == whole.body, "\(header)")
        #expect(answer.headers["vary"] == "Accept-Encoding")
      }
      for path in ["/static/s.css", "/static/a.png"] {
        #expect(
          try await server.get(path, "Accept-Encoding: gzip").headers["content-encoding"] == nil)
      }
    }
  }

  @Test("answers HEAD with the headers of GET")
  func head() async throws {
    try await AssetServer.serving(["static/app.css": Self.css, "static/b.css": ""]) { server in
      for headers in [[], ["Accept-Encoding: gzip"]] {
        let get = try await RawExchange.get("/static/app.css", server.port, headers: headers)
        let head = try await RawExchange.get(
          "/static/app.css", server.port, headers: headers, method: "HEAD")
        #expect(head.body.isEmpty && head.status == 200)
        #expect(head.headers.filter { $0.key != "date" } == get.headers.filter { $0.key != "date" })
      }
    }
  }

  @Test(
    "answers a range with a part, several or a broken one with all, one beyond the end with 416")
  func ranges() async throws {
    try await AssetServer.serving(["static/a.txt": "0123456789"]) { server in
      let tag = try #require(try await server.get("/static/a.txt").headers["etag"])
      for (range, status, text) in [
        ("bytes=2-4", 206, "234"), ("bytes=8-99", 206, "89"), ("bytes=7-", 206, "789"),
        ("bytes=-3", 206, "789"), ("bytes=-99", 206, "0123456789"), ("BYTES=0-0", 206, "0"),
        ("bytes=5-1", 200, "0123456789"), ("bytes=0-1,3-4", 200, "0123456789"),
        ("bytes=a-b", 200, "0123456789"), ("lines=0-1", 200, "0123456789"),
        ("bytes=-", 200, "0123456789"),
        ("bytes=10-", 416, ""), ("bytes=99999999-", 416, ""), ("bytes=-0", 416, ""),
        ("bytes=99999999999999999999999-", 416, ""),
        ("bytes=0-99999999999999999999999", 206, "0123456789"),
      ] {
        let answer = try await server.get("/static/a.txt", "Range: \(range)", "If-Range: \(tag)")
        #expect(answer.status == status && answer.text == text, "\(range)")
        if status == 416 { #expect(answer.headers["content-range"] == "bytes */10") }
      }
      let part = try await server.get("/static/a.txt", "Range: bytes=2-4")
      #expect(
        part.headers["content-range"] == "bytes 2-4/10" && part.headers["content-length"] == "3")
      #expect(
        try await server.get("/static/a.txt", "Range: bytes=2-4", "If-Range: \"x\"").status == 200)
    }
  }
}
