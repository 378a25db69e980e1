import HotReloadTesting
import Logging
import Synchronization
import SystemPackage
import WorkspaceTools

@testable import HotReload

/// A workspace whose manager is managed, and folders beside it that candidates bring.
struct ManagedFixture {
  let folder: TemporaryWorkspace
  let releases: TemporaryWorkspace
  let manager: HotReloadManager
  let recorder = Recorder()

  static let app = Fixture.app

  static func configuration(initial: FilePath? = nil) -> HotReloadConfiguration {
    var configuration = Fixture.configuration
    configuration.atomicGroups = .all
    configuration.contentMode = .managed(initial: initial)
    return configuration
  }

  /// - Parameters:
  ///   - files: the workspace's own.
  ///   - initial: what the folder has from which it starts; nil for the workspace itself.
  init(
    _ files: [FilePath: String] = [app: Fixture.text(1)], initial: [FilePath: String]? = nil,
    variables: [String: String] = [:], adjust: (inout HotReloadConfiguration) -> Void = { _ in }
  ) async throws {
    folder = try TemporaryWorkspace()
    let releases = try TemporaryWorkspace(prefix: "releases")
    self.releases = releases
    for (path, text) in files { try folder.write(path, text) }
    let first = try initial.map { try Self.write($0, as: "initial", in: releases) }
    var configuration = Self.configuration(initial: first)
    adjust(&configuration)
    manager = try await Self.workspace(folder, variables).startHotReload(
      configuration: configuration)
    _ = try manager.bus.add(recorder)
  }

  static func workspace(
    _ folder: TemporaryWorkspace, _ variables: [String: String] = [:]
  ) throws -> Workspace {
    try Workspace(
      root: folder.root,
      environment: WorkspaceEnvironment(name: "production", variables: variables))
  }

  private static func write(
    _ files: [FilePath: String], as name: FilePath, in releases: TemporaryWorkspace
  ) throws -> FilePath {
    let root = releases.path(name)
    try releases.makeDirectory(name)
    for (path, text) in files { try releases.write(name.pushing(path), text) }
    return root
  }

  /// A folder that is laid out as a workspace.
  func release(_ name: FilePath, _ files: [FilePath: String]) throws -> FilePath {
    try Self.write(files, as: name, in: releases)
  }

  /// The same with config `app` only.
  func release(_ name: FilePath, a: Int) throws -> FilePath {
    try release(name, [Self.app: Fixture.text(a)])
  }

  @discardableResult
  func bring(_ folder: FilePath) async throws -> ReloadReport {
    try await manager.submit(.everything(by: .other("fleet"), from: .folder(folder)))
  }

  @discardableResult
  func bringBack() async throws -> ReloadReport {
    try await manager.submit(.everything(by: .other("fleet"), from: .workspace))
  }

  /// Replaces one of the workspace's own files, and waits until that is through.
  func edit(_ path: FilePath = app, _ text: String) async throws {
    try folder.replace(path, text)
    try await manager.sync()
  }

  func app() async throws -> ConfigStream<AppConfig> {
    try await manager.watchConfigChanges("app", as: AppConfig.self)
  }

  func end() async throws { try await manager.shutdown() }
}

/// Joins the texts of all files of a set; refuses one that says "bad", and in a check one that says "doubtful".
final class SetJoiner: ReloadParticipant {
  let unit: UnitID
  private let calls = Mutex((prepared: 0, checked: 0))

  init(_ unit: UnitID) { self.unit = unit }

  var prepared: Int { calls.withLock { $0.prepared } }
  var checked: Int { calls.withLock { $0.checked } }

  func prepare(_ change: ReloadChange) async throws -> String {
    calls.withLock { $0.prepared += 1 }
    return try Self.text(of: change.files(of: unit), refusing: ["bad"])
  }

  func check(_ change: ReloadChange) async throws {
    calls.withLock { $0.checked += 1 }
    _ = try Self.text(of: change.files(of: unit), refusing: ["bad", "doubtful"])
  }

  private static func text(of set: FileSet?, refusing bad: Set<String>) throws -> String {
    let set = set ?? FileSet()
    for path in set.paths where bad.contains(set[path]?.text ?? "") {
      throw ReloadRefusal([
        ConfigDiagnostic(
          location: SourceLocation(file: path.string, line: 1, column: 1), message: "it is bad")
      ])
    }
    return set.paths.map { "\($0)=\(set[$0]?.text ?? "?")" }.joined(separator: " ")
  }
}

extension Snapshot {
  /// The number `a` of a config.
  func a(of name: String) -> Int? {
    guard case .integer(let number)? = config(name)?["a"]?.value else { return nil }
    return Int(number)
  }
}
