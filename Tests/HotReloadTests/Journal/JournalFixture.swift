import HotReloadTesting
import Synchronization
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

@testable import HotReload

/// A workspace whose journal is opened, closed and damaged.
struct JournalFixture {
  let folder: TemporaryWorkspace
  let workspace: Workspace

  init(in parent: FilePath? = nil) throws {
    folder = try TemporaryWorkspace(in: parent)
    workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
  }

  static let directory = FilePath("data/hotreload/default")
  static let file = directory.appending("journal.jsonl")
  static let blobs = directory.appending("blobs")

  func open(_ options: JournalOptions = JournalOptions()) -> Journal {
    Journal.open(in: workspace, options: options)
  }

  /// Opens the journal, does something with it and closes it.
  @discardableResult
  func use(
    _ options: JournalOptions = JournalOptions(), _ body: (Journal) async throws -> Void = { _ in }
  ) async throws -> JournalOpening {
    let journal = open(options)
    try await body(journal)
    await journal.close()
    return journal.opening
  }

  /// A version of the config `app`.
  func content(_ generation: UInt64) throws -> KeptContent { try content("app", generation) }

  /// A version of a config.
  func content(
    _ name: String, _ generation: UInt64, _ text: String? = nil,
    path: FilePath? = nil, mode: FilePermissions = [.ownerReadWrite]
  ) throws -> KeptContent {
    let layer = RecordedLayer(
      path: path ?? FilePath("config/\(name).toml"), layer: .base, format: .toml, mode: mode,
      bytes: Array((text ?? "a = \(generation)\n").utf8))
    let loaded = try ConfigLoader(workspace: workspace).load(name, from: [layer])
    return KeptContent(
      loaded, fingerprint: loaded.tree.fingerprint, generation: generation,
      environment: "production")
  }

  /// Lets the helper program die, or end, at that place.
  func run(_ arguments: String..., count: Int = 30) async throws -> JournalProcess.Ending {
    try await JournalProcess.run(folder.root, ["\(count)"] + arguments)
  }
}

/// A value that several threads change.
final class Locked<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  init(_ value: Value) { self.value = Mutex(value) }

  var current: Value { value.withLock { $0 } }

  func change(_ body: (inout Value) -> Void) { value.withLock { body(&$0) } }
}
