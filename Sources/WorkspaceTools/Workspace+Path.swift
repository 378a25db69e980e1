public import SystemPackage
import WorkspaceFiles

extension Workspace {
  /// The absolute path of something inside the root, whether it exists or not. Links in it are kept as they
  /// are named.
  ///
  /// Blocking, for a question to the file system for each part of the path. What links lead to may change right
  /// after, so this guards against mistakes and against input, not against somebody who can make links
  /// inside the root at will.
  ///
  /// - Parameters:
  ///   - relative: relative to the root; the empty path is the root.
  ///   - allowingOutside: whether the path may be absolute, have `..` in it, or leave the root.
  /// - Throws: ``WorkspaceError`` with `outsideRoot` if the path is absolute, has `..` in it, or leaves the root by
  ///   a link.
  public func path(
    _ relative: FilePath, allowingOutside: Bool = false
  ) throws(WorkspaceError) -> FilePath {
    if allowingOutside { return relative.isAbsolute ? relative : root.pushing(relative) }
    if relative.isEmpty { return root }
    do { _ = try PathSafety(root: root).resolve(relative) } catch {
      switch error.reason {
      // Below a root that does not exist yet there are no links.
      case .unreadable(.noSuchFileOrDirectory): break
      case .unreadable:
        throw WorkspaceError(
          code: .fileSystem, message: "cannot tell where \"\(relative)\" in \(root) leads",
          cause: error)
      default:
        throw WorkspaceError(
          code: .outsideRoot, message: "\"\(relative)\" is no path inside \(root)",
          cause: error)
      }
    }
    return root.pushing(relative)
  }
}
