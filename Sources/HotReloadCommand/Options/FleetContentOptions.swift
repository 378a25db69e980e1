import ArgumentParser
import HotReloadFleet
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// Which of a workspace's files belong to a bundle.
struct FleetContentOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A glob of what belongs to the bundle, such as 'config/**/*'. Repeatable. Default: that of the [fleet] table, else "
        + "configs, templates/, static/ and assets/.", valueName: "glob"))
  var include: [String] = []

  @Option(
    help: ArgumentHelp(
      "A glob of what does not, beside what never does. Repeatable.", valueName: "glob"))
  var exclude: [String] = []

  @Flag(help: "Take files also if they hold what looks like a secret.")
  var allowSecrets = false

  var isEmpty: Bool { include.isEmpty && exclude.isEmpty && !allowSecrets }

  /// What the settings say, and these options more.
  func scope(over settings: BundleScope) -> BundleScope {
    var scope = settings
    if !include.isEmpty { scope.include = include }
    scope.exclude += exclude
    if allowSecrets { scope.allowsSecrets = true }
    return scope
  }

  /// The bundle of a file that `hotreload fleet bundle` wrote.
  static func bundle(from file: String) async throws -> ContentBundle {
    try await BlockingExecutor.shared.run {
      let bytes = try readStably(
        FilePath(file), limit: ContentBundle.maximumEncodedBytes
      ).bytes
      return try ContentBundle(decoding: bytes)
    }
  }
}
