import HotReloadTesting
import InMemoryLogging
import Logging
import SystemPackage
import WorkspaceTools

@testable import HotReload

/// A workspace on which processes run one after the other, or at the same time.
struct JournaledInstance {
  let folder: TemporaryWorkspace
  let lines = InMemoryLogHandler()

  init(_ text: String? = Fixture.text(1)) throws {
    folder = try TemporaryWorkspace()
    if let text { try folder.write(Fixture.app, text) }
  }

  /// What another process does when it starts.
  func start(
    _ configuration: HotReloadConfiguration = Fixture.configuration,
    environment: String = "production"
  ) async throws -> HotReloadManager {
    let workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: environment, variables: [:]))
    var configuration = configuration
    configuration.logger = Logger(label: "test", factory: { _ in lines })
    return try await workspace.startHotReload(configuration: configuration)
  }

  /// A process that ends when it has found this good.
  func run(_ text: String, environment: String = "production") async throws {
    try folder.replace(Fixture.app, text)
    let manager = try await start(environment: environment)
    _ = try await manager.watchConfigChanges("app", as: AppConfig.self)
    try await manager.shutdown()
  }

  func scan() throws -> JournalScan {
    JournalScan(try folder.read(JournalFixture.file))
  }

  /// What is written, without times.
  func events() throws -> [JournalEntry.Event] {
    try scan().lines.compactMap(\.entry?.event)
  }
}

extension HotReloadManager {
  /// What has happened, the oldest first.
  func written() async throws -> [JournalEntry.Event] {
    await flushJournal()
    guard let journal else { return [] }
    return try journal.history().reversed().map(\.event)
  }

  /// Replaces the config `app` as a good editor does, and waits until that is through.
  func replace(_ text: String, in folder: TemporaryWorkspace) async throws {
    try folder.replace(Fixture.app, text)
    try await sync()
  }
}

extension JournalEntry.Event {
  /// `applied app`, `attempt app db`, `closed survived`.
  var shortName: String {
    switch self {
    case .started: "started"
    case .stopped: "stopped"
    case .attemptBegun(_, _, let keys):
      "attempt " + keys.map { $0.unit.eventName ?? "" }.joined(separator: " ")
    case .attemptClosed(_, let end): "closed \(end.rawValue)"
    case .attemptDied: "died"
    case .applied(let content): "applied \(content.unit.eventName ?? "")"
    case .rejected(let unit, _, _): "rejected \(unit.eventName ?? "")"
    case .lastGood(let content): "good \(content.unit.eventName ?? "")"
    case .quarantined(let key, _): "quarantined \(key.unit.eventName ?? "")"
    case .quarantineCleared: "cleared"
    case .removed(let unit, _): "removed \(unit.eventName ?? "")"
    case .rolledBack(let unit, _, _, _): "rolled back \(unit.eventName ?? "")"
    case .generation: "generation"
    }
  }
}
