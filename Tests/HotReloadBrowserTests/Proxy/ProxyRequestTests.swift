import HotReloadBrowser
import Synchronization
import Testing

@Suite struct ProxyRequestTests {
  @Test
  func
    `A request arrives as it was, with the headers that a proxy adds and without those of the connection`()
    async throws
  {
    let seen = Seen()
    try await ScriptedUpstream.answering({ request in
      seen.note(request)
      return answer()
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        let ours = "localhost:\(server.port)"
        _ = try await server.exchange(
          """
          GET /a%2Fb//c?x=1&x=%zz#f HTTP/1.1\r
          Host: \(ours)\r
          Connection: keep-alive, X-Secret, Content-Length\r
          X-Secret: 1\r
          Keep-Alive: timeout=5\r
          TE: trailers\r
          Proxy-Authorization: x\r
          Cookie: a=1; b=2\r
          Origin: http://\(ours)\r
          Referer: http://\(ours)/from?x\r
          X-Forwarded-For: 10.0.0.1\r
          X-Case: Kept\r
          Accept-Encoding: br\r
          \r\n
          """)
        let request = try #require(seen.all.first)
        #expect(request.startLine == "GET /a%2Fb//c?x=1&x=%zz#f HTTP/1.1")
        #expect(request["host"] == "127.0.0.1:\(upstream.port)")
        #expect(request["x-forwarded-host"] == ours)
        #expect(request["x-forwarded-proto"] == "http")
        #expect(request["x-forwarded-for"] == "10.0.0.1, 127.0.0.1")
        #expect(request["origin"] == "http://127.0.0.1:\(upstream.port)")
        #expect(request["referer"] == "http://127.0.0.1:\(upstream.port)/from?x")
        #expect(request["cookie"] == "a=1; b=2")
        #expect(request["x-case"] == "Kept")
        #expect(request["accept-encoding"] == "br")
        for name in ["x-secret", "keep-alive", "te", "proxy-authorization", "connection", "expect"]
        {
          #expect(request[name] == nil, "\(name)")
        }
      }
    }
  }

  @Test func `An origin that is not ours stays, so that the program can refuse it`() async throws {
    let seen = Seen()
    try await ScriptedUpstream.answering({ request in
      seen.note(request)
      return answer()
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        _ = try await server.get(
          headers: "Origin: http://evil.example\r\nReferer: http://localhost:1/\r\n")
        #expect(seen.all.first?["origin"] == "http://evil.example")
        #expect(seen.all.first?["referer"] == "http://localhost:1/")
      }
    }
  }

  @Test func `A page is asked for without compression, and only copies with our client count`()
    async throws
  {
    let seen = Seen()
    try await ScriptedUpstream.answering({ request in
      seen.note(request)
      return answer("200 OK", "Content-Type: text/html\r\nETag: \"v1\"\r\n", Array("<p>".utf8))
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        let browser = "Accept: text/html\r\nAccept-Encoding: gzip, br\r\n"
        let page = try await server.get(headers: browser + "If-None-Match: \"v1\"\r\n")
        let tag = try #require(page["etag"])
        _ = try await server.get(headers: browser + "If-None-Match: \(tag)\r\n")
        #expect(seen.all.map { $0["accept-encoding"] } == ["identity", "identity"])
        #expect(seen.all.map { $0["if-none-match"] } == [nil, "\"v1\", W/\"v1\""])
      }
    }
  }

  @Test func `Redirects, cookies and origins that name the program name us`() async throws {
    try await ScriptedUpstream.answering({ request in
      let own = request["host"]!
      let port = own.split(separator: ":")[1]
      let target = request.startLine.split(separator: " ")[1]
      let location =
        switch target {
        case "/own": "http://\(own)/next?x=1"
        case "/name": "http://localhost:\(port)/next?x=1"
        case "/scheme": "//\(own)/next?x=1"
        case "/relative": "/next?x=1"
        case "/secure": "https://\(own)/"
        default: "http://other.example/next"
        }
      return answer(
        "302 Found",
        """
        Location: \(location)\r
        Set-Cookie: a=1; Domain=localhost; Path=/; HttpOnly\r
        Set-Cookie: b=2; domain=.other.example\r
        Access-Control-Allow-Origin: http://\(own)\r\n
        """)
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        let ours = "http://localhost:\(server.port)"
        for path in ["/own", "/name", "/scheme"] {
          let found = try await server.get(path)
          #expect(found["location"] == "\(ours)/next?x=1", "\(path)")
          #expect(
            found.all("set-cookie") == ["a=1; Path=/; HttpOnly", "b=2; domain=.other.example"])
          #expect(found["access-control-allow-origin"] == ours)
        }
        #expect(try await server.get("/relative")["location"] == "/next?x=1")
        #expect(
          try await server.get("/secure")["location"] == "https://127.0.0.1:\(upstream.port)/")
        #expect(try await server.get("/other")["location"] == "http://other.example/next")
      }
    }
  }

  @Test("Ten megabytes of a form arrive byte for byte", arguments: [true, false])
  func forms(isChunked: Bool) async throws {
    let form = (0..<10_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    let seen = Seen()
    try await ScriptedUpstream.answering({ request in
      seen.note(request)
      return answer()
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        try await Wire.blocking {
          let wire = try Wire(port: server.port)
          let head = "POST /form HTTP/1.1\r\nHost: localhost\r\n"
          if isChunked {
            try wire.send(head + "Transfer-Encoding: chunked\r\n\r\n")
            var rest = form[...]
            while !rest.isEmpty {
              let piece = rest.prefix(99_991)
              rest = rest.dropFirst(piece.count)
              try wire.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [13, 10])
            }
            try wire.send("0\r\nX-Trailer: 1\r\n\r\n")
          } else {
            try wire.send(Array((head + "Content-Length: \(form.count)\r\n\r\n").utf8) + form)
          }
          #expect(try wire.readMessage().status == 200)
        }
        let request = try #require(seen.all.first)
        let isEqual = request.body == form
        #expect(isEqual)
        #expect(request["content-length"] == (isChunked ? nil : "10000000"))
        #expect(request["x-trailer"] == nil)
      }
    }
  }

  @Test
  func `Empty forms, forms of deletes, and several requests on one connection keep their bounds`()
    async throws
  {
    let seen = Seen()
    try await ScriptedUpstream.answering({ request in
      seen.note(request)
      return answer("200 OK", "", request.body)
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        try await Wire.blocking {
          let wire = try Wire(port: server.port)
          let host = "Host: localhost\r\n"
          try wire.send("POST /1 HTTP/1.1\r\n\(host)Content-Length: 0\r\n\r\n")
          #expect(try wire.readMessage().text == "")
          try wire.send("POST /2 HTTP/1.1\r\n\(host)\r\n")
          #expect(try wire.readMessage().text == "")
          try wire.send("PUT /3 HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
          #expect(try wire.readMessage().text == "")
          try wire.send(
            "DELETE /4 HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
          #expect(try wire.readMessage().text == "abc")
          try wire.send("DELETE /5 HTTP/1.1\r\n\(host)Content-Length: 2\r\n\r\nde")
          #expect(try wire.readMessage().text == "de")
          // Two at once.
          try wire.send(
            "POST /6 HTTP/1.1\r\n\(host)Content-Length: 1\r\n\r\nfGET /7 HTTP/1.1\r\n\(host)\r\n")
          #expect(try wire.readMessage().text == "f")
          #expect(try wire.readMessage().text == "")
        }
        #expect(
          seen.all.map { String($0.startLine.split(separator: " ")[1]) } == (1...7).map { "/\($0)" }
        )
        #expect(seen.all[1]["content-length"] == "0")
      }
    }
  }

  @Test func `A client that waits for 100 Continue gets it`() async throws {
    let seen = Seen()
    try await ScriptedUpstream.answering({ request in
      seen.note(request)
      return answer("200 OK", "", request.body)
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        try await Wire.blocking {
          let wire = try Wire(port: server.port)
          try wire.send(
            "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
          )
          #expect(try wire.readMessage().startLine == "HTTP/1.1 100 Continue")
          try wire.send("abc")
          #expect(try wire.readMessage().text == "abc")
        }
        #expect(seen.all.first?["expect"] == nil)
      }
    }
  }

  @Test
  func `A program that answers before it has read a form is heard, and the connection goes on`()
    async throws
  {
    try await ScriptedUpstream.run({ wire in
      let head = try wire.readHead()
      try wire.send(
        head.startLine.hasPrefix("POST")
          ? answer("413 Too Large", "Connection: close\r\n") : answer())
      if !head.startLine.hasPrefix("POST") { _ = try wire.readToEnd() }
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        try await Wire.blocking {
          let wire = try Wire(port: server.port)
          try wire.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
          #expect(try wire.readHead().status == 413)
          try wire.send([UInt8](repeating: 1, count: 1_000_000))
          try wire.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
          #expect(try wire.readMessage().status == 200)
        }
      }
    }
  }

  @Test(
    "A browser that leaves in the middle of a form does not make it look whole",
    arguments: [
      "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "Content-Length: 8\r\n\r\nhalf",
    ])
  func halfForms(_ rest: String) async throws {
    let ended = Signal()
    let got = Mutex<[UInt8]>([])
    try await ScriptedUpstream.run({ wire in
      let bytes = try wire.readToEnd()
      got.withLock { $0 = bytes }
      ended.set()
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        try await Wire.blocking {
          let wire = try Wire(port: server.port)
          try wire.send("POST / HTTP/1.1\r\nHost: localhost\r\n" + rest)
          wire.endSending()
          try ended.wait()
        }
        let text = String(decoding: got.withLock { $0 }, as: UTF8.self)
        #expect(!text.hasSuffix("0\r\n\r\n"))
      }
    }
  }
}

/// The requests that a program got.
final class Seen: Sendable {
  private let requests = Mutex<[HTTPMessage]>([])

  var all: [HTTPMessage] { requests.withLock { $0 } }

  func note(_ request: HTTPMessage) { requests.withLock { $0.append(request) } }
}
