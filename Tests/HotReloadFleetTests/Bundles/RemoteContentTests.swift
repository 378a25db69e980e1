import HotReload
import HotReloadTesting
import Logging
import NIOHTTP1
import ServiceLifecycle
import Synchronization
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadFleet

private typealias Answer = BundleServer.Answer

/// A program whose content comes from a server.
@Suite(.timeLimit(.minutes(1))) struct RemoteContentTests {
  struct App: Decodable, Sendable { var port: Int }
  struct Unhealthy: Error, CustomStringConvertible { var description = "port 13 is unlucky" }

  private let folder: TemporaryWorkspace

  init() throws {
    folder = try TemporaryWorkspace()
  }

  @Test
  func
    `A program without files runs what its server has, refuses what is not good, and starts with its server away`()
    async throws
  {
    let server = try await BundleServer { _ in Answer() }
    serve(try bundle("port = 1"), on: server)
    var content = try await follow(server)
    var stream = try await content.manager.watchConfigChanges("app", as: App.self)
    #expect(stream.current.port == 1)
    serve(try bundle("port = 2"), on: server)
    guard case .applied = await content.source.poll() else {
      Issue.record("it is not applied")
      return
    }
    #expect(stream.current.port == 2)
    serve(try bundle("port = \"many\""), on: server)
    guard case .refused(let error) = await content.source.poll() else {
      Issue.record("it is not refused")
      return
    }
    #expect(error.message.contains("config/app.toml:1:8"))
    #expect(stream.current.port == 2)
    try await end(content)
    server.answer { _ in Answer(status: 503) }
    content = try await follow(server)
    stream = try await content.manager.watchConfigChanges("app", as: App.self)
    #expect(stream.current.port == 2)
    try await end(content)
  }

  @Test func `Without files, a kept bundle and a server there is nothing to start with`()
    async throws
  {
    let server = try await BundleServer { _ in Answer(status: 503) }
    let error = await #expect(throws: BundleError.self) {
      try await follow(server, limit: .zero)
    }
    #expect(error?.code == .unavailable)
    #expect(error?.message.contains("nothing to start with") == true)
    #expect(server.requests.count == 1)
    // Nothing is left that would keep another start from succeeding.
    serve(try bundle("port = 1"), on: server)
    try await end(try await follow(server))
  }

  @Test func `A first bundle is waited for`() async throws {
    let body = try bundle("port = 1").encoded()
    let failures = Mutex(3)
    let server = try await BundleServer { _ in
      let fails = failures.withLock { left in
        left -= 1
        return left >= 0
      }
      return fails ? Answer(status: 503) : Answer(body: body)
    }
    let content = try await follow(server)
    let stream = try await content.manager.watchConfigChanges("app", as: App.self)
    #expect(stream.current.port == 1)
    #expect(server.requests.count == 4)
    try await end(content)
  }

  @Test
  func `The workspace's own files are in force until there is a bundle, and are held from then on`()
    async throws
  {
    try folder.write("config/app.toml", "port = 7")
    let server = try await BundleServer { _ in Answer(status: 503) }
    let content = try await follow(server)
    let stream = try await content.manager.watchConfigChanges("app", as: App.self)
    #expect(stream.current.port == 7)
    serve(try bundle("port = 1"), on: server)
    guard case .applied = await content.source.poll() else {
      Issue.record("it is not applied")
      return
    }
    try folder.write("config/app.toml", "port = 8")
    try await content.manager.sync()
    #expect(stream.current.port == 1)
    try await end(content)
  }

  @Test func `A bundle that is not healthy goes, and what was in force before is so again`()
    async throws
  {
    let asked = Mutex<[Int]>([])
    var configuration = HotReloadConfiguration()
    configuration.bake = .milliseconds(20)
    configuration.healthCheckInterval = .milliseconds(5)
    configuration.healthCheck = { snapshot in
      guard case .integer(let number)? = snapshot.config("app")?["port"]?.value else { return }
      let port = Int(number)
      let count = asked.withLock { asked in
        asked.append(port)
        return asked.count { $0 == port }
      }
      // Not at once.
      if port == 13, count == 3 { throw Unhealthy() }
    }
    let server = try await BundleServer { _ in Answer() }
    serve(try bundle("port = 1"), on: server)
    let content = try await follow(server, configuration)
    let stream = try await content.manager.watchConfigChanges("app", as: App.self)
    let good = content.status.current
    serve(try bundle("port = 13"), on: server)
    guard case .refused(let error) = await content.source.poll() else {
      Issue.record("it is not refused")
      return
    }
    #expect(error.message.contains("port 13 is unlucky"))
    #expect(asked.withLock { $0.count { $0 == 13 } } == 3)
    #expect(stream.current.port == 1)
    #expect(content.status.current == good)
    #expect(try await RemoteBundleSource.lastGood(in: place)?.digest == good)
    try await end(content)
  }

  @Test func `While the manager is paused a bundle waits`() async throws {
    let server = try await BundleServer { _ in Answer() }
    serve(try bundle("port = 1"), on: server)
    let content = try await follow(server)
    content.manager.pause()
    serve(try bundle("port = 2"), on: server)
    guard case .failed = await content.source.poll() else {
      Issue.record("it does not wait")
      return
    }
    content.manager.resume()
    guard case .applied = await content.source.poll() else {
      Issue.record("it is not applied")
      return
    }
    try await end(content)
  }

  @Test func `Two processes of one name keep their bundles apart`() throws {
    let workspace = try folder.workspace()
    let first = try RemotePlace.claim("web", in: workspace)
    let second = try RemotePlace.claim("web", in: workspace)
    #expect(first.folders.root == folder.root.pushing("data/hotreload/web/remote"))
    #expect(second.folders.root == folder.root.pushing("data/hotreload/web-2/remote"))
  }

  private var place: BundleFolders {
    BundleFolders(at: folder.root.pushing("data/hotreload/default/remote"))
  }

  private func follow(
    _ server: BundleServer, _ configuration: HotReloadConfiguration = HotReloadConfiguration(),
    limit: Duration = .seconds(30)
  ) async throws -> RemoteContent {
    var configuration = configuration
    configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    return try await folder.workspace().followContent(
      from: server.url(), options: RemoteBundleOptions(firstDelay: .milliseconds(10)),
      configuration: configuration, firstContentLimit: limit)
  }

  /// Runs it as a program does, to its end.
  private func end(_ content: RemoteContent) async throws {
    let running = Task { try await content.run() }
    running.cancel()
    try await running.value
  }

  private func bundle(_ text: String) throws -> ContentBundle {
    try BundleChecks.bundle(["config/app.toml": text])
  }

  private func serve(_ bundle: ContentBundle, on server: BundleServer) {
    let body = bundle.encoded()
    server.answer { _ in Answer(headers: ["ETag": "\"\(bundle.digest)\""], body: body) }
  }
}
