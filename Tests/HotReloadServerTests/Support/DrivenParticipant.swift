import HotReload
import HotReloadTesting
import Synchronization
import WorkspaceTools

/// Calls a participant as a transaction does, step by step, with a config that the test gives.
final class DrivenParticipant<Participant: ReloadParticipant>: Sendable {
  let participant: Participant
  private let folder: TemporaryWorkspace
  private let workspace: Workspace
  private let generation = Mutex<UInt64>(0)
  private let inForce = Mutex<Participant.Product?>(nil)

  init(_ participant: Participant) throws {
    self.participant = participant
    folder = try TemporaryWorkspace()
    workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
  }

  var current: Participant.Product? { inForce.withLock { $0 } }

  func prepare(_ text: String) async throws -> Participant.Product {
    try folder.write("config/server.toml", text)
    let loaded = try ConfigLoader(workspace: workspace).load(layers: ["server"])
    let number = generation.withLock { number in
      number += 1
      return number
    }
    return try await participant.prepare(
      ReloadChange(generation: number, changed: [.config("server")], configs: ["server": loaded]))
  }

  /// Puts a product into force; gives the one that it replaced.
  @discardableResult
  func activate(_ product: Participant.Product) async -> Participant.Product? {
    let old = inForce.withLock { current in
      defer { current = product }
      return current
    }
    await participant.activate(product, replacing: old)
    return old
  }

  /// A whole transaction without a bake.
  @discardableResult
  func apply(_ text: String) async throws -> Participant.Product {
    let product = try await prepare(text)
    if let old = await activate(product) { await participant.retire(old) }
    return product
  }

  func end() async {
    let last = inForce.withLock { current in
      defer { current = nil }
      return current
    }
    if let last { await participant.retire(last) }
  }
}
