import SystemPackage
import WorkspaceFiles

extension ConfigLoader {
  /// The largest number of config files that are looked for names.
  public static let maximumFiles = 100_000

  /// The names of all configs below `config/`, sorted, also of those that have overlays of this environment
  /// and no base. Blocking.
  ///
  /// A config that has only a `.NAME.EXT` at the root is not listed, since that is where the settings of many
  /// tools are; it is found by its name all the same.
  ///
  /// - Throws: ``WorkspaceError`` if a folder cannot be listed, or there are more than ``maximumFiles`` files.
  public func names() throws(WorkspaceError) -> [String] {
    guard SystemCalls.isDirectory(workspace.configDirectory) else { return [] }
    let filter: PathFilter
    do { filter = try Self.configFiles.get() } catch {
      throw WorkspaceError(code: .invalidPattern, message: "\(error)", cause: error)
    }
    let finder = ResourceFinder(
      root: workspace.root, filter: filter, limit: Self.maximumFiles,
      followsLinksOut: options.allowsLinksOutOfRoot)
    let names = Set(try finder.find().compactMap { configName(of: $0)?.name })
    return names.sorted()
  }

  /// Every file that may be a config's. Compiled once: it takes longer than looking through a folder of some files.
  private static let configFiles = Result {
    let endings = ConfigFiles.extensions.map(\.name).joined(separator: ",")
    let directory = ConfigFiles.directory.string
    return try PathFilter(
      include: ["\(directory)/**/*.{\(endings)}"], exclude: ["\(directory)/**/.*"])
  }
}
