import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// The configs of a workspace.
struct WorkspaceConfigSource: ConfigSource {
  let loader: ConfigLoader
  /// Which files are watched: configs of which none is are loaded only if somebody asks for them.
  let filter: PathFilter
  /// The workspace that the loader's folder takes the place of; nil if it reads the workspace itself.
  var owner: Workspace?

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
      root: loader.workspace.root, allowingLinksOutside: loader.options.allowsLinksOutOfRoot)
    return FileGroupReader(safety: safety, limit: loader.options.maximumFileSize)
      .read(files, as: name)
  }

  func brings(_ files: [FilePath]) -> Bool {
    guard owner != nil else { return false }
    return files.contains { SystemCalls.kind(of: loader.workspace.root.pushing($0)) != nil }
  }

  func reading(from folder: FilePath?) -> any ConfigSource {
    guard let folder else {
      guard let owner else { return self }
      return WorkspaceConfigSource(
        loader: ConfigLoader(workspace: owner, options: loader.options), filter: filter)
    }
    let owner = owner ?? loader.workspace
    return WorkspaceConfigSource(
      loader: loader.reading(from: folder, of: owner), filter: filter, owner: owner)
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
