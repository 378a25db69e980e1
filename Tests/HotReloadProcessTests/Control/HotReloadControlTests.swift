import HotReload
import HotReloadTesting
import Logging
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadProcess

@Suite("Control of a hot reload manager")
struct HotReloadControlTests {
  private let folder: TemporaryWorkspace

  init() throws {
    folder = try TemporaryWorkspace()
    try folder.write("config/app.toml", "port = 80\n")
  }

  private func start() async throws -> HotReloadManager {
    let environment = try WorkspaceEnvironment(name: "development", variables: [:])
    let workspace = try Workspace(root: folder.root, environment: environment)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    return try await workspace.startHotReload(
      configuration: HotReloadConfiguration(quietPeriod: .zero, logger: logger))
  }

  private func client(_ control: HotReloadControl) throws -> ControlClient {
    ControlClient(folder: try #require(control.folder))
  }

  private func instance(_ client: ControlClient) async throws -> ControlInstance {
    guard case .status(let status) = try await client.ask(.status) else {
      throw ControlError(code: .malformed, message: "no status")
    }
    return status.instance
  }

  private func status(_ client: ControlClient, showSecrets: Bool = false) async throws
    -> HotReloadStatus.Document
  {
    guard case .status(let status) = try await client.ask(.status, showSecrets: showSecrets) else {
      throw ControlError(code: .malformed, message: "no status")
    }
    return status.status
  }

  @Test("The status shows what is in force, what is refused since when, and the last reload")
  func status() async throws {
    let manager = try await start()
    let control = try await HotReloadControl.serve(manager)
    let client = try client(control)
    let stream = try await manager.watchConfigChanges("app", as: [String: Int].self)
    try manager.registerReloadHandler(matching: "config/*") { _ in }
    let good = try await status(client)
    #expect(good.health == "healthy")
    #expect(good.reasons.isEmpty)
    #expect(good.generation == 1)
    #expect(good.units.map(\.unit) == ["config app"])
    #expect(good.units.first?.state == .inForce)
    #expect(good.streams == 1)
    #expect(good.handlers.map(\.pattern) == ["config/*"])
    #expect(good.watch?.backend == "inotify")
    #expect(try await instance(client).name == "default")
    #expect(try await instance(client).root == folder.root.string)
    #expect(good.lastReport?.phases.contains { $0.phase == "load" && $0.duration > 0 } == true)

    try folder.replace("config/app.toml", "port = ]\n")
    try await manager.sync()
    let bad = try await status(client)
    #expect(bad.health == "degraded")
    #expect(bad.reasons.count == 1)
    let config = try #require(bad.units.first)
    #expect(config.state == .rejected)
    #expect(config.generation == 1)
    let since = try #require(config.rejectedSince)
    #expect(since > (try #require(good.units[0].inForceSince)))
    #expect(config.errors.first?.line == 1)
    #expect(try await status(client).units.first?.rejectedSince == since)
    #expect(stream.current == ["port": 80])
    try await manager.shutdown()
    await control.stop()
  }

  @Test("A refused secret is named in the status, but not shown unless it is asked for")
  func secrets() async throws {
    try folder.write("config/app.toml", "port = 80\npassword = 1\n")
    let manager = try await start()
    try await manager.registerValidator(config: "app") { config in
      if let text = config.tree.table?["password"]?.string {
        throw ConfigDiagnostic(
          location: nil, keyPath: "password", message: "\"\(text)\" is too short")
      }
    }
    let control = try await HotReloadControl.serve(manager)
    let client = try client(control)
    try folder.replace("config/app.toml", "port = 80\npassword = \"hunter2\"\n")
    try await manager.sync()
    let hidden = try await status(client)
    #expect(hidden.units.first?.state == .rejected)
    #expect(!"\(hidden)".contains("hunter2"))
    let shown = try await status(client, showSecrets: true)
    #expect("\(shown.units)".contains("hunter2"))
    try await manager.shutdown()
    await control.stop()
  }

  @Test("A reload loads what is on disk, and says what came of it")
  func reload() async throws {
    let manager = try await start()
    let control = try await HotReloadControl.serve(manager)
    let client = try client(control)
    guard case .report(let report) = try await client.ask(.reload) else {
      Issue.record("no report")
      return
    }
    #expect(report.isAccepted)
    #expect(report.units.map(\.unit) == ["config app"])
    #expect(report.units.map(\.outcome) == ["unchanged"])
    try folder.write("config/db.toml", "x = ]\n")
    guard case .report(let refused) = try await client.ask(.reload) else {
      Issue.record("no report")
      return
    }
    #expect(!refused.isAccepted)
    #expect(refused.units.first { $0.unit == "config db" }?.outcome == "rejected")
    try await manager.shutdown()
    await control.stop()
  }

  @Test("Resuming reports what had waited, and nothing if nothing had")
  func resume() async throws {
    let manager = try await start()
    let control = try await HotReloadControl.serve(manager)
    let client = try client(control)
    func resume() async throws -> ReloadReport.Document? {
      _ = try await client.ask(.pause)
      guard case .pausing(let pausing) = try await client.ask(.resume) else {
        throw ControlError(code: .malformed, message: "no pausing")
      }
      return pausing.report
    }
    let stream = try await manager.watchConfigChanges("app", as: [String: Int].self)
    _ = try await client.ask(.reload)
    #expect(try await resume() == nil)

    _ = try await client.ask(.pause)
    try folder.replace("config/app.toml", "port = 81\n")
    #expect(try await resume()?.units.map(\.outcome) == ["applied"])
    #expect(stream.current == ["port": 81])
    try await manager.shutdown()
    await control.stop()
  }

  @Test("A generation that has not been is not taken for the newest")
  func unknownGeneration() async throws {
    let manager = try await start()
    let control = try await HotReloadControl.serve(manager)
    let client = try client(control)
    for request in [
      ControlRequest.restore(config: "app", generation: 7),
      .diff(config: "app", from: 7, to: nil), .diff(config: "app", from: 1, to: 7),
    ] {
      await #expect {
        try await client.ask(request)
      } throws: { error in
        let error = error as? ControlError
        return error?.code == .notFound && error?.message.contains("generation 7") == true
      }
    }
    try await manager.shutdown()
    await control.stop()
  }

  @Test("Two managers of one workspace get names of their own, and one that ended leaves its name")
  func names() async throws {
    let first = try await start()
    let second = try await start()
    let firstControl = try await HotReloadControl.serve(first)
    let secondControl = try await HotReloadControl.serve(second)
    #expect(secondControl.folder?.lastComponent == "default-2")
    #expect(
      ControlFolder.instances(root: folder.root).running == ["default", "default-2"])
    let secondClient = try client(secondControl)
    #expect(try await instance(secondClient).name == "default-2")
    await firstControl.stop()
    let third = try await HotReloadControl.serve(first)
    #expect(third.folder?.lastComponent == "default")
    for control in [secondControl, third] { await control.stop() }
    for manager in [first, second] { try await manager.shutdown() }
  }

  @Test("It ends when the manager shuts down")
  func endsWithManager() async throws {
    let manager = try await start()
    let control = try await HotReloadControl.serve(manager)
    let raw = try RawClient(#require(control.folder))
    try await manager.shutdown()
    #expect(try await raw.read() == .ended)
    await control.stop()
    #expect(ControlFolder.instances(root: folder.root).running.isEmpty)
  }

  @Test(
    "An instance's name cannot lead out of its folder", arguments: ["..", "a/b", "", ".x", "a\nb"])
  func badNames(name: String) async throws {
    let manager = try await start()
    await #expect(throws: ControlError.self) {
      try await HotReloadControl.serve(manager, instance: name)
    }
    try await manager.shutdown()
  }
}
