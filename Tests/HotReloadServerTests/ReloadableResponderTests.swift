import HotReload
import HotReloadServer
import HotReloadTesting
import Hummingbird
import Logging
import ServiceLifecycle
import Testing

@Suite("A reloadable responder", .timeLimit(.minutes(5)))
struct ReloadableResponderTests {
  typealias Responder = CallbackResponder<BasicRequestContext>

  static func saying(_ text: String, after gate: Gate? = nil) -> Responder {
    Responder { request, _ in
      if request.uri.path == "/gated" { await gate?.pass() }
      return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
  }

  /// Runs an ordinary application with the responder, and a body with its port.
  private func serving(
    _ responder: ReloadableResponder<Responder>,
    _ body: (Int) async throws -> Void
  ) async throws {
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
      responder: responder,
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: .silent)
    let group = ServiceGroup(services: [application], logger: .silent)
    let running = Task { try await group.run() }
    var iterator = ports.makeAsyncIterator()
    try await body(try #require(await iterator.next()))
    await group.triggerGracefulShutdown()
    try await running.value
  }

  @Test(
    "answers on the same connection with another responder, and a request keeps the one it began with"
  )
  func replacing() async throws {
    let gate = Gate()
    let responder = ReloadableResponder(Self.saying("old", after: gate))
    try await serving(responder) { port in
      let kept = try await Client.open(port)
      let busy = try await Client.open(port)
      #expect(try await kept.request().body == "old")
      try busy.send("GET /gated HTTP/1.1\r\nHost: t\r\n\r\n")
      await gate.waitForArrival()
      responder.replace(with: Self.saying("new"))
      #expect(try await kept.request() == Answer(status: 200, body: "new", saysClose: false))
      gate.open()
      #expect(try await busy.receive().body == "old")
      #expect(try await busy.request().body == "new")
    }
  }

  @Test("answers with a participant's product, and stays with the old one when a config is refused")
  func participant() async throws {
    struct Refused: Error {}
    let driven = try DrivenParticipant(
      ResponderParticipant(config: "server", as: ServerConfig.self) { config in
        guard let greeting = config.greeting else { throw Refused() }
        return Self.saying(greeting)
      }, config: "server")
    try await driven.apply("port = 0\ngreeting = \"one\"")
    let fallback = Self.saying("none")
    try await serving(ReloadableResponder { driven.current ?? fallback }) { port in
      let kept = try await Client.open(port)
      #expect(try await kept.request().body == "one")
      try await driven.apply("port = 0\ngreeting = \"two\"")
      #expect(try await kept.request().body == "two")
      await #expect(throws: Refused.self) { try await driven.apply("port = 0") }
      #expect(try await kept.request() == Answer(status: 200, body: "two", saysClose: false))
    }
    await driven.end()
  }
}
