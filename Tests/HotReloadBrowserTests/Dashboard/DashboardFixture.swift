import HotReload
import HotReloadTesting
import Logging
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
  let endpoints: DashboardEndpoints
  private let running: Task<Void, any Error>

  init(
    _ files: [FilePath: String] = ["config/app.toml": "port = 80\n"],
    sources: Dashboard.Sources = Dashboard.Sources()
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
    let dashboard = Dashboard(manager, sources: sources)
    self.dashboard = dashboard
    endpoints = DashboardEndpoints(dashboard: dashboard, token: "to\"ken")
    running = Task { try await dashboard.run() }
  }

  /// Saves a file and returns when the dashboard has taken in what came of it.
  func save(_ text: String, to path: FilePath = "config/app.toml") async throws {
    let news = try #require(dashboard.news.listen())
    try folder.replace(path, text)
    source.deliver(modified: path)
    try await manager.sync()
    for await word in news where word != .stillHere { return }
  }

  func get(_ path: String, query: String = "", tag: String? = nil) async throws -> DashboardAnswer {
    try #require(
      await endpoints.answer(
        DashboardEndpoints.Request("GET", path, query: query, knownTag: tag)))
  }

  func end() async throws {
    try await manager.shutdown()
    try await running.value
  }
}

extension DashboardAnswer {
  var text: String {
    if case .bytes(let bytes) = body { String(decoding: bytes, as: UTF8.self) } else { "" }
  }

  func decoded<T: Decodable & Sendable>(as type: T.Type = T.self) throws -> T {
    try ConfigFormat.json.parse(Array(text.utf8), file: "answer").decode(T.self)
  }
}
