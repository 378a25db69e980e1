import HotReload
import HotReloadContent
import HotReloadTesting
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import Testing
import WorkspaceTools

@testable import HotReloadBrowser

@Suite struct LiveReloadMiddlewareTests {
  @Test func `Pages say what they were made from, and everything of live reload is answered`()
    async throws
  {
    try await run { router in
      router.get("/used") { _, _ in
        RenderUsage.current?.note(.template("templates/a.mustache"))
        return HTML("<head>")
      }
      router.get("/unknown") { _, _ in HTML("<head>") }
      router.get("/data") { _, _ in "<head>" }
    } while: { port, live in
      let used = try await get(port, "/used")
      #expect(used.text == "<head>" + element(live, uses: [.template("templates/a.mustache")]))
      #expect(used["cache-control"] == "no-cache")
      let unknown = try await get(port, "/unknown")
      #expect(unknown.text == "<head>" + element(live))
      let fragment = try await get(port, "/used", "HX-Request: true\r\n")
      #expect(fragment.text == "<head>")
      let data = try await get(port, "/data")
      #expect(data.text == "<head>")
      let script = try await get(port, PageScript.path)
      #expect(script["content-type"] == "text/javascript; charset=utf-8")
      let ping = try await get(port, "/_hotreload/ping?token=\(live.token.text)")
      #expect(ping.status == 204)
    }
  }

  @Test func `Requests that name a foreign host reach nothing`() async throws {
    let calls = Atomic(0)
    try await run { router in
      router.get("/") { _, _ in
        calls.add(1, ordering: .relaxed)
        return HTML("<head>")
      }
    } while: { port, _ in
      let refused = try await Wire.blocking {
        let wire = try Wire(port: port)
        try wire.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        return try wire.readMessage()
      }
      #expect(refused.status == 421)
      #expect(!refused.text.contains("data-hotreload"))
      #expect(calls.load(ordering: .relaxed) == 0)
    }
  }

  @Test func `A page that is written in pieces arrives in pieces`() async throws {
    let (gates, gate) = AsyncStream<Never>.makeStream()
    try await run { router in
      router.get("/") { _, _ in
        let body = ResponseBody { writer in
          try await writer.write(ByteBuffer(string: "<head><p>one\n"))
          for await _ in gates {}
          try await writer.write(ByteBuffer(string: "two\n"))
          try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "text/html"], body: body)
      }
    } while: { port, live in
      let rest = try await Wire.blocking {
        let wire = try Wire(port: port)
        try wire.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let start = try wire.read(through: "one\n")
        #expect(start.contains(element(live)))
        gate.finish()
        return try wire.read(through: "\r\n0\r\n\r\n")
      }
      #expect(rest.contains("two\n"))
    }
  }

  // MARK: The server

  private struct HTML: ResponseGenerator {
    let text: String

    init(_ text: String) { self.text = text }

    func response(from request: Request, context: some RequestContext) -> Response {
      Response(
        status: .ok, headers: [.contentType: "text/html; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
  }

  private func element(_ live: LiveReload, uses: Set<RenderUsage.Source> = []) -> String {
    let generation = live.manager.snapshot().generation
    return PageScript(token: live.token.text, generation: generation, uses: uses).html
  }

  private func get(_ port: Int, _ path: String, _ headers: String = "") async throws -> HTTPMessage
  {
    try await Wire.blocking {
      let wire = try Wire(port: port)
      try wire.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n")
      return try wire.readMessage()
    }
  }

  /// Runs an application with the one line in it.
  private func run(
    _ routes: (Router<BasicRequestContext>) -> Void,
    while body: (Int, LiveReload) async throws -> Void
  ) async throws {
    let folder = try TemporaryWorkspace()
    let workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "development", variables: [:]))
    let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let manager = try await workspace.startHotReload(
      configuration: HotReloadConfiguration(quietPeriod: .zero, logger: quiet))
    let live = LiveReload(manager: manager)
    let router = Router()
    router.add(middleware: LiveReloadMiddleware(live))
    routes(router)
    let (ports, port) = AsyncStream<Int>.makeStream()
    let application = Application(
      router: router, server: .http1(live: live),
      configuration: .init(address: .hostname("127.0.0.1", port: 0)), services: [live],
      onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: quiet)
    let group = ServiceGroup(
      configuration: .init(services: [.init(service: application)], logger: quiet))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        defer { port.finish() }
        try await group.run()
      }
      var iterator = ports.makeAsyncIterator()
      let number = try #require(await iterator.next())
      let result = await Result { try await body(number, live) }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
      try result.get()
    }
    try await manager.shutdown()
  }
}

extension Result where Failure == any Error {
  /// What the body returns or throws.
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
