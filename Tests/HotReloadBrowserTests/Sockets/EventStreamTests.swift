import HotReloadBrowser
import RawHTTP
import Testing

@Suite("The event streams of live reload", .timeLimit(.minutes(5)))
struct EventStreamTests {
  /// The next event of a chunked response, without comments.
  static func event(_ client: RawClient) throws -> String {
    while true {
      let line = try client.receiveLine()
      if line.hasPrefix("data: ") {
        return String(line.dropFirst(6).filter { $0 != "\r\n" && $0 != "\n" })
      }
    }
  }

  @Test("have the messages of the sockets, and lines without a meaning from time to time")
  func messages() async throws {
    var limits = LiveLimits()
    limits.pingInterval = .milliseconds(50)
    try await LiveServer.run(limits: limits) { server in
      let path = server.socketPath.replacing("/socket", with: "/events")
      let client = try await RawClient.talk(server.port) { client in
        try client.send(
          "GET \(path) HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n\r\n")
        let answer = try client.receiveHead()
        guard answer.status == 200, answer.has("content-type: text/event-stream"),
          answer.has("cache-control: no-store"), !answer.has("access-control")
        else { throw ClientFailure(answer.head) }
        guard try event(client).contains("hello") else { throw ClientFailure("no hello") }
        while try !client.receiveLine().hasPrefix(":") {}
        return client
      }
      try await server.save("greeting = \"two\"\n")
      #expect(try await client.talk { try Self.event($0) }.contains(#""uses":["config:app"]"#))
      try await server.save("greeting = \n")
      #expect(try await client.talk { try Self.event($0) }.contains(#""type":"error""#))
    }
  }

  private func event(_ client: RawClient) throws -> String { try Self.event(client) }

  @Test("give their place back when the client is gone")
  func leaving() async throws {
    var limits = LiveLimits()
    limits.pingInterval = .milliseconds(50)
    try await LiveServer.run(limits: limits) { server in
      let path = server.socketPath.replacing("/socket", with: "/events")
      for _ in 0..<20 {
        _ = try await RawClient.talk(server.port) { client in
          try client.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
          return try client.receiveHead().status
        }
      }
      await eventually { server.live.clientCount == 0 }
      #expect(try await server.isWell())
    }
  }
}
