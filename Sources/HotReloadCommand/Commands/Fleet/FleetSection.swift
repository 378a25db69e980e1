import HotReload
import HotReloadBrowser
import HotReloadFleet
import ServiceLifecycle
import Synchronization
import WorkspaceTools

/// The fleet's section on the dashboard of `hotreload serve`. It only looks on: nothing is written to the store, and none is made.
final class FleetSection: StatusSource, Service {
  private enum State {
    case waiting(reason: String)
    case following(FleetMonitor)
  }

  let name = "Fleet"
  private let workspace: Workspace
  /// Nil if they are wrong, which does not change while the server runs.
  private let options: FleetOptions?
  private let state: Mutex<State>

  /// The section of a workspace's fleet; nil if `hotreload.toml` has no `[fleet]` table. Blocks.
  init?(of workspace: Workspace) {
    self.workspace = workspace
    do {
      guard try FleetSettings.load(from: workspace) != nil else { return nil }
      options = try FleetStoreOptions.parse([]).options(in: workspace).options
      state = Mutex(.waiting(reason: "not heard of yet"))
    } catch {
      options = nil
      state = Mutex(.waiting(reason: "\(error)"))
    }
  }

  func status() async -> StatusTable {
    let table =
      switch state.withLock({ $0 }) {
      case .following(let monitor):
        monitor.table { FleetText.moment($0, now: nanosecondsSince1970()) }
      case .waiting(let reason):
        FleetTable(fields: [FleetTable.Field(name: "store", value: reason)])
      }
    return StatusTable(
      fields: table.fields.map { StatusTable.Field(name: $0.name, value: $0.value) },
      columns: table.columns, rows: table.rows)
  }

  /// Opens the store as soon as that is possible, and follows the fleet.
  func run() async throws {
    await cancelWhenGracefulShutdown { [self] in
      while !Task.isCancelled {
        if let options { await follow(options) }
        try? await Task.sleep(for: FleetMonitor.pause)
      }
    }
  }

  private func follow(_ options: FleetOptions) async {
    do {
      let store = try await options.store.open(
        in: workspace, creating: false, logger: FleetAccess.logger
      ).store
      let monitor = FleetMonitor(FleetClient(store, fleet: options.fleet))
      state.withLock { $0 = .following(monitor) }
      try? await monitor.run()
      await store.close()
    } catch {
      state.withLock { $0 = .waiting(reason: "\(error)") }
    }
  }
}
