import Glibc
import HotReloadBrowser
import HotReloadSite
import HotReloadTesting
import RawHTTP
import SystemPackage
import Testing

/// The list of hostile requests against a whole site, as raw bytes; what each leaves behind is looked at after it.
@Suite("Hostile requests to a site", .timeLimit(.minutes(5)))
struct HostileSiteTests {
  private static let secret = "top secret"
  private static let files: [FilePath: String] = [
    "templates/pages/index.mustache": "<html><head></head>hello</html>",
    "templates/pages/a.css.mustache": "page", "templates/pages/secret/x.mustache": secret,
    "templates/pages/.env.mustache": secret, "templates/pages/server.pem.mustache": secret,
    "Package.swift": secret, "static-secret/x": secret, ".env": secret, ".git/config": secret,
    "server.pem": secret, "server.key": secret, "secret/x": secret, "secret.txt": secret,
    "static/.env": secret, "static/.git/config": secret, "static/server.pem": secret,
    "static/server.key": secret, "static/secret/x": secret, "static/a.css": "a{}",
    "static/a..b.css": "dots{}", "config/site.toml": "password = \"\(secret)\"\n",
  ]

  /// Sends a request line with a good Host and gives all that comes back.
  private static func exchange(
    _ site: RunningSite, _ head: String, body: String = ""
  ) async throws -> String {
    try await RawClient.talk(site.port) { client in
      try client.send("\(head)\r\nConnection: close\r\n\r\n\(body)")
      return try client.receiveAll()
    }
  }

  private static func status(_ text: String) -> Int { Int(text.dropFirst(9).prefix(3)) ?? 0 }

  private static let refusals = [400, 403, 404, 421]

  /// Each with the answers that are right.
  private static let targets: [(String, [Int])] = [
    // 1 to 6: above the root, in all spellings.
    ("/../../etc/passwd", refusals), ("/static/../../../etc/passwd", refusals), ("/..", refusals),
    ("/static/..", refusals), ("/./../etc/passwd", refusals),
    ("/%2e%2e/%2e%2e/etc/passwd", refusals),
    ("/%2E%2e/.%2e/%2e./etc/passwd", refusals), ("/..%2f..%2fetc/passwd", refusals),
    ("/static%2fa.css", refusals), ("/%252e%252e%252fetc/passwd", refusals),
    ("/%25252e%25252e/etc/passwd", refusals), ("/..%5c..%5cetc%5cpasswd", refusals),
    (#"/..\..\etc\passwd"#, refusals), (#"/static\..\..\etc\passwd"#, refusals),
    ("/%c0%ae%c0%ae/etc/passwd", refusals), ("/%e0%80%ae%e0%80%ae/etc/passwd", refusals),
    ("/%f0%80%80%ae/etc/passwd", refusals), ("/%ff", refusals), ("/%ed%a0%80", refusals),
    ("/..;/etc/passwd", refusals), ("/static/..;x=1/Package.swift", refusals),
    // 7 to 10: what lies beside, and what is never served.
    ("/static/../../Package.swift", refusals), ("/static/../Package.swift", refusals),
    ("/Package.swift", refusals), ("/static-secret/x", refusals), ("/static%2dsecret/x", refusals),
    ("/.env", refusals), ("/.env/.", refusals), ("/%2eenv", refusals), ("/%2Eenv", refusals),
    ("//.env", refusals), ("/./.env", refusals), ("/.git/config", refusals),
    ("/static/.env", refusals), ("/static/%2eenv", refusals), ("/static/.git/config", refusals),
    ("/server.pem", refusals), ("/server.key", refusals), ("/SERVER.PEM", refusals),
    ("/static/server.key", refusals), ("/static/server%2ekey", refusals),
    ("/static/Server.Key", refusals), ("/secret/x", refusals), ("/Secret/x", refusals),
    ("/s%65cret/x", refusals), ("/static/secret/x", refusals), ("/config/site.toml", refusals),
    ("/templates/pages/index.mustache", refusals), ("/data/hotreload", refusals),
    // 11 to 13: names that are cut off.
    ("/secret.txt%00.css", refusals), ("/static/a.css%00", refusals),
    ("/static/a.css%00.png", refusals), ("/static/link.css", refusals),
    ("/static/folder/x.css", refusals), ("/static/up.css", refusals),
    ("/static/fifo.css", refusals),
    ("/a.css#/../../etc/passwd", refusals), ("/static/a.css#x", refusals), ("/#", refusals),
    // 14: percent signs.
    ("/a%", [400]), ("/a%zz", [400]), ("/a%4", [400]), ("/%", [400]), ("/static/a.css%", [400]),
    // 15: the absolute form, of another host, ours, with what is there and what is not, and what is no path at all.
    ("http://evil.example/a.css", refusals), ("http://evil.example/static/a.css", refusals),
    ("http://localhost/static/a.css", refusals), ("HTTP://EVIL.example/static/a.css", refusals),
    ("https://evil.example/", refusals), ("http://evil.example", refusals),
    ("http://evil.example?x", refusals), ("http:///static/a.css", refusals),
    ("http:/static/a.css", refusals), ("ftp://evil.example/static/a.css", refusals),
    ("http://localhost@evil.example/static/a.css", refusals),
    ("http://evil.example/_hotreload/client.js", refusals),
    ("http://evil.example/_hotreload/status.json", refusals),
    ("file:///etc/passwd", refusals), ("//evil.example/static/a.css", refusals),
    ("*", refusals), ("static/a.css", refusals), ("?/static/a.css", refusals),
    // 16: lines of their own.
    ("/%0d%0aSet-Cookie:x=1", refusals), ("/static/a.css%0d%0aSet-Cookie:x=1", refusals),
    ("/%0aSet-Cookie:x=1/", refusals), ("/a/%0d%0aSet-Cookie:x=1/index", refusals),
    // 17: dots inside a name.
    ("/static/a..b.css", [200]), ("/static/a%2e%2eb.css", [200]),
    // 18: long ones.
    ("/" + String(repeating: "a", count: 65_536), [400, 404, 414]),
    ("/" + String(repeating: "a/", count: 4_000), [400, 404, 414]),
    ("/?" + String(repeating: "a=b&", count: 20_000), [400, 414]),
    ("/" + String(repeating: "%2e", count: 20_000), [400, 414]),
  ]

  @Test("rows 1 to 18: no target leads to what is not served")
  func paths() async throws {
    let outside = try TemporaryWorkspace()
    try outside.write("x.css", Self.secret)
    try await RunningSite.run(
      Self.files,
      prepare: { folder in
        try folder.symlink("static/link.css", to: outside.path("x.css"))
        try folder.symlink("static/folder", to: outside.root)
        try folder.symlink("static/up.css", to: "../.env")
        // Whoever opened it would wait for somebody who writes.
        #expect(mkfifo(folder.path("static/fifo.css").string, 0o600) == 0)
      }
    ) { site in
      let root = site.folder.root.string
      let before = OpenDescriptors.count(below: root)
      for method in ["GET", "HEAD", "POST"] {
        for (target, expected) in Self.targets where method == "GET" || target.utf8.count < 1_000 {
          let length = method == "POST" ? "\r\nContent-Length: 0" : ""
          let answer = try await Self.exchange(
            site, "\(method) \(target) HTTP/1.1\r\nHost: localhost\(length)")
          // Assets are read, and not posted to.
          let right = method == "POST" && expected == [200] ? [404, 405] : expected
          #expect(
            right.contains(Self.status(answer)),
            "\(method) \(target.prefix(80)): \(answer.prefix(80))")
          #expect(!answer.contains(Self.secret), "\(method) \(target.prefix(80))")
          #expect(!answer.lowercased().contains("\nset-cookie"), "\(method) \(target.prefix(80))")
          #expect(try await site.isWell(), "after \(method) \(target.prefix(80))")
        }
      }
      #expect(OpenDescriptors.count(below: root) == before)
    }
  }

  @Test("row 19: ranges that are none get the whole or 416")
  func ranges() async throws {
    try await RunningSite.run(Self.files) { site in
      for range in [
        "bytes=5-1", "bytes=99999999-", "bytes=-0", "bytes=--1", "bytes=-99999999999999999999",
        "bytes=0-99999999999999999999", "bytes=1-1,2-2", "bytes=", "bytes", "x=0-1", "bytes=0-0,",
      ] {
        for target in ["/static/a.css", "/"] {
          let answer = try await site.page(target, ["Range: \(range)"])
          #expect([200, 206, 416].contains(answer.status), "\(range) \(target)")
          #expect(try await site.isWell())
        }
      }
    }
  }

  @Test(
    "rows 20 to 23: the Host decides who is answered, by the site and by what is behind it",
    arguments: [false, true])
  func hosts(isProxied: Bool) async throws {
    try await Self.site(isProxied) { site in
      let port = site.port
      let rows: [(String, [Int])] = [
        ("Host: evil.example", [403, 421]), ("Host: localhost.evil.example", [403, 421]),
        ("Host: evil.example:\(port)", [403, 421]), ("Host: 127.0.0.1.evil.example", [403, 421]),
        ("Host: xlocalhost", [403, 421]), ("Host: 0.0.0.0", [403, 421]),
        ("Host: 2130706433", [403, 421]),
        ("X: y", [400]), ("Host: localhost\r\nHost: evil.example", [400]),
        ("Host: localhost\r\nHost: localhost", [400]), ("Host: localhost\r\nhOST: x", [400]),
        ("Host: [::1", [400]), ("Host: localhost:abc", [400]), ("Host:", [400]), ("Host: ", [400]),
        ("Host: localhost:99999", [400]), ("Host: localhost/x", [400]),
        ("Host: a@localhost", [400]),
        ("Host: localhost, evil.example", [400]), ("Host: http://localhost", [400]),
        ("Host: localhost:\(port)", [200]), ("Host: 127.0.0.1:\(port)", [200]),
        ("Host: [::1]:\(port)", [200]), ("Host: app.localhost:\(port)", [200]),
        ("Host: ours.example", [200]),
      ]
      for (field, expected) in rows {
        for target in ["/", "/static/a.css", "/_hotreload/client.js"] {
          let answer = try await Self.exchange(site, "GET \(target) HTTP/1.1\r\n\(field)")
          #expect(
            expected.contains(Self.status(answer)), "\(target) \(field): \(answer.prefix(60))")
        }
        #expect(try await site.isWell(), "after \(field)")
      }
    }
  }

  @Test(
    "rows 15 and 24 behind a proxy too: no absolute form, and nothing for another site to embed",
    arguments: [false, true])
  func foreign(isProxied: Bool) async throws {
    try await Self.site(isProxied) { site in
      for (target, expected) in Self.targets where !target.hasPrefix("/") {
        let answer = try await Self.exchange(site, "GET \(target) HTTP/1.1\r\nHost: localhost")
        #expect(expected.contains(Self.status(answer)), "\(target): \(answer.prefix(60))")
        #expect(try await site.isWell(), "after \(target)")
      }
      for (method, target) in [
        ("CONNECT", "evil.example:443"), ("CONNECT", "localhost:80"), ("OPTIONS", "*"),
      ] {
        let answer = try await Self.exchange(
          site, "\(method) \(target) HTTP/1.1\r\nHost: localhost")
        #expect(
          [400, 403, 405, 421].contains(Self.status(answer)), "\(method): \(answer.prefix(60))")
        #expect(try await site.isWell())
      }
      for destination in ["script", "style", "image", "iframe", "empty"] {
        for target in ["/static/a.css", "/", "/_hotreload/client.js", "/_hotreload/"] {
          let answer = try await site.page(
            target,
            [
              "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors",
              "Sec-Fetch-Dest: \(destination)",
            ])
          #expect(answer.status == 403, "\(destination) \(target)")
          #expect(!answer.head.contains("access-control"))
        }
        #expect(try await site.isWell())
      }
    }
  }

  @Test("rows 25 to 28: the socket opens for the site's own pages, asked for as RFC 6455 has it")
  func handshakes() async throws {
    try await RunningSite.run(Self.files) { site in
      let token = try #require(try await site.page().token)
      let path = "/_hotreload/socket?token=\(token)"
      let good = RawClient.handshakeFields
      let origin = "Origin: http://localhost"
      let otherVersion = good.filter { !$0.contains("Version") }
      let rows: [(String, [String], Int)] = [
        (path, good + ["Origin: http://evil.example"], 403), (path, good + ["Origin: null"], 403),
        (path, good + ["Origin: http://["], 403), (path, good + ["Origin: "], 403),
        (path, good + ["Origin: http://localhost.evil.example"], 403),
        (path, good + ["Origin: http://localhost:1"], 403), (path, good + ["Origin: file://"], 403),
        (path, good + [origin, "Origin: http://evil.example"], 403),
        ("/_hotreload/socket", good + [origin], 403),
        ("/_hotreload/socket?token=", good + [origin], 403),
        ("/_hotreload/socket?token=x&token=\(token)", good + [origin], 403),
        (path + "0", good + [origin], 403),
        (path, otherVersion + [origin, "Sec-WebSocket-Version: 12"], 426),
        (path, otherVersion + [origin], 426),
        (path, good + [origin, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="], 400),
        (path, good.filter { !$0.contains("Key") } + [origin], 400),
        (path, good.filter { !$0.contains("Key") } + [origin, "Sec-WebSocket-Key: x"], 400),
        ("http://evil.example\(path)", good + [origin], 400), (path, good + [origin], 101),
      ]
      for (target, fields, expected) in rows {
        let answer = try await RawClient.talk(site.port) { try $0.request(target, fields) }
        #expect(answer.status == expected, "\(target) \(fields)")
        #expect(try await site.isWell(), "after \(fields)")
      }
    }
  }

  @Test(
    "row 29: frames that break the rules close the socket",
    arguments: [
      ([0x81, 2, 104, 105], 1002), ([0x81, 0xFF, 0x7F] + Array(repeating: 0xFF, count: 7), 1009),
      ([0x82, 0xFF] + Array(repeating: 0xFF, count: 8), 1009),
      ([0x89, 0xFE, 0, 126, 1, 2, 3, 4] + Array(repeating: 0, count: 126), 1002),
      ([0x89, 0xFF, 0, 0, 0, 0, 0, 0, 1, 0] + Array(repeating: 0, count: 260), 1002),
      ([0xF1, 0x80, 1, 2, 3, 4], 1002),
    ] as [([UInt8], Int)])
  func frames(bytes: [UInt8], code: Int) async throws {
    try await RunningSite.run(Self.files) { site in
      let closed = try await site.socket().talk { client in
        try client.send(bytes)
        return try client.receiveClose()
      }
      #expect(closed == code)
      #expect(try await site.isWell())
    }
  }

  @Test("row 30: what a client says reads no file")
  func messages() async throws {
    try await RunningSite.run(Self.files) { site in
      let answer = try await site.socket().talk { client in
        for text in [
          #"{"type":"read","path":"/etc/passwd"}"#, "../../.env",
          #"{"type":"update","url":"file:///etc/passwd"}"#,
          #"{"type":"hello","excerpt":{"file":".env"}}"#, "[", "null", #"{"type":"ping"}"#,
        ] { try client.sendText(text) }
        return try client.receiveText()
      }
      #expect(answer == #"{"type":"pong"}"#)
      #expect(try await site.isWell())
    }
  }

  @Test("row 31: an upgrade that nobody takes is answered, with or without a body")
  func upgrades() async throws {
    try await RunningSite.run(Self.files) { site in
      for upgrade in ["h2c", "TLS/1.0", "websocket, h2c", "x", ""] {
        for body in ["", "a=b", String(repeating: "x", count: 50_000)] {
          let answer = try await Self.exchange(
            site,
            """
            POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\
            Content-Type: application/x-www-form-urlencoded\r\nUpgrade: \(upgrade)
            """, body: body)
          #expect(
            [200, 400, 426].contains(Self.status(answer)), "\(upgrade): \(answer.prefix(60))")
          #expect(try await site.isWell())
        }
      }
    }
  }

  @Test("row 32: another site changes nothing")
  func changes() async throws {
    try await RunningSite.run(Self.files) { site in
      let token = try #require(try await site.page().token)
      for name in ["pause", "reload", "resume"] {
        for fields in [
          ["Content-Type: text/plain", "Origin: http://evil.example"],
          [
            "Content-Type: text/plain", "Origin: http://evil.example",
            "X-HotReload-Token: \(token)",
          ],
          ["Content-Type: text/plain", "Origin: null"], ["Content-Type: text/plain"],
        ] {
          let answer = try await site.page(
            "/_hotreload/\(name)", method: "POST", fields, body: #"{"x":1}"#)
          #expect(answer.status == 403, "\(name) \(fields)")
        }
        #expect(await site.site.manager.status().isPaused == false)
        #expect(try await site.isWell())
      }
    }
  }

  @Test(
    "a file whose name is an element is text, on its page, on the socket and in the dashboard's data"
  )
  func fileName() async throws {
    let name: FilePath = "templates/pages/<img src=x onerror=alert(1)>.mustache"
    try await RunningSite.run(Self.files, prepare: { try $0.write(name, "{{#open}}") }) { site in
      let page = try await site.page("/%3Cimg%20src=x%20onerror=alert(1)%3E")
      #expect(page.status == 500)
      #expect(page.text.contains("&lt;img src=x onerror=alert(1)&gt;.mustache:1:1"), "\(page.text)")
      #expect(!page.text.contains("<img"))
      let socket = try await site.socket()
      // What was broken from the start says so on its page; what breaks now is told over the page.
      try site.folder.replace(name, "mended")
      try await site.sync()
      try site.folder.replace(name, "\n{{#other}}")
      try await site.sync()
      let error = try await socket.talk { try $0.receiveMessages("update", "error")[1] }
      // JSON: the client makes text nodes of it.
      #expect(error.errors?.first?.file == name.string)
      for target in [
        "/_hotreload/", "/_hotreload/none", "/%3Cimg%20src=x%20onerror=alert(1)%3E/none",
      ] {
        let answer = try await site.page(target)
        let isHTML = answer.head.contains("text/html")
        #expect(!isHTML || !answer.text.contains("<img src=x"), "\(target)")
      }
      let status = try await site.page("/_hotreload/status.json")
      #expect(status.status == 200 && status.head.contains("application/json"))
      #expect(status.head.contains("x-content-type-options: nosniff"))
      #expect(try await site.request().status == 200)
    }
  }

  /// A site, or one in front of another.
  private static func site(
    _ isProxied: Bool, _ body: (RunningSite) async throws -> Void
  ) async throws {
    try await RunningSite.run(files, allowing: isProxied ? [] : ["ours.example"]) { site in
      guard isProxied else { return try await body(site) }
      let upstream = try ProxyUpstream("http://127.0.0.1:\(site.port)")
      try await RunningSite.run(
        [:], pages: .program(upstream, isRunByUs: false), allowing: ["ours.example"], body)
    }
  }
}
