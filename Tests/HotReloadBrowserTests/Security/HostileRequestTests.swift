import HotReloadBrowser
import RawHTTP
import Testing

/// The rows 20 to 32 of the list of hostile requests, as raw bytes; what they leave behind is looked at after each.
@Suite("Hostile requests to live reload", .timeLimit(.minutes(5)))
struct HostileRequestTests {
  @Test("rows 20 to 23: the Host decides who is answered")
  func hosts() async throws {
    try await LiveServer.run { server in
      let rows: [(String, [Int])] = [
        ("Host: evil.example", [403, 421]), ("Host: localhost.evil.example", [403, 421]),
        ("X: y", [400]),
        ("Host: localhost\r\nHost: evil.example", [400]),
        ("Host: localhost\r\nHost: localhost", [400]),
        ("Host: [::1", [400]), ("Host: localhost:abc", [400]), ("Host:", [400]), ("Host: ", [400]),
        ("Host: localhost\u{0}", [400]),
        ("Host: localhost:\(server.port)", [200]), ("Host: 127.0.0.1:\(server.port)", [200]),
        ("Host: [::1]:\(server.port)", [200]), ("Host: app.localhost:\(server.port)", [200]),
      ]
      for (field, expected) in rows {
        for path in ["/", "/_hotreload/client.js"] {
          let answer = try await RawClient.talk(server.port) { client in
            try client.send("GET \(path) HTTP/1.1\r\n\(field)\r\n\r\n")
            return try client.receive()
          }
          #expect(expected.contains(answer.status), "\(path) \(field): \(answer.status)")
        }
        #expect(try await server.isWell())
      }
    }
  }

  @Test("row 24: a script of ours is not for pages of other sites")
  func foreignScript() async throws {
    try await LiveServer.run { server in
      let fields = [
        "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script",
      ]
      for path in ["/_hotreload/client.js", "/livereload.js", "/", "/_hotreload/nothing"] {
        let answer = try await RawClient.talk(server.port) { try $0.request(path, fields) }
        #expect(answer.status == 403, "\(path)")
        #expect(!answer.has("access-control-allow-origin"))
      }
      #expect(try await server.isWell())
    }
  }

  @Test("rows 25 to 28: a socket opens for our pages only, and as RFC 6455 has it")
  func handshakes() async throws {
    try await LiveServer.run { server in
      let good = RawClient.handshakeFields
      let path = server.socketPath
      let origin = server.origin
      let rows: [(String, [String], Int)] = [
        (path, good + ["Origin: http://evil.example"], 403), (path, good + ["Origin: null"], 403),
        (path, good + ["Origin: http://["], 403), (path, good + [origin, origin], 403),
        ("/_hotreload/socket", good + [origin], 403),
        ("/_hotreload/socket?token=wrong", good + [origin], 403),
        (path + "x", good + [origin], 403),
        ("/livereload", good + ["Origin: http://evil.example"], 403),
        (
          path, good.filter { !$0.contains("Version") } + [origin, "Sec-WebSocket-Version: 12"], 426
        ),
        (path, good + [origin, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="], 400),
        (path, good.filter { !$0.contains("Key") } + [origin], 400),
        (path, good + [origin], 101), (path, good, 101),
      ]
      for (target, fields, expected) in rows {
        let answer = try await RawClient.talk(server.port) { client in
          let answer = try client.request(target, fields)
          // Nothing is read on a connection that was refused; it is closed.
          if answer.status != 101, try !client.isClosed() { throw ClientFailure("not closed") }
          return answer
        }
        #expect(answer.status == expected, "\(target) \(fields): \(answer.head)")
        if expected == 426 { #expect(answer.has("sec-websocket-version: 13")) }
        #expect(try await server.isWell())
        await eventually { server.live.clientCount == 0 }
      }
      // Without an upgrade it says what it is.
      let plain = try await RawClient.talk(server.port) { try $0.request(path) }
      #expect(plain.status == 426)
    }
  }

  @Test(
    "row 29: frames that break the rules close the socket with the right code",
    arguments: [
      // Unmasked.
      ([0x81, 2, 104, 105], 1002),
      // Claims 2^63-1 bytes; then 2^64-1, and one more than allowed.
      ([0x81, 0xFF, 0x7F] + Array(repeating: 0xFF, count: 7), 1009),
      ([0x81, 0xFF] + Array(repeating: 0xFF, count: 8), 1009),
      ([0x81, 0xFE, 0x10, 0x01, 1, 2, 3, 4], 1009),
      // A ping of 126 bytes, and one in fragments.
      ([0x89, 0xFE, 0, 126, 1, 2, 3, 4] + Array(repeating: 0, count: 126), 1002),
      ([0x09, 0x80, 1, 2, 3, 4], 1002),
      // Reserved bits, a reserved opcode, a continuation of nothing, no text.
      ([0xC1, 0x80, 1, 2, 3, 4], 1002), ([0x83, 0x80, 1, 2, 3, 4], 1002),
      ([0x80, 0x80, 1, 2, 3, 4], 1002), ([0x82, 0x80, 1, 2, 3, 4], 1003),
      ([0x81, 0x81, 0, 0, 0, 0, 0xFF], 1007),
    ] as [([UInt8], Int)])
  func frames(bytes: [UInt8], code: Int) async throws {
    try await LiveServer.run { server in
      let closed = try await server.socket().talk { client in
        try client.send(bytes)
        return try client.receiveClose()
      }
      #expect(closed == code)
      #expect(try await server.isWell())
      await eventually { server.live.clientCount == 0 }
    }
  }

  @Test("row 29: a message in fragments is one message, and not a way around the limit")
  func fragments() async throws {
    try await LiveServer.run { server in
      let client = try await server.socket()
      let pong = try await client.talk { client in
        try client.sendFrame(1, Array(#"{"type":"#.utf8), fin: false)
        try client.sendFrame(9, [7])
        try client.sendFrame(0, Array(#""ping"}"#.utf8))
        let answers = [try client.receiveFrame(), try client.receiveFrame()]
        return answers
      }
      #expect(pong[0] == RawFrame(opcode: 10, payload: [7]))
      #expect(pong[1].text == #"{"type":"pong"}"#)
      let code = try await client.talk { client in
        try client.sendFrame(1, Array(repeating: 32, count: 4_000), fin: false)
        try client.sendFrame(0, Array(repeating: 32, count: 4_000), fin: false)
        return try client.receiveClose()
      }
      #expect(code == 1009)
    }
  }

  @Test("row 30: what a client says is ignored, and too much of it closes the socket")
  func messages() async throws {
    try await LiveServer.run { server in
      let client = try await server.socket()
      let answer = try await client.talk { client in
        try client.sendText(#"{"type":"read","path":"/etc/passwd","url":"file:///etc/passwd"}"#)
        try client.sendText("../../etc/passwd")
        try client.sendText(#"{"type":"ping"}"#)
        return try client.receiveText()
      }
      #expect(answer == #"{"type":"pong"}"#)
      let code = try await client.talk { client in
        for _ in 0..<1_000 { try? client.sendText("x") }
        return try client.receiveClose()
      }
      #expect(code == 1008)
      #expect(try await server.isWell())
    }
  }

  @Test(
    "row 31: an upgrade that nobody takes is answered as if it were not there, and the connection ends"
  )
  func otherUpgrades() async throws {
    try await LiveServer.run { server in
      let upgrade = [
        "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk",
      ]
      for (method, body) in [
        ("GET", ""), ("POST", "a=b"), ("POST", String(repeating: "x", count: 50_000)),
      ] {
        let answer = try await RawClient.talk(server.port) { client in
          let answer = try client.request("/", method: method, upgrade, body: body)
          guard try client.isClosed() else { throw ClientFailure("not closed") }
          return answer
        }
        #expect(answer.status == 200)
        #expect(answer.body == "hello")
        #expect(answer.has("connection: close"))
        #expect(try await server.isWell())
      }
      // A WebSocket where there is none, and one behind a request whose response is still to come.
      let path = server.socketPath
      let elsewhere = try await RawClient.talk(server.port) {
        try $0.request("/", RawClient.handshakeFields)
      }
      #expect(elsewhere.status == 200)
      let head = "Host: localhost\r\n"
      let statuses = try await RawClient.talk(server.port) { client in
        let fields = RawClient.handshakeFields.map { $0 + "\r\n" }.joined()
        try client.send(
          "GET / HTTP/1.1\r\n\(head)\r\nGET \(path) HTTP/1.1\r\n\(head)\(fields)\r\n")
        return [try client.receive().status, try client.receive().status]
      }
      #expect(statuses == [200, 426])
      #expect(try await server.isWell())
    }
  }

  @Test("row 32: what changes something is done for nobody but our pages")
  func changes() async throws {
    try await LiveServer.run { server in
      let token = "X-HotReload-Token: \(server.live.token.text)"
      let foreign = ["Content-Type: text/plain", "Origin: http://evil.example"]
      let rows: [(String, [String], Int)] = [
        ("POST", foreign, 403), ("POST", foreign + [token], 403), ("POST", [], 403),
        ("POST", [server.origin], 403), ("POST", [server.origin, "X-HotReload-Token: x"], 403),
        ("GET", [server.origin, token], 405), ("OPTIONS", foreign, 403), ("OPTIONS", [], 405),
        ("DELETE", [server.origin, token], 405),
      ]
      for (method, fields, expected) in rows {
        for name in ["pause", "reload", "resume"] {
          let answer = try await RawClient.talk(server.port) {
            try $0.request(
              "/_hotreload/\(name)", method: method, fields, body: method == "POST" ? "x" : "")
          }
          #expect(answer.status == expected, "\(method) \(name) \(fields)")
          #expect(!answer.has("access-control"))
        }
        #expect(await server.manager.status().isPaused == false)
      }
      let generation = await server.manager.status().generation
      #expect(try await server.isWell())
      let done = try await RawClient.talk(server.port) { client in
        try ["pause", "resume", "reload"].map {
          try client.request(
            "/_hotreload/\($0)", method: "POST", ["Origin: http://localhost", token])
        }
      }
      #expect(done.map(\.status) == [200, 200, 200])
      #expect(done[0].body == #"{"paused":true}"#)
      #expect(done[2].body == #"{"generation":\#(generation),"accepted":true}"#)
    }
  }

  @Test("all answers below /_hotreload/ say that nobody may store, embed or guess them")
  func fields() async throws {
    try await LiveServer.run { server in
      let token = server.live.token.text
      let rows: [(String, Int)] = [
        ("/_hotreload/client.js", 200), ("/livereload.js", 200),
        ("/_hotreload/ping?token=\(token)", 204),
        ("/_hotreload/ping?token=x", 403), ("/_hotreload/ping", 403), ("/_hotreload/events", 403),
        ("/_hotreload/none", 404), ("/_hotreload", 404), ("/livereload", 426),
        ("/_hotreload/reload", 405),
      ]
      for (path, status) in rows {
        let answer = try await RawClient.talk(server.port) { try $0.request(path, [server.origin]) }
        #expect(answer.status == status, "\(path)")
        for field in [
          "cache-control: no-store", "x-content-type-options: nosniff",
          "cross-origin-resource-policy: same-origin",
        ] { #expect(answer.has(field), "\(path) \(field)") }
        #expect(!answer.has("access-control"))
      }
      #expect(try await server.isWell())
    }
  }

  @Test("a request that does not end, or does not begin, ends the connection")
  func slowRequests() async throws {
    var limits = LiveLimits()
    limits.idle = .milliseconds(300)
    try await LiveServer.run(limits: limits) { server in
      let head = "GET / HTTP/1.1\r\nHost: localhost\r\n"
      for bytes in ["", "GET / HTTP/1.1\r\nHost: loc", head + "Content-Length: 5\r\n\r\nab"] {
        let rest = try await RawClient.talk(server.port) { client in
          try client.send(bytes)
          return try client.receiveAll()
        }
        #expect(rest.isEmpty || rest.hasPrefix("HTTP/1.1 200"))
      }
      await eventually { server.openConnections == 0 }
    }
  }

  @Test("a head that is too long is refused")
  func longHead() async throws {
    try await LiveServer.run { server in
      let head = "GET / HTTP/1.1\r\nHost: localhost\r\nX: "
      let status = try await RawClient.talk(server.port) { client in
        try client.send(head + String(repeating: "x", count: 90_000))
        return try client.receiveHead().status
      }
      #expect(status == 400)
      #expect(try await server.isWell())
    }
  }
}
