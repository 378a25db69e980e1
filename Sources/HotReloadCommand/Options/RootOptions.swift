import ArgumentParser
import SystemPackage
import WorkspaceTools

/// Which folder a command is about.
struct RootOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The workspace's folder. Default: $WORKSPACE_PATH, else the nearest folder upward with a Package.swift or "
        + ".workspace, else the nearest with a .git, else the current one.",
      valueName: "folder"))
  var root: String?

  func validate() throws {
    if let root, root.isEmpty { throw ValidationError("--root must not be empty.") }
  }

  /// The root's absolute path; links in it are not resolved.
  func path() throws -> FilePath {
    guard let root else { return try Workspace.resolve().root }
    let environment = try WorkspaceEnvironment(name: WorkspaceEnvironment.defaultName)
    return try Workspace(root: FilePath(root), environment: environment).root
  }
}
