import Glibc
import HotReloadBrowser
import Synchronization
import Testing

@Suite struct ProxyAnswerTests {
  static let html =
    "<!doctype html><html><head><title>x</title></head><body>"
    + String(repeating: "<p>hello</p>", count: 20) + "</body></html>"
  /// The same, compressed by Python's `gzip` and `zlib`.
  static let gzip: [UInt8] = bytes(
    """
    H4sIAAAAAAACA7NRTMlPLqksSFXIKMnNsbOBkqmJKXY2JZklOal2FTb6EIaNPkQ4KT+l0s6mwC4jNScn30a/YGSw9SHe1gcHEAArbUMKNgEAAA==
    """)
  static let deflate: [UInt8] = bytes(
    """
    eNqzUUzJTy6pLEhVyCjJzbGzgZKpiSl2NiWZJTmpdhU2+hCGjT5EOCk/pdLOpsAuIzUnJ99Gv2BksPUh3tYHBxAAIqNqZw==
    """)

  @Test func `A page gets the client, and everything else passes as it is`() async throws {
    try await ScriptedUpstream.answering({ request in
      request.startLine.hasPrefix("GET /page")
        ? answer("200 OK", "Content-Type: text/html\r\nX-A: 1\r\nX-A: 2\r\n", Array(Self.html.utf8))
        : answer("418 I am a teapot", "Content-Type: text/plain\r\n", Array("<head>".utf8))
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        let page = try await server.get("/page?x=%2F%00&y")
        #expect(page.status == 200)
        #expect(page.text == Self.html.replacing("<head>", with: "<head>" + server.element()))
        #expect(page.all("x-a") == ["1", "2"])
        let text = try await server.get("/text")
        #expect(text.status == 418)
        #expect(text.text == "<head>")
        #expect(text["content-length"] == "6")
      }
    }
  }

  @Test(
    "A compressed page is decompressed and gets the client",
    arguments: [
      ("gzip", gzip), ("deflate", deflate), ("GZIP", gzip),
    ])
  func compressed(_ encoding: String, _ body: [UInt8]) async throws {
    try await ScriptedUpstream.answering({ _ in
      answer("200 OK", "Content-Type: text/html\r\nContent-Encoding: \(encoding)\r\n", body)
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        for _ in 0..<2 {
          let page = try await server.get(headers: "Accept-Encoding: gzip, br\r\n")
          #expect(page["content-encoding"] == nil)
          #expect(page.text == Self.html.replacing("<head>", with: "<head>" + server.element()))
        }
      }
    }
  }

  @Test
  func `Compressed data that is no page, and encodings that cannot be read, pass byte for byte`()
    async throws
  {
    try await ScriptedUpstream.answering({ request in
      let isData = request.startLine.hasPrefix("GET /json")
      return answer(
        "200 OK",
        "Content-Type: \(isData ? "application/json" : "text/html")\r\nContent-Encoding: \(isData ? "gzip" : "br")\r\nETag: \"a\"\r\n",
        Self.gzip)
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        for path in ["/json", "/page"] {
          let data = try await server.get(path, headers: "Accept-Encoding: gzip, br\r\n")
          #expect(data.body == Self.gzip)
          #expect(data["content-length"] == String(Self.gzip.count))
          #expect(data["content-encoding"] == (path == "/json" ? "gzip" : "br"))
          #expect(data["etag"] == "\"a\"")
        }
      }
    }
  }

  @Test func `A page that is compressed badly is cut, and the next request is answered`()
    async throws
  {
    try await ScriptedUpstream.answering({ request in
      request.startLine.hasPrefix("GET /bad")
        ? answer(
          "200 OK", "Content-Type: text/html\r\nContent-Encoding: gzip\r\n",
          Array(Self.gzip.prefix(40)) + [UInt8](repeating: 0xFF, count: 40))
        : answer()
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        await #expect(throws: WireFailure.self) {
          let page = try await server.get("/bad")
          // Whether its head went out before the bad bytes arrived is a matter of time.
          if page.status == 502 { throw WireFailure("refused") }
        }
        let next = try await server.get("/")
        #expect(next.status == 200)
      }
    }
  }

  @Test func `The nonce of the page's policy is used, and a strict policy is amended`() async throws
  {
    try await ScriptedUpstream.answering({ request in
      let policy =
        request.startLine.hasPrefix("GET /nonce")
        ? "script-src 'nonce-r4nd0m' 'strict-dynamic'" : "default-src 'none'"
      return answer(
        "200 OK",
        "Content-Type: text/html\r\nContent-Security-Policy: \(policy)\r\nContent-Security-Policy-Report-Only: default-src 'none'\r\n",
        Array("<head>".utf8))
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        let page = try await server.get("/nonce")
        #expect(page.text == "<head>" + server.element(nonce: "r4nd0m"))
        #expect(page["content-security-policy"] == "script-src 'nonce-r4nd0m' 'strict-dynamic'")
        let strict = try await server.get("/strict")
        #expect(
          strict["content-security-policy"]
            == "default-src 'none'; script-src 'self'; connect-src 'self'")
        #expect(strict["content-security-policy-report-only"] == "default-src 'none'")
      }
    }
  }

  @Test func `The first piece of an answer arrives before the program has made the second`()
    async throws
  {
    let go = Signal()
    try await ScriptedUpstream.run({ wire in
      _ = try wire.readMessage()
      try wire.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
      try wire.send("d\r\n<head><p>one\n\r\n")
      try go.wait()
      try wire.send("4\r\ntwo\n\r\n0\r\nX-Trailer: 1\r\n\r\n")
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        let rest = try await Wire.blocking {
          let wire = try Wire(port: server.port)
          try wire.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
          let start = try wire.read(through: "one\n")
          #expect(start.contains("data-hotreload"))
          go.set()
          return try wire.read(through: "\r\n0\r\n\r\n")
        }
        #expect(rest.contains("two\n"))
      }
    }
  }

  @Test
  func `An event stream is passed on event by event, and ends behind when the browser leaves`()
    async throws
  {
    let ended = Signal()
    try await ScriptedUpstream.run({ wire in
      _ = try wire.readMessage()
      try wire.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
      _ = try wire.readToEnd()
      ended.set()
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        try await Wire.blocking {
          let wire = try Wire(port: server.port)
          try wire.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
          _ = try wire.read(through: "data: 1\n\n")
          wire.cut()
          // The program writes nothing more, and yet it is told.
          try ended.wait()
        }
      }
    }
  }

  @Test func `Answers without a body have none, whatever their headers say`() async throws {
    try await ScriptedUpstream.answering({ request in
      switch request.startLine.split(separator: " ")[1] {
      case "/head":
        Array("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 77\r\n\r\n".utf8)
      case "/204": Array("HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n".utf8)
      case "/304":
        Array("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 9\r\n\r\n".utf8)
      case "/hints":
        Array("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n".utf8) + answer("200 OK", "", [65])
      default: answer("200 OK", "", [66])
      }
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        try await Wire.blocking {
          // One connection: what is left over from an answer would be the start of the next.
          let wire = try Wire(port: server.port)
          func ask(_ method: String, _ path: String) throws -> HTTPMessage {
            try wire.send("\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return try wire.readMessage(hasBody: method != "HEAD")
          }
          try #expect(ask("HEAD", "/head")["content-length"] == "77")
          try #expect(ask("GET", "/204")["x-a"] == "1")
          let unmodified = try ask("GET", "/304")
          #expect(unmodified.status == 304)
          #expect(unmodified["etag"] == "\"x\"")
          try #expect(ask("GET", "/hints").text == "A")
          try #expect(ask("GET", "/").text == "B")
        }
      }
    }
  }

  @Test func `A program that dies in the middle of an answer leaves it visibly incomplete`()
    async throws
  {
    try await ScriptedUpstream.run({ wire in
      let request = try wire.readMessage()
      if request.startLine.hasPrefix("GET /length") {
        try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
      } else if request.startLine.hasPrefix("GET /chunked") {
        try wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
      } else if request.startLine.hasPrefix("GET /nothing") {
        return
      } else {
        try wire.send(answer())
      }
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        for path in ["/length", "/chunked"] {
          await #expect(throws: WireFailure.self) { _ = try await server.get(path) }
        }
        let nothing = try await server.get("/nothing")
        #expect(nothing.status == 502)
        #expect(nothing.text.contains("gave no answer"))
        #expect(try await server.get("/").status == 200)
      }
    }
  }

  @Test func `A slow browser slows the program, and nothing piles up between them`() async throws {
    let length = 256 << 20
    let sent = Mutex(0)
    let standsStill = Signal()
    try await ScriptedUpstream.run({ wire in
      _ = try wire.readMessage()
      try wire.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: \(length)\r\n\r\n")
      let piece = [UInt8](repeating: 65, count: 1 << 20)
      var left = length
      var isTold = false
      while left > 0 {
        let count = try wire.sendSome(piece.prefix(left), within: 200)
        left -= count ?? 0
        sent.withLock { $0 += count ?? 0 }
        // It is told as well if nothing ever holds it up, which is what must not be.
        guard !isTold, count == nil || left == 0 else { continue }
        isTold = true
        standsStill.set()
      }
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        try await Wire.blocking {
          let wire = try Wire(port: server.port)
          try wire.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
          _ = try wire.readHead()
          // All buffers, ours and the kernel's, fill up: the program stands still long before it is through.
          try standsStill.wait()
          #expect(sent.withLock { $0 } < 64 << 20)
          var count = 0
          while count < length { count += try wire.read(1 << 20).count }
        }
      }
    }
  }

  private static func bytes(_ base64: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var bits = 0
    var count = 0
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    for character in base64 {
      guard let value = alphabet.firstIndex(of: character) else { continue }
      bits = (bits << 6 | value) & 0xFFFF
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(bits >> count & 0xFF))
      }
    }
    return bytes
  }
}

/// Something that one thread waits for and another brings about, once for each time.
final class Signal: Sendable {
  private let pipe: (CInt, CInt)

  init() {
    var ends: [CInt] = [0, 0]
    Glibc.pipe(&ends)
    pipe = (ends[0], ends[1])
  }

  deinit {
    close(pipe.0)
    close(pipe.1)
  }

  func set() { _ = write(pipe.1, "x", 1) }

  /// Waits on a thread that may block.
  func wait() throws {
    var poll = pollfd(fd: pipe.0, events: Int16(POLLIN), revents: 0)
    guard Glibc.poll(&poll, 1, CInt(Wire.limitSeconds * 1_000)) == 1 else {
      throw WireFailure("it did not happen")
    }
    var byte: UInt8 = 0
    _ = read(pipe.0, &byte, 1)
  }
}
