import Foundation
import HotReloadTesting
import Logging
import SystemPackage

@testable import HotReloadFleet

/// A workspace, and agents in this process on its SQLite store, which the command's processes share.
struct CommandFleet {
  private static let times: RolloutTimes = {
    var times = RolloutTimes()
    times.lease = .seconds(2)
    times.grace = .seconds(2)
    times.jitter = .milliseconds(20)
    times.campaign = .milliseconds(50)
    return times
  }()

  let workspace: TemporaryWorkspace
  let store: any FleetStore
  let client: FleetClient
  private let agents: [FleetAgent]

  var storePath: FilePath { workspace.path("data/hotreload/fleet.sqlite") }

  init(_ count: Int, in workspace: TemporaryWorkspace) async throws {
    self.workspace = workspace
    let store = try await SQLiteStore.open(workspace.path("data/hotreload/fleet.sqlite"))
    self.store = store
    client = FleetClient(store, fleet: "default")
    let keys = client.keys
    agents = (0..<count).map { index in
      let name = "web-\(index)"
      return FleetAgent(
        identity: .init(name: name, incarnation: "\(name)#1"), keys: keys, times: Self.times,
        stages: RolloutStage.atOnce, memory: InstanceMemory(), store: store,
        host: ContentHost(store, keys),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        wallClock: { Int64(Date().timeIntervalSince1970 * 1_000) })
    }
  }

  /// Runs all agents while the body runs, once they have a controller.
  static func run(
    _ count: Int, in workspace: TemporaryWorkspace,
    _ body: @escaping @Sendable (CommandFleet) async throws -> Void
  ) async throws {
    let fleet = try await CommandFleet(count, in: workspace)
    let result: Result<Void, any Error>
    do {
      result = .success(
        try await withThrowingTaskGroup(of: Void.self) { group in
          for agent in fleet.agents { group.addTask { await agent.run() } }
          group.addTask {
            defer { for agent in fleet.agents { agent.depart() } }
            try await fleet.wait {
              $0.instances.count == count && ($0.controller != nil || count == 0)
            }
            try await body(fleet)
          }
          try await group.waitForAll()
        })
    } catch {
      result = .failure(error)
    }
    await fleet.store.close()
    try result.get()
  }

  /// The fleet, once that is so.
  @discardableResult
  func wait(until holds: (FleetOverview) -> Bool) async throws -> FleetOverview {
    for try await overview in client.overviews() where holds(overview) { return overview }
    throw CancellationError()
  }

  /// Writes the config that the content is told by.
  func write(_ state: String) throws {
    try workspace.replace("config/app.toml", "state = \"\(state)\"\n")
  }

  /// Runs `hotreload fleet …` in the workspace to its end.
  func command(
    _ arguments: String..., environment: [String: String] = [:]
  ) async throws -> (code: CInt, output: [String], errors: [String]) {
    try await CommandProcess.run(
      ["fleet"] + arguments + ["--root", workspace.root.string], environment: environment)
  }

  /// Starts `hotreload fleet …` in the workspace.
  func start(_ arguments: String...) throws -> CommandProcess {
    try CommandProcess(["fleet"] + arguments + ["--root", workspace.root.string])
  }
}
