import ArgumentParser
import SystemPackage
import WorkspaceTools

/// Which workspace a command is about, and how its configs are put together.
struct WorkspaceOptions: ParsableArguments {
  @OptionGroup var folder: RootOptions

  @Option(
    help: ArgumentHelp(
      "The environment whose layer counts: config/app.ENVIRONMENT.toml. Default: from WORKSPACE_ENV, APP_ENV, "
        + "ENVIRONMENT or ENV, else development.",
      valueName: "name"))
  var environment: String?

  @Flag(
    help: "Take environment variables as the top layer: APP__SERVER__PORT for app's server.port.")
  var environmentVariables = false

  @Flag(help: "Replace ${VAR}, ${VAR:-default} and ${file:/path} in strings.")
  var interpolate = false

  @Flag(help: "Print secrets (values of keys such as password or apiKey) instead of hiding them.")
  var showSecrets = false

  /// The workspace that was asked for.
  func workspace() throws -> Workspace {
    let options = ConfigLoadOptions(
      environmentVariables: environmentVariables, interpolation: interpolate)
    guard let root = folder.root else {
      return try Workspace.resolve(environmentName: environment, loadOptions: options)
    }
    let named = try environment.map { try WorkspaceEnvironment(name: $0) }
    return try Workspace(root: FilePath(root), environment: named, loadOptions: options)
  }

  /// What is hidden.
  var redaction: RedactionRules { showSecrets ? .none : .default }
}
