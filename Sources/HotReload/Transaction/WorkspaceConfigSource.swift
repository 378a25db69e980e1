import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// The configs of a workspace.
struct WorkspaceConfigSource: ConfigSource {
  let loader: ConfigLoader
  /// Which files are watched: configs of which none is are loaded only if somebody asks for them.
  let filter: PathFilter
  /// Where a file group is read of which nothing is in the loader's workspace; nil if that is the workspace itself.
  var workspace: Workspace?

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
      root: root(of: files),
      allowingLinksOutside: loader.options.allowsLinksOutOfRoot)
    return FileGroupReader(safety: safety, limit: loader.options.maximumFileSize)
      .read(files, as: name)
  }

  private func root(of group: [FilePath]) -> FilePath {
    let root = loader.workspace.root
    guard let workspace, !group.contains(where: { SystemCalls.kind(of: root.pushing($0)) != nil })
    else {
      return root
    }
    return workspace.root
  }

  func reading(from folder: FilePath?) -> any ConfigSource {
    let own = workspace ?? loader.workspace
    var loader = loader
    if let folder {
      loader = loader.reading(from: folder, of: own)
    } else if let workspace {
      loader = ConfigLoader(workspace: workspace, options: loader.options)
    }
    return WorkspaceConfigSource(
      loader: loader, filter: filter, workspace: folder == nil ? nil : own)
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
