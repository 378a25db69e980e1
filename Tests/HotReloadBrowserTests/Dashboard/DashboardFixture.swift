import HTTPTypes
import HotReload
import HotReloadTesting
import Hummingbird
import Logging
import NIOCore
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadBrowser

/// A workspace with a manager and a dashboard that runs.
struct DashboardFixture {
  let folder: TemporaryWorkspace
  let source: ScriptedChangeSource
  let manager: HotReloadManager
  let dashboard: Dashboard
  let live: LiveReload
  private let running: Task<Void, any Error>

  init(
    _ files: [FilePath: String] = ["config/app.toml": "port = 80\n"],
    sources: Dashboard.Sources = Dashboard.Sources(), clock: ManualClock? = nil
  ) async throws {
    folder = try TemporaryWorkspace()
    for (path, text) in files { try folder.write(path, text) }
    let workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
    source = ScriptedChangeSource()
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    manager = try await workspace.startHotReload(
      configuration: HotReloadConfiguration(quietPeriod: .zero, logger: logger),
      changes: source.factory)
    let dashboard: Dashboard
    if let clock {
      dashboard = Self.dashboard(manager, clock)
    } else {
      dashboard = Dashboard(manager, sources: sources)
    }
    self.dashboard = dashboard
    live = LiveReload(manager: manager, options: LiveReloadOptions(logger: logger))
    live.add(dashboard)
    running = Task { try await dashboard.run() }
  }

  /// One whose time stands still at the present until the clock is told to go on.
  private static func dashboard(_ manager: HotReloadManager, _ clock: ManualClock) -> Dashboard {
    let start = nanosecondsSince1970()
    return Dashboard(
      manager, sources: Dashboard.Sources(), timer: RequestTimer(), redacting: .default,
      clock: clock, now: { start + clock.now.offset.components.seconds * 1_000_000_000 })
  }

  /// Saves a file and returns when the dashboard has taken in what came of it.
  func save(_ text: String, to path: FilePath = "config/app.toml") async throws {
    let news = try #require(dashboard.news.listen())
    try folder.replace(path, text)
    source.deliver(modified: path)
    try await manager.sync()
    for await word in news where word != .stillHere { return }
  }

  /// Asks as a program on this machine does.
  func ask(
    _ path: String, _ method: HTTPRequest.Method = .get, _ fields: HTTPFields = [:]
  ) async throws -> Response {
    let head = HTTPRequest(
      method: method, scheme: "http", authority: "localhost:80", path: path, headerFields: fields)
    return try #require(
      await live.respond(to: Request(head: head, body: RequestBody(buffer: ByteBuffer()))))
  }

  /// The same as one of our pages does, which has the token.
  func post(_ path: String) async throws -> Response {
    try await ask(
      path, .post,
      [.hotReloadToken: live.token.text, .origin: "http://localhost:80"])
  }

  func text(_ path: String) async throws -> String { try await ask(path).text() }

  func decoded<T: Decodable & Sendable>(_ path: String, as type: T.Type = T.self) async throws -> T
  {
    try ConfigFormat.json.parse(Array(try await text(path).utf8), file: path).decode(T.self)
  }

  var eventsPath: String { "\(DashboardPath.events)?token=\(live.token.text)" }

  func end() async throws {
    try await manager.shutdown()
    try await running.value
  }
}

extension Response {
  /// The whole body.
  func text() async throws -> String {
    let sink = TextSink()
    try await body.write(sink)
    return sink.text
  }
}

/// Takes a body as it is written.
private final class TextSink: ResponseBodyWriter {
  private(set) var text = ""

  func write(_ buffer: ByteBuffer) async throws { text += String(buffer: buffer) }
  func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
