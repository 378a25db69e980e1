import HotReload
import HotReloadContent
import HotReloadSite
import WorkspaceFiles
import WorkspaceTools

/// Examines the templates and assets of a workspace as `serve` would take them, and more strictly: nothing may lead nowhere.
struct ContentCheck: Sendable {
  /// What was found of one kind of files.
  struct Finding: Sendable {
    var unit: UnitID
    /// How many files there are.
    var files: Int
    /// What is wrong, with its place; empty if all is good.
    var errors: [ConfigDiagnostic]
  }

  let workspace: Workspace

  /// Compiles all templates, and looks for everything that templates and assets name.
  /// - Returns: nothing for a kind of which there is no file.
  /// - Throws: `HotReloadError` if the settings of the workspace cannot be used or files cannot be read.
  func run() async throws -> [Finding] {
    let configuration = try await BlockingExecutor.shared.run { [workspace] in
      try HotReloadConfiguration.site(logger: .init(label: HotReloadConfiguration.loggerLabel))
        .applyingSettings(of: workspace)
    }
    let sources = try await workspace.loadFiles(of: .templates, configuration: configuration)
    let files = try await workspace.loadFiles(of: .assets, configuration: configuration)
    let compiler = TemplateCompiler(engines: SiteTemplates.engines, policy: .lenient)
    let library = try await compiler.prepare(
      ReloadChange(generation: 1, changed: [.templates], sets: [.templates: sources]))
    return try await BlockingExecutor.shared.run {
      let assets = AssetManifest(files)
      return [
        Finding(
          unit: .templates, files: library.count,
          errors: sources.problems + library.errors + library.missingAssets(in: assets)),
        Finding(unit: .assets, files: assets.count, errors: assets.problems),
      ].filter { $0.files > 0 || !$0.errors.isEmpty }
    }
  }
}
