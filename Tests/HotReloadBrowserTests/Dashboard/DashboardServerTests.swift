import Glibc
import Hummingbird
import Logging
import ServiceLifecycle
import Testing
import WorkspaceFiles

@testable import HotReloadBrowser

@Suite("The dashboard in a server", .timeLimit(.minutes(5)))
struct DashboardServerTests {
  /// One connection over a blocking socket, on a thread of its own pool.
  private final class Connection: Sendable {
    private static let executor = BlockingExecutor(threads: 4)
    private static let limitSeconds = 20
    private let descriptor: CInt

    init(port: Int) throws {
      descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
      var limit = timeval(tv_sec: Self.limitSeconds, tv_usec: 0)
      setsockopt(
        descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = UInt16(port).bigEndian
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      try #require(result == 0, "connect: errno \(errno)")
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws {
      let bytes = Array(text.utf8)
      let sent = Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
      try #require(sent == bytes.count)
    }

    /// What comes until a text is in it, or until the server closes.
    func receive(until end: String? = nil) async throws -> String {
      try await Self.executor.run {
        var all = ""
        while true {
          var chunk = [UInt8](repeating: 0, count: 65_536)
          let count = recv(self.descriptor, &chunk, chunk.count, 0)
          try #require(count >= 0, "recv: errno \(errno)")
          if count == 0 { return all }
          all += String(decoding: chunk[..<count], as: UTF8.self)
          if let end, all.contains(end) { return all }
        }
      }
    }

    static func answer(_ port: Int, _ head: String) async throws -> String {
      let connection = try Connection(port: port)
      try connection.send("\(head)\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      return try await connection.receive()
    }
  }

  private struct Broken: Error {}

  private struct LiveFirst: RouterMiddleware {
    let live: LiveReload

    func handle(
      _ request: Request, context: BasicRequestContext,
      next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
      if let response = await live.respond(to: request) { return response }
      return try await next(request, context)
    }
  }

  private func serving(
    _ fixture: DashboardFixture, _ body: (Int) async throws -> Void
  ) async throws {
    let router = Router(context: BasicRequestContext.self)
    router.add(middleware: RequestTimerMiddleware(fixture.dashboard.timer))
    router.add(middleware: LiveFirst(live: fixture.live))
    router.get("/") { _, _ in "hello" }
    router.get("/missing") { _, _ -> String in throw HTTPError(.notFound) }
    router.get("/broken") { _, _ -> String in throw Broken() }
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let application = Application(
      router: router, server: .http1(live: fixture.live),
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: logger)
    let group = ServiceGroup(services: [application], logger: logger)
    let running = Task { try await group.run() }
    var iterator = ports.makeAsyncIterator()
    try await body(try #require(await iterator.next()))
    await group.triggerGracefulShutdown()
    try await running.value
  }

  @Test("tells a page of a reload as a server-sent event, and ends the answer when it ends itself")
  func events() async throws {
    let fixture = try await DashboardFixture()
    try await serving(fixture) { port in
      let page = try Connection(port: port)
      try page.send("GET \(fixture.eventsPath) HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(try await page.receive(until: "retry: 1000").contains("text/event-stream"))
      try await fixture.save("port = 81\n")
      let event = try await page.receive(until: "data: 2\n\n")
      #expect(event.contains("event: changed\ndata: 2\n\n"))
      try await fixture.end()
      #expect(try await page.receive(until: "0\r\n\r\n").hasSuffix("0\r\n\r\n"))
    }
  }

  @Test("ends the answer of a page that listens when the server ends")
  func end() async throws {
    let fixture = try await DashboardFixture()
    let (pages, page) = AsyncStream.makeStream(of: Connection.self)
    try await serving(fixture) { port in
      let connection = try Connection(port: port)
      try connection.send("GET \(fixture.eventsPath) HTTP/1.1\r\nHost: localhost\r\n\r\n")
      _ = try await connection.receive(until: "retry: 1000")
      page.yield(connection)
    }
    // The server has ended, although the dashboard still runs.
    var iterator = pages.makeAsyncIterator()
    #expect(try await iterator.next()?.receive().hasSuffix("0\r\n\r\n") == true)
    #expect(fixture.dashboard.news.listenerCount == 0)
    try await fixture.end()
  }

  @Test("times the site's requests and not its own, and tells failures from answers")
  func timing() async throws {
    let fixture = try await DashboardFixture()
    try await serving(fixture) { port in
      for path in ["/", "/missing", "/broken", "/_hotreload/", "/_hotreload/status.json"] {
        _ = try await Connection.answer(port, "GET \(path) HTTP/1.1")
      }
      let requests = try #require(await fixture.dashboard.document().requests)
      #expect(requests.summary.count == 3 && requests.summary.errors == 1)
    }
    try await fixture.end()
  }
}
