import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// The configs of a workspace.
struct WorkspaceConfigSource: ConfigSource {
  let loader: ConfigLoader
  /// Which files are watched: configs of which none is are loaded only if somebody asks for them.
  let filter: PathFilter

  func load(_ name: String) -> UnitLoadResult {
    do throws(ConfigError) {
      return .content(.config(try loader.load(name)))
    } catch {
      guard error.code == .missing, var diagnostic = error.diagnostics.first else {
        return .rejected(error.diagnostics)
      }
      if !error.advice.isEmpty { diagnostic.message += ". \(error.advice)" }
      return .absent(diagnostic)
    }
  }

  func load(_ files: [FilePath], as name: String) -> UnitLoadResult {
    let safety = PathSafety(
      root: loader.workspace.root,
      allowingLinksOutside: loader.options.allowsLinksOutOfRoot)
    return FileGroupReader(safety: safety, limit: loader.options.maximumFileSize)
      .read(files, as: name)
  }

  func names() throws -> [String] {
    try loader.names().filter { name in candidates(for: name).contains(where: filter.matches) }
  }

  func candidates(for name: String) -> [FilePath] {
    loader.candidates(for: name).map(\.path)
  }

  func configName(of path: FilePath) -> String? {
    loader.configName(of: path)?.name
  }
}
