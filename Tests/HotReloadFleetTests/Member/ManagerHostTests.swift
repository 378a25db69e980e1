import HotReload
import HotReloadFleetTesting
import HotReloadTesting
import Logging
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadFleet

/// A process's content, as its fleet has it changed.
@Suite(.timeLimit(.minutes(1))) struct ManagerHostTests {
  private struct App: Decodable, Sendable { var port: Int }
  private struct BadKey: Error, CustomStringConvertible { var description = "it is no key" }

  private static let keys = FleetKeys(prefix: "shop")
  private static let key: FilePath = "secret/tls.key"

  private let folder: TemporaryWorkspace
  private let store = InMemoryStore()
  private let host: ManagerHost
  private let app: ConfigStream<App>

  init() async throws {
    folder = try TemporaryWorkspace()
    try folder.write("config/app.toml", "port = 1")
    try folder.write(Self.key, "good")
    let workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "test", variables: [:]))
    let manager = try await workspace.startHotReload(
      configuration: HotReloadConfiguration(
        quietPeriod: .zero, atomicGroups: .all, contentMode: .managed(initial: nil),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    let place = try InstanceFolder.claim("web-1", in: workspace)
    host = ManagerHost(
      manager: manager, store: store, keys: Self.keys, folders: BundleFolders(at: place.bundles),
      folder: place, options: FleetOptions())
    app = try await manager.watchConfigChanges("app", as: App.self)
  }

  private func publish(_ text: String, as number: UInt64) async throws -> Release {
    let bundle = try AgentFleet.bundle(text)
    try await store.publish(bundle, under: Self.keys)
    return Release(number: number, content: bundle.digest)
  }

  @Test func `A release is validated, applied and taken back`() async throws {
    let good = try await publish("port = 2", as: 1)
    #expect(await host.validate(good) == nil && app.current.port == 1)
    #expect(await host.apply(good) == nil && app.current.port == 2)
    let bad = try await publish("port = \"many\"", as: 2)
    #expect(await host.validate(bad)?.contains("config/app.toml:1:8") == true)
    #expect(await host.apply(bad)?.contains("config/app.toml:1:8") == true)
    #expect(app.current.port == 2)
    await host.revert(to: nil)
    #expect(app.current.port == 1)
    try await host.manager.shutdown()
  }

  @Test func `A bad file group of the machine's own is no reason to refuse a release`()
    async throws
  {
    let files = try await host.manager.watchFiles("tls", [Self.key]) { files -> String in
      let text = String(decoding: files[Self.key] ?? [], as: UTF8.self)
      if text == "bad" { throw BadKey() }
      return text
    }
    try folder.replace(Self.key, "bad")
    try await host.manager.sync()
    let release = try await publish("port = 2", as: 1)
    #expect(await host.validate(release) == nil)
    #expect(await host.apply(release) == nil && app.current.port == 2)
    await host.revert(to: nil)
    #expect(app.current.port == 1 && files.current == "good")
    try await host.manager.shutdown()
  }
}
