import HotReload
import HotReloadTesting
import Logging
import SystemPackage
import WorkspaceTools

/// A workspace in memory with one config `app` and a running manager.
struct LiveWorkspace {
  /// Its files.
  let scratch: TemporaryWorkspace
  /// Its manager.
  let manager: HotReloadManager
  /// The config's file.
  let file: FilePath

  /// Writes the config and starts the manager.
  init(_ text: String, quietPeriod: Duration = .zero) async throws {
    scratch = try ScratchFolder.make("config")
    file = scratch.path("config/app.json")
    try scratch.write(file, text)
    let workspace = try Workspace(
      root: scratch.root, environment: WorkspaceEnvironment(name: "production", variables: [:]))
    manager = try await workspace.startHotReload(
      configuration: HotReloadConfiguration(
        quietPeriod: quietPeriod,
        logger: Logger(label: "benchmark", factory: { _ in SwiftLogNoOpLogHandler() })))
  }

  /// Writes a file that is not watched, to be renamed over the config.
  func stage(_ text: String, as name: String) throws -> FilePath {
    let path = scratch.path("staging").appending(name)
    try scratch.write(path, text)
    return path
  }
}
