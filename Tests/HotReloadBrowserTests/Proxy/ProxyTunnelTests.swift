import Testing

@testable import HotReloadBrowser

@Suite struct ProxyTunnelTests {
  static let handshake =
    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
  static let opened =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"

  @Test func `A WebSocket that is not ours is a tunnel of bytes to the program`() async throws {
    let seen = Seen()
    try await ScriptedUpstream.run({ wire in
      seen.note(try wire.readHead())
      // The first frame comes with the answer.
      try wire.send(Self.opened + "first")
      while true {
        let length = try wire.read(1)
        try wire.send(try wire.read(Int(length[0])))
      }
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        let ours = "localhost:\(server.port)"
        try await Wire.blocking {
          let wire = try Wire(port: server.port)
          try wire.send(
            "GET /chat?a=1 HTTP/1.1\r\nHost: \(ours)\r\nOrigin: http://\(ours)\r\n\(Self.handshake)\r\n"
          )
          let answer = try wire.readHead()
          #expect(answer.status == 101)
          #expect(answer["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
          #expect(answer["sec-websocket-protocol"] == "chat")
          #expect(answer["upgrade"] == "websocket")
          #expect(answer["connection"]?.lowercased() == "upgrade")
          #expect(try wire.read(5) == Array("first".utf8))
          for count in [1, 7, 255] {
            let message = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            try wire.send([UInt8(count)] + message)
            #expect(try wire.read(count) == message)
          }
        }
        let request = try #require(seen.all.first)
        #expect(request.startLine == "GET /chat?a=1 HTTP/1.1")
        #expect(request["host"] == "127.0.0.1:\(upstream.port)")
        #expect(request["origin"] == "http://127.0.0.1:\(upstream.port)")
        #expect(request["upgrade"] == "websocket")
        #expect(request["connection"] == "Upgrade")
        #expect(request["sec-websocket-key"] == "dGhlIHNhbXBsZSBub25jZQ==")
        #expect(request["x-forwarded-for"] == "127.0.0.1")
      }
    }
  }

  @Test func `Megabytes pass through a tunnel in both directions at once`() async throws {
    let bytes = (0..<8_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) }
    try await ScriptedUpstream.run({ wire in
      _ = try wire.readHead()
      try wire.send(Self.opened)
      var count = 0
      while count < bytes.count {
        let piece = try wire.read(min(50_000, bytes.count - count))
        try wire.send(piece)
        count += piece.count
      }
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        let wire = try await open(server)
        async let sent: Void = Wire.blocking { try wire.send(bytes) }
        let got = try await Wire.blocking { try wire.read(bytes.count) }
        try await sent
        let isEqual = got == bytes
        #expect(isEqual)
      }
    }
  }

  @Test func `When one end of a tunnel goes, so does the other`() async throws {
    let ended = Signal()
    try await ScriptedUpstream.run({ wire in
      let head = try wire.readHead()
      try wire.send(Self.opened)
      if head.startLine.contains("/program") { return }
      _ = try wire.readToEnd()
      ended.set()
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        let first = try await open(server, "/program")
        let rest = try await Wire.blocking { try first.readToEnd() }
        #expect(rest.isEmpty)
        let second = try await open(server, "/browser")
        try await Wire.blocking {
          second.cut()
          try ended.wait()
        }
      }
    }
  }

  @Test func `A program that refuses, or is not there, is a refusal for the browser`() async throws
  {
    try await ScriptedUpstream.run({ wire in
      _ = try wire.readHead()
      try wire.send(answer("401 Unauthorized", "", Array("who".utf8)))
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        let refused = try await server.get("/", headers: Self.handshake)
        #expect(refused.status == 401)
      }
    }
    try await ProxyServer.run(before: try await unusedPort()) { server in
      let away = try await server.get("/", headers: Self.handshake)
      #expect(away.status == 502)
    }
  }

  @Test func `A foreign host gets no tunnel`() async throws {
    try await ScriptedUpstream.run({ _ in }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        let refused = try await server.exchange(
          "GET / HTTP/1.1\r\nHost: evil.example\r\n\(Self.handshake)\r\n")
        #expect(refused.status == 421)
        #expect(upstream.connections == 0)
      }
    }
  }

  @Test func `Tunnels are counted, and their places are given again`() async throws {
    try await ScriptedUpstream.run({ wire in
      _ = try wire.readHead()
      try wire.send(Self.opened)
      _ = try wire.readToEnd()
    }) { upstream in
      try await ProxyServer.run(before: upstream.port, limits: ProxyLimits(tunnels: 1)) { server in
        let first = try await open(server)
        let second = try await server.get("/", headers: Self.handshake)
        #expect(second.status == 503)
        try await Wire.blocking {
          first.endSending()
          _ = try first.readToEnd()
        }
        while server.proxy.pool.openCount > 0 { await Task.yield() }
        _ = try await open(server)
      }
    }
  }

  @Test func `The end of the server ends tunnels`() async throws {
    try await ScriptedUpstream.run({ wire in
      _ = try wire.readHead()
      try wire.send(Self.opened)
      _ = try wire.readToEnd()
    }) { upstream in
      let wire = try await ProxyServer.run(before: upstream.port) { try await open($0) }
      let rest = try await Wire.blocking { try wire.readToEnd() }
      #expect(rest.isEmpty)
    }
  }

  /// A WebSocket through the server.
  private func open(_ server: ProxyServer, _ path: String = "/") async throws -> Wire {
    try await Wire.blocking {
      let wire = try Wire(port: server.port)
      try wire.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(Self.handshake)\r\n")
      let answer = try wire.readHead()
      guard answer.status == 101 else { throw WireFailure(answer.startLine) }
      return wire
    }
  }
}
