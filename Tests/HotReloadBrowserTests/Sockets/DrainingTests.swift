import HotReload
import HotReloadBrowser
import HotReloadServer
import HotReloadTesting
import Hummingbird
import RawHTTP
import Testing
import WorkspaceTools

@Suite("Live reload on a server whose port changes", .timeLimit(.minutes(5)))
struct DrainingTests {
  struct Port: Decodable, Sendable { var port: Int }
  typealias Service = ReconfigurableService<Port, ListeningApplication<Application<LiveResponder>>>

  @Test("the old listener answers what it was asked, closes its sockets, and ends")
  func moves() async throws {
    let folder = try TemporaryWorkspace()
    let manager = try await LiveServer.manager(folder)
    let live = LiveReload(manager: manager, options: LiveReloadOptions(logger: .silent))
    let service = Service(
      config: "server", as: Port.self,
      limits: ServiceLimits(
        readiness: .seconds(300), drain: .seconds(300), cancellation: .seconds(60)),
      connectionLimits: .init(idleWhenReplaced: .milliseconds(300), linger: .milliseconds(200)),
      logger: .silent, listeningOn: { .hostname("127.0.0.1", port: $0.port) }
    ) { _, address, connections in
      Application(
        responder: LiveServer.responder(live), server: .http1(live: live, draining: connections),
        configuration: ApplicationConfiguration(address: address), logger: .silent)
    }
    let driven = try DrivenParticipant(service, config: "server")
    let first = try await driven.apply("port = 0")
    let old = try #require(first.service.localAddress?.port)
    let path = "/_hotreload/socket?token=\(live.token.text)"
    let socket = try await RawClient.talk(old) { client in
      try client.upgrade(path)
      _ = try client.receiveText()
      return client
    }
    let kept = try await RawClient.talk(old) { client in
      _ = try client.request()
      return client
    }
    let silent = try await RawClient.talk(old) { $0 }
    // Any other free port: the participant needs only another number.
    await driven.activate(try await driven.prepare("port = \(try Self.freePort())"))
    let last = try await kept.talk { try $0.request() }
    #expect(last.body == "hello")
    #expect(last.has("connection: close"))
    async let retired: Void = driven.participant.retire(first)
    #expect(try await socket.talk { try $0.receiveClose() } == 1001)
    await retired
    #expect(first.service.connections.count == 0)
    let new = try #require(driven.current?.service.localAddress?.port)
    #expect(try await RawClient.talk(new) { try $0.upgrade(path).status } == 101)
    #expect(try await silent.talk { try $0.isClosed() })
    await driven.end()
    try await manager.shutdown()
  }

  /// A port that nothing listened on a moment ago.
  static func freePort() throws -> Int {
    for port in 30_000...30_999 where (try? RawClient(port)) == nil { return port }
    throw ClientFailure("no free port")
  }
}
