import HotReloadTesting
import SystemPackage
import WorkspaceTools

extension TemporaryWorkspace {
  /// The workspace on this folder, or on one below it, of an environment that no variable decides.
  func workspace(_ folder: FilePath = "") throws -> Workspace {
    try Workspace(
      root: root.pushing(folder),
      environment: WorkspaceEnvironment(name: "development", variables: [:]))
  }
}
