public import SystemPackage
import WorkspaceFiles

extension Workspace {
  /// The largest number of files ``findResources(_:excluding:limit:)`` finds unless told otherwise.
  public static let defaultResourceLimit = 100_000

  /// The files below the root that match a glob, such as `templates/**/*.html`.
  ///
  /// Only regular files, and links to one inside the root, are found; names that start with a dot are found
  /// like others. Folders below which nothing can match are not listed.
  ///
  /// - Parameters:
  ///   - glob: relative to the root.
  ///   - excluding: globs of what not to find; an excluded folder excludes all below it.
  ///   - limit: the largest number of files to find.
  /// - Returns: paths relative to the root, sorted by their bytes.
  /// - Throws: ``WorkspaceError`` if a glob is malformed, the root is missing, a folder cannot be listed, or
  ///   more files match than `limit`.
  public func findResources(
    _ glob: String, excluding: [String] = [], limit: Int = Workspace.defaultResourceLimit
  ) async throws -> [FilePath] {
    let filter: PathFilter
    do { filter = try PathFilter(include: [glob], exclude: excluding) } catch {
      throw WorkspaceError(
        code: .invalidPattern, message: "\(error)",
        advice:
          "Globs have **, *, ?, [a-z], [!a-z], {a,b}; a backslash takes the next character as it is.",
        cause: error)
    }
    let finder = ResourceFinder(root: root, filter: filter, limit: limit)
    return try await BlockingExecutor.shared.run { try finder.find() }
  }
}
