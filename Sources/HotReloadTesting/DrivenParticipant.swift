public import HotReload
import Synchronization
import SystemPackage
import WorkspaceTools

/// Calls a participant as a transaction does, step by step, with a config that the test gives.
///
/// It has no manager: a test decides what comes when, and what is in force. Steps may be taken from any task.
public final class DrivenParticipant<Participant: ReloadParticipant>: Sendable {
  /// Who is called.
  public let participant: Participant
  /// The only config that there is.
  private let config: String
  private let folder: TemporaryWorkspace
  private let workspace: Workspace
  private let generation = Mutex<UInt64>(0)
  private let inForce = Mutex<Participant.Product?>(nil)

  /// - Parameters:
  ///   - participant: who is called.
  ///   - config: the name of the config whose text the steps get, read as TOML.
  /// - Throws: if no temporary folder can be made.
  public init(_ participant: Participant, config: String = "app") throws {
    self.participant = participant
    self.config = config
    folder = try TemporaryWorkspace()
    workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
  }

  /// The product in force; nil before the first.
  public var current: Participant.Product? { inForce.withLock { $0 } }

  /// Lets the participant make something of a config.
  /// - Throws: `ConfigError` if the text is no config; what the participant throws.
  public func prepare(_ text: String) async throws -> Participant.Product {
    try folder.write(FilePath("config/\(config).toml"), text)
    let loaded = try ConfigLoader(workspace: workspace).load(layers: [config])
    let number = generation.withLock { number in
      number += 1
      return number
    }
    return try await participant.prepare(
      ReloadChange(generation: number, changed: [.config(config)], configs: [config: loaded]))
  }

  /// Puts a product into force; gives the one that it replaced.
  @discardableResult
  public func activate(_ product: Participant.Product) async -> Participant.Product? {
    let old = inForce.withLock { current in
      defer { current = product }
      return current
    }
    await participant.activate(product, replacing: old)
    return old
  }

  /// A whole transaction without a bake.
  /// - Throws: as ``prepare(_:)``; then what is in force stays.
  @discardableResult
  public func apply(_ text: String) async throws -> Participant.Product {
    let product = try await prepare(text)
    if let old = await activate(product) { await participant.retire(old) }
    return product
  }

  /// Lets the participant let go of what is in force.
  public func end() async {
    let last = inForce.withLock { current in
      defer { current = nil }
      return current
    }
    if let last { await participant.retire(last) }
  }
}
