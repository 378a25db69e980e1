import HotReload
import HotReloadTesting
import Logging
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadProcess

@Suite("Control of a manager with a journal", .timeLimit(.minutes(5)))
struct JournalControlTests {
  private static let app: FilePath = "config/app.toml"
  private let folder: TemporaryWorkspace

  init() throws {
    folder = try TemporaryWorkspace()
    try folder.write(Self.app, "port = 80\npassword = \"first\"\n")
  }

  private struct AppConfig: Decodable, Sendable {
    var port: Int
    var password: String
  }

  private func start(
    _ change: (inout HotReloadConfiguration) -> Void = { _ in }
  ) async throws -> (HotReloadManager, HotReloadControl, ControlClient) {
    let environment = try WorkspaceEnvironment(name: "production", variables: [:])
    let workspace = try Workspace(root: folder.root, environment: environment)
    var configuration = HotReloadConfiguration(
      quietPeriod: .zero, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    change(&configuration)
    let manager = try await workspace.startHotReload(configuration: configuration)
    // A stream counts as long as somebody holds it: the task does until the manager shuts down.
    let stream = try await manager.watchConfigChanges("app", as: AppConfig.self)
    Task { for await _ in stream {} }
    let control = try await HotReloadControl.serve(manager)
    return (manager, control, ControlClient(folder: try #require(control.folder)))
  }

  private func save(_ text: String, _ manager: HotReloadManager) async throws {
    try folder.replace(Self.app, text)
    try await manager.sync()
  }

  private func history(_ client: ControlClient, limit: Int = 100) async throws
    -> [ControlHistory.Entry]
  {
    guard
      case .history(let history) = try await client.ask(.history(config: "app", limit: limit))
    else { throw ControlError(code: .malformed, message: "no history") }
    return history.entries
  }

  @Test("History has each change the newest first, what is in force, and what was wrong")
  func history() async throws {
    let (manager, control, client) = try await start()
    #expect(client.folder == manager.journalFolder)
    try await save("port = 81\npassword = \"second\"\n", manager)
    try await save("port = \"x\"\npassword = \"third\"\n", manager)
    let entries = try await history(client)
    #expect(entries.map(\.outcome) == ["rejected", "applied", "applied"])
    #expect(entries.map(\.isInForce) == [false, true, false])
    #expect(entries.map(\.generation) == [2, 2, 1])
    #expect(entries[0].errors.first?.line == 1)
    #expect(entries[1].digest != entries[2].digest)
    #expect(!"\(entries)".contains("second"))
    #expect(try await history(client, limit: 1).count == 1)
    guard case .history(let all) = try await client.ask(.history(config: nil, limit: 10)) else {
      Issue.record("no history")
      return
    }
    #expect(all.entries == entries)
    try await manager.shutdown()
    await control.stop()
    // The next process goes on with it, from the last good content.
    let (next, nextControl, nextClient) = try await start()
    #expect(try await history(nextClient).map(\.generation).contains(1))
    try await next.shutdown()
    await nextControl.stop()
  }

  @Test("A difference is that of two generations, and shows secrets only if it is asked to")
  func diff() async throws {
    let (manager, control, client) = try await start()
    try await save("port = 81\npassword = \"second\"\n", manager)
    let request = ControlRequest.diff(config: "app", from: nil, to: nil)
    guard case .diff(let hidden) = try await client.ask(request),
      case .diff(let shown) = try await client.ask(request, showSecrets: true)
    else {
      Issue.record("no difference")
      return
    }
    #expect(hidden.from == 1 && hidden.to == 2)
    #expect(hidden.differences.map(\.keyPath) == ["port", "password"])
    #expect(hidden.differences[0].old == 80 && hidden.differences[0].new == 81)
    #expect(!"\(hidden)".contains("second") && !"\(hidden)".contains("first"))
    #expect(shown.differences[1].old == "first" && shown.differences[1].new == "second")
    await #expect {
      try await client.ask(.diff(config: "nobody", from: nil, to: nil))
    } throws: { ($0 as? ControlError)?.code == .notFound }
    try await manager.shutdown()
    await control.stop()
  }

  @Test("Restoring puts a generation back, or says why not and writes nothing")
  func restore() async throws {
    let (manager, control, client) = try await start()
    try await save("port = 81\npassword = \"second\"\n", manager)
    guard
      case .report(let report) = try await client.ask(.restore(config: "app", generation: 1))
    else {
      Issue.record("no report")
      return
    }
    #expect(report.isAccepted && report.units.map(\.outcome) == ["applied"])
    #expect(manager.snapshot().config("app")?["port"]?.value == .integer(80))
    #expect(try folder.text(Self.app) == "port = 80\npassword = \"first\"\n")

    try await manager.registerValidator(config: "app") { config in
      if config.tree["port"]?.value == .integer(81) {
        throw ConfigDiagnostic(location: nil, keyPath: "port", message: "is taken")
      }
    }
    await #expect {
      try await client.ask(.restore(config: "app", generation: 2))
    } throws: { error in
      let error = error as? ControlError
      return error?.code == .rejected && error?.errors.first?.message.contains("is taken") == true
    }
    #expect(try folder.text(Self.app) == "port = 80\npassword = \"first\"\n")
    await #expect {
      try await client.ask(.restore(config: "nobody", generation: 2))
    } throws: { ($0 as? ControlError)?.code == .notFound }
    try await manager.shutdown()
    await control.stop()
  }

  @Test("Checking uses the instance's types, and applies nothing")
  func check() async throws {
    let (manager, control, client) = try await start()
    func check() async throws -> ControlCheck {
      guard case .check(let check) = try await client.ask(.check(configs: [])) else {
        throw ControlError(code: .malformed, message: "no check")
      }
      return check
    }
    #expect(try await check().isGood)
    _ = try await client.ask(.pause)
    try folder.replace(Self.app, "password = \"p\"\n")
    let found = try await check()
    #expect(found.configs.map(\.name) == ["app"] && !found.isGood)
    #expect(found.configs.first?.errors.first?.message.contains("port") == true)
    #expect(manager.snapshot().generation == 1)
    try await manager.shutdown()
    await control.stop()
  }

  @Test("What changes in a pause comes with its end, in one report")
  func pause() async throws {
    let (manager, control, client) = try await start()
    guard case .pausing(let paused) = try await client.ask(.pause) else {
      Issue.record("no answer")
      return
    }
    #expect(paused.isPaused && paused.generation == 1)
    for port in 81...83 { try folder.replace(Self.app, "port = \(port)\npassword = \"p\"\n") }
    await #expect(throws: ControlError.self) { try await client.ask(.reload) }
    await #expect(throws: ControlError.self) {
      try await client.ask(.restore(config: "app", generation: 1))
    }
    guard case .status(let answer) = try await client.ask(.status) else { return }
    let status = answer.status
    #expect(status.isPaused && status.health == "degraded" && status.generation == 1)
    guard case .pausing(let resumed) = try await client.ask(.resume) else {
      Issue.record("no answer")
      return
    }
    #expect(!resumed.isPaused)
    #expect(resumed.report?.units.map(\.outcome) == ["applied"])
    #expect(manager.snapshot().config("app")?["port"]?.value == .integer(83))
    try await manager.shutdown()
    await control.stop()
  }

  @Test("Without a journal it says what to do")
  func none() async throws {
    let (manager, control, client) = try await start { $0.keepsJournal = false }
    for request in [
      ControlRequest.history(config: nil, limit: 1), .diff(config: "app", from: nil, to: nil),
      .restore(config: "app", generation: 1),
    ] {
      await #expect {
        try await client.ask(request)
      } throws: { ($0 as? ControlError)?.code == .notAvailable }
    }
    try await manager.shutdown()
    await control.stop()
  }
}
