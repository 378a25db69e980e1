import FileWatching
import HotReloadTesting
import Logging
import Synchronization
import SystemPackage
import WorkspaceTools

@testable import HotReload

struct AppConfig: Codable, Sendable, Equatable {
  var a: Int
  var b: Int
}

/// Refuses an `a` above 100.
struct LimitedConfig: Codable, Sendable, Equatable, ValidatedConfig {
  var a: Int

  func validate() throws {
    var problems = ConfigProblems()
    problems.require(a <= 100, "a", "must be at most 100")
    try problems.throwIfAny()
  }
}

/// A workspace in a folder of its own with a running manager.
struct Fixture {
  let folder: TemporaryWorkspace
  let workspace: Workspace
  let manager: HotReloadManager
  let recorder: Recorder
  let source: ScriptedChangeSource?

  static let app: FilePath = "config/app.toml"

  static func text(_ a: Int, _ b: Int? = nil) -> String {
    "a = \(a)\nb = \(b ?? a)\n"
  }

  /// A configuration that waits for no quiet and logs nothing.
  static var configuration: HotReloadConfiguration {
    HotReloadConfiguration(quietPeriod: .zero, logger: .silent)
  }

  /// On the file system, with the real watcher.
  static func real(
    _ files: [FilePath: String] = [app: text(1)],
    _ configuration: HotReloadConfiguration = configuration
  ) async throws -> Fixture {
    try await Fixture(files, configuration, nil, ContinuousClock())
  }

  /// On the file system, with a watcher that says only what the test says.
  static func scripted(
    _ files: [FilePath: String] = [app: text(1)],
    _ configuration: HotReloadConfiguration = configuration,
    clock: some Clock<Duration> = ContinuousClock()
  ) async throws -> Fixture {
    try await Fixture(files, configuration, ScriptedChangeSource(), clock)
  }

  private init(
    _ files: [FilePath: String], _ configuration: HotReloadConfiguration,
    _ source: ScriptedChangeSource?, _ clock: some Clock<Duration>
  ) async throws {
    folder = try TemporaryWorkspace()
    for (path, text) in files { try folder.write(path, text) }
    workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
    manager = try await workspace.startHotReload(
      configuration: configuration, changes: source?.factory ?? .fileWatcher, clock: clock)
    self.source = source
    recorder = Recorder()
    _ = try manager.bus.add(recorder)
  }

  /// Replaces a file as a good editor does, and waits until that is through.
  func save(_ path: FilePath = app, _ text: String) async throws {
    try folder.replace(path, text)
    if let source { source.deliver(modified: path) }
    try await manager.sync()
  }

  func end() async throws {
    try await manager.shutdown()
  }
}

extension Logger {
  static var silent: Logger {
    Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
  }
}

/// Keeps every event, as published.
final class Recorder: EventReceiver {
  let pattern: EventPattern
  private let state = Mutex<[PublishedEvent]>([])

  init() {
    // The pattern is a constant that is known to be good.
    guard let pattern = try? EventPattern("**") else { preconditionFailure("** is a pattern") }
    self.pattern = pattern
  }

  func receive(_ event: PublishedEvent) {
    state.withLock { $0.append(event) }
  }

  /// What came since the last call.
  func take() -> [ChangeEvent] {
    state.withLock { events in
      defer { events = [] }
      return events.map(\.event)
    }
  }

  /// The same, in short.
  func takeNames() -> [String] {
    take().map(\.shortName)
  }
}

extension ChangeEvent {
  /// `changed app`, `failed app`, `file config/app.toml modified`.
  var shortName: String {
    switch self {
    case .configChanged(let name, _, _): "changed \(name)"
    case .fileChanged(let path, let change): "file \(path) \(change)"
    case .validationFailed(let name, _): "failed \(name)"
    case .reloadCompleted(let name, _): "completed \(name)"
    case .templateChanged(let paths): "templates \(paths.map(\.string).joined(separator: ","))"
    case .assetChanged(let paths): "assets \(paths.map(\.string).joined(separator: ","))"
    case .recovered(let name): "recovered \(name)"
    case .rolledBack(let name, _): "rolled back \(name)"
    case .watchDegraded(let path, _): "degraded \(path)"
    case .watchRestored(let path): "restored \(path)"
    case .rescanned(let reason): "rescanned \(reason)"
    }
  }
}

/// Returns when a condition that another task brings about is true.
func eventually(_ condition: @Sendable () -> Bool) async {
  while !condition(), !Task.isCancelled { await Task.yield() }
}
