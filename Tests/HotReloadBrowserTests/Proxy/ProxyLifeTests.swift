import Synchronization
import Testing

@testable import HotReloadBrowser

@Suite struct ProxyLifeTests {
  @Test(
    "What is proxied to is a server on this machine",
    arguments: [
      ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
      ("localhost:3000/", "http://localhost:3000"),
      ("HTTP://[::1]:8080", "http://[::1]:8080"), ("http://app.localhost", "http://app.localhost"),
    ])
  func upstreams(_ text: String, _ expected: String) throws {
    #expect(try ProxyUpstream(text).description == expected)
  }

  @Test(
    "Whatever else it is, is an error that says what to write",
    arguments: [
      "", "http://", "https://localhost:1", "http://example.com", "http://192.168.1.2:80",
      "localhost:0",
      "localhost:70000", "http://localhost:1/path", "http://user@localhost:1",
      "http://local host:1", "[::1",
    ])
  func badUpstreams(_ text: String) {
    let error = #expect(throws: ProxyUpstreamError.self) { try ProxyUpstream(text) }
    #expect(error?.description.hasPrefix("cannot proxy to '\(text)': ") == true)
  }

  @Test func `Another machine may be named by who asks for it`() throws {
    #expect(
      try ProxyUpstream("http://example.com:81", allowsOtherHosts: true).authority
        == "example.com:81")
  }

  @Test func `While nothing listens a page says so, and pages load again when something does`()
    async throws
  {
    let returned = Signal()
    let port = try await unusedPort()
    try await ProxyServer.run(before: port, onReturn: { returned.set() }) { server in
      let page = try await server.get("/", headers: "Sec-Fetch-Dest: document\r\n")
      #expect(page.status == 502)
      #expect(
        page.text.contains("http://127.0.0.1:\(port) cannot be reached: nothing listens there."))
      #expect(page.text.contains(server.element()))
      #expect(page["content-security-policy"]?.contains("script-src 'self'") == true)
      // What a script fetches is told the same, without the client.
      let data = try await server.get("/", headers: "Sec-Fetch-Dest: empty\r\n")
      #expect(data.status == 502)
      #expect(!data.text.contains("data-hotreload"))
      try await ScriptedUpstream.answering(port: port, { _ in answer("200 OK", "", [65]) }) { _ in
        try await Wire.blocking { try returned.wait() }
        let page = try await server.get("/")
        #expect(page.text == "A")
      }
    }
  }

  @Test func `A request waits for a build, and gets what the new program says`() async throws {
    let build = BuildMonitor(.building(since: .now))
    try await ScriptedUpstream.answering({ _ in answer("200 OK", "", Array("new".utf8)) }) {
      upstream in
      try await ProxyServer.run(before: upstream.port, makeBuild: { _ in build }) { server in
        async let page = server.get("/")
        // The program gets nothing before the build has ended.
        await build.untilSomebodyWaits()
        #expect(upstream.connections == 0)
        build.update(.idle)
        let text = try await page.text
        #expect(text == "new")
      }
    }
  }

  @Test func `A request that waited too long for a build is told so`() async throws {
    let build = BuildMonitor(.building(since: .now))
    try await ScriptedUpstream.answering({ _ in answer() }) { upstream in
      try await ProxyServer.run(
        before: upstream.port, limits: ProxyLimits(build: .milliseconds(20)),
        makeBuild: { _ in build }
      ) { server in
        let page = try await server.get("/")
        #expect(page.status == 503)
        #expect(page["retry-after"] == "1")
        #expect(page.text.contains("still being built"))
        #expect(page.text.contains("data-hotreload"))
      }
    }
  }

  @Test
  func
    `After a failed build the old program answers; if there is none, what the compiler said is shown as text`()
    async throws
  {
    let build = BuildMonitor(.failed(output: "main.swift:1: error: <img src=x onerror=alert(1)>"))
    try await ScriptedUpstream.answering({ _ in answer("200 OK", "", Array("old".utf8)) }) {
      upstream in
      try await ProxyServer.run(before: upstream.port, makeBuild: { _ in build }) { server in
        let page = try await server.get("/")
        #expect(page.text == "old")
      }
    }
    try await ProxyServer.run(before: try await unusedPort(), makeBuild: { _ in build }) { server in
      let page = try await server.get("/")
      #expect(page.status == 502)
      #expect(page.text.contains("error: &lt;img src=x onerror=alert(1)&gt;"))
      #expect(!page.text.contains("<img"))
    }
  }

  @Test func `A program that is being started is waited for`() async throws {
    let port = try await unusedPort()
    try await ProxyServer.run(before: port, makeBuild: { _ in BuildMonitor() }) { server in
      let page = Task { try await server.get("/") }
      try await ScriptedUpstream.answering(port: port, { _ in answer("200 OK", "", [65]) }) { _ in
        let text = try await page.value.text
        #expect(text == "A")
      }
    }
  }

  @Test func `A monitor tells each state once, and takes them from a sequence`() async {
    let told = Mutex<[BuildState]>([])
    let monitor = BuildMonitor { state in told.withLock { $0.append(state) } }
    let states = AsyncStream<BuildState> { continuation in
      for state in [BuildState.idle, .failed(output: "a"), .failed(output: "a"), .idle] {
        continuation.yield(state)
      }
      continuation.finish()
    }
    await monitor.follow(states)
    #expect(told.withLock { $0 } == [.failed(output: "a"), .idle])
    #expect(monitor.state == .idle)
  }

  @Test func `Pages are told of builds and of the program's return`() async throws {
    let made = Mutex<BuildMonitor?>(nil)
    try await ProxyServer.run(
      before: try await unusedPort(),
      makeBuild: { live in
        let monitor = BuildMonitor(announcingTo: live)
        made.withLock { $0 = monitor }
        return monitor
      }
    ) { server in
      let monitor = try #require(made.withLock { $0 })
      let told = try await Wire.blocking {
        let wire = try Wire(port: server.port)
        let token = server.live.token.text
        try wire.send(
          "GET /_hotreload/events?token=\(token) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        _ = try wire.read(through: "\"hello\"")
        monitor.update(.building(since: .now))
        monitor.update(.failed(output: "no"))
        monitor.update(.idle)
        server.live.announceReturn()
        return try wire.read(through: "\"all\":true")
      }
      let building = try #require(told.firstRange(of: "\"building\""))
      let failed = try #require(told.firstRange(of: "\"no\""))
      #expect(building.lowerBound < failed.lowerBound)
    }
  }

  @Test func `Connections to the program are used again, and no descriptor is lost`() async throws {
    try await ScriptedUpstream.answering({ _ in
      answer("200 OK", "Content-Type: text/html\r\n", Array("<p>".utf8))
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        try await Wire.blocking {
          let wire = try Wire(port: server.port)
          for _ in 0..<500 {
            try wire.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try wire.readMessage().text.hasSuffix("<p>"))
          }
        }
        #expect(upstream.connections < 10)
        #expect(server.proxy.pool.openCount <= server.proxy.limits.idleConnections)
      }
    }
  }

  @Test
  func
    `A connection that went stale is replaced without the browser's knowledge; a form never goes on one`()
    async throws
  {
    let seen = Seen()
    try await ScriptedUpstream.run({ wire in
      // Each connection serves one request, and says nothing of that.
      seen.note(try wire.readMessage())
      try wire.send(answer("200 OK", "", [65]))
    }) { upstream in
      try await ProxyServer.run(before: upstream.port) { server in
        for _ in 0..<20 {
          let page = try await server.get("/")
          #expect(page.text == "A")
          let form = try await server.exchange(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx")
          #expect(form.text == "A")
        }
        #expect(seen.all.count == 40)
      }
    }
  }

  @Test func `More requests at once than may be are told so`() async throws {
    let arrived = Signal()
    let go = Signal()
    try await ScriptedUpstream.run({ wire in
      _ = try wire.readMessage()
      arrived.set()
      try go.wait()
      try wire.send(answer("200 OK", "", [65]))
    }) { upstream in
      try await ProxyServer.run(before: upstream.port, limits: ProxyLimits(connections: 1)) {
        server in
        async let first = server.get("/")
        try await Wire.blocking { try arrived.wait() }
        let second = try await server.get("/")
        #expect(second.status == 503)
        #expect(second.text.contains("Too many requests"))
        go.set()
        let text = try await first.text
        #expect(text == "A")
      }
    }
  }

  @Test func `The end of the server ends streams and silent requests`() async throws {
    let arrived = Signal()
    try await ScriptedUpstream.run({ wire in
      let request = try wire.readMessage()
      if request.startLine.hasPrefix("GET /stream") {
        try wire.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
      }
      arrived.set()
      _ = try wire.readToEnd()
    }) { upstream in
      let wires = try await ProxyServer.run(
        before: upstream.port, limits: ProxyLimits(drain: .milliseconds(50))
      ) { server in
        try await Wire.blocking {
          try ["/stream", "/silent"].map { path in
            let wire = try Wire(port: server.port)
            try wire.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try arrived.wait()
            return wire
          }
        }
      }
      // The server has ended: `run` returned.
      let ends = try await Wire.blocking {
        try wires.map { String(decoding: try $0.readToEnd(), as: UTF8.self) }
      }
      #expect(ends[0].hasPrefix("HTTP/1.1 200"))
      #expect(!ends[0].hasSuffix("0\r\n\r\n"))
      #expect(ends[1].isEmpty || ends[1].hasPrefix("HTTP/1.1 50"))
    }
  }
}

extension BuildMonitor {
  /// Returns when a request waits for the build.
  fileprivate func untilSomebodyWaits() async {
    while waiterCount == 0 { await Task.yield() }
  }
}
