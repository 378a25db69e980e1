import HotReload
import HotReloadTesting
import Logging
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadFleet

/// Instances with workspaces of their own, in one process, on a SQLite file.
@Suite(.timeLimit(.minutes(2))) struct FleetMemberTests {
  private struct App: Decodable, Sendable { var port: Int }

  private let place: TemporaryWorkspace

  init() throws {
    place = try TemporaryWorkspace()
  }

  /// An instance's workspace; nil for one without files.
  private func workspace(_ name: String, port: Int?) throws -> Workspace {
    let root = place.root.appending(name)
    try place.makeDirectory(root)
    if let port { try place.write(root.appending("config/app.toml"), Self.text(port)) }
    return try Workspace(
      root: root, environment: WorkspaceEnvironment(name: "test", variables: [:]))
  }

  private static func text(_ port: Int) -> String { "port = \(port)\n" }

  private func join(
    _ workspace: Workspace, as name: String? = nil, isSource: Bool = false,
    at store: FleetOptions.Store? = nil, limit: Duration = .seconds(30)
  ) async throws -> FleetMember {
    try await workspace.joinFleet(
      FleetOptions(
        fleet: "shop", store: store ?? .sqlite(place.root.appending("fleet.sqlite")),
        instance: name, isSource: isSource, stages: RolloutStage.atOnce, times: AgentFleet.times,
        firstContentLimit: limit),
      configuration: HotReloadConfiguration(
        quietPeriod: .zero, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
  }

  /// Has the members take part while the body runs.
  private func run(
    _ members: [FleetMember], _ body: @escaping @Sendable () async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for member in members { group.addTask { try await member.run() } }
      try await body()
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  private func wait(_ stream: ConfigStream<App>, for port: Int) async {
    var changes = stream.makeAsyncIterator()
    while stream.current.port != port { _ = await changes.next() }
  }

  private func wait(
    _ member: FleetMember, until holds: (FleetMemberStatus) -> Bool
  ) async throws {
    for await status in member.statuses() where holds(status) { return }
    throw CancellationError()
  }

  private func app(of member: FleetMember) async throws -> ConfigStream<App> {
    try await member.manager.watchConfigChanges("app", as: App.self)
  }

  @Test
  func
    `Edits of the source reach all, those of others are drift, and who starts again has what was agreed on`()
    async throws
  {
    let sourceFiles = try workspace("source", port: 1)
    let otherFiles = try workspace("other", port: 9)
    let source = try await join(sourceFiles, as: "web-1", isSource: true)
    let other = try await join(otherFiles, as: "web-2")
    let apps = [try await app(of: source), try await app(of: other)]
    #expect(apps.map(\.current.port) == [1, 9])
    try await run([source, other]) {
      for app in apps { await wait(app, for: 1) }
      try place.replace(sourceFiles.root.appending("config/app.toml"), Self.text(2))
      for app in apps { await wait(app, for: 2) }
      for member in [source, other] { try await wait(member) { $0.isSettled } }
      try place.replace(otherFiles.root.appending("config/app.toml"), Self.text(5))
      try await wait(other) { $0.report.drift != nil }
      #expect(apps.map(\.current.port) == [2, 2])
      try await wait(source) { $0.committed?.number == 2 && $0.isSettled }
      try await wait(other) { $0.committed?.number == 2 && $0.isSettled }
    }
    // Its store is away, and its own files say something else.
    let again = try await join(
      otherFiles, as: "web-2", at: .etcd(EtcdOptions(endpoints: ["http://127.0.0.1:1"])))
    #expect(try await app(of: again).current.port == 2)
    try await run([again]) { try await wait(again) { $0.storeFailure != nil } }
  }

  @Test
  func `An instance without files begins with what the fleet has agreed on, if that is there`()
    async throws
  {
    let empty = try workspace("empty", port: nil)
    let error = await #expect(throws: FleetError.self) {
      try await join(empty, as: "web-2", limit: .milliseconds(1))
    }
    #expect(error?.code == .noContent)
    let source = try await join(try workspace("source", port: 1), as: "web-1", isSource: true)
    try await run([source]) {
      try await source.caughtUp()
      try await wait(source) { $0.committed != nil }
      let late = try await join(empty, as: "web-2")
      #expect(try await app(of: late).current.port == 1)
      try await run([late]) { try await late.caughtUp() }
    }
  }

  @Test func `Each process has a name of its own, which one alone can have`() async throws {
    // As two processes have one workspace.
    let files = try workspace("shared", port: 1)
    let first = try await join(try workspace("shared", port: 1))
    let second = try await join(try workspace("shared", port: 1))
    #expect(second.instance == "\(first.instance)-2")
    let error = await #expect(throws: FleetError.self) {
      try await join(files, as: first.instance)
    }
    #expect(error?.code == .instanceBusy)
    for member in [first, second] {
      try await run([member]) { try await wait(member) { $0.hasHeard } }
    }
  }

  @Test func `What was remembered and cannot be read is no reason not to start`() async throws {
    let files = try workspace("damaged", port: 3)
    try place.write(files.root.appending("data/hotreload/web-1/fleet.json"), "no memory")
    let member = try await join(files, as: "web-1")
    #expect(try await app(of: member).current.port == 3)
    try await run([member]) { try await wait(member) { $0.hasHeard } }
  }
}
