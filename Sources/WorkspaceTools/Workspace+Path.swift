public import SystemPackage

extension Workspace {
  /// The absolute path of something inside the root, whether it exists or not.
  ///
  /// Blocking, for a few questions to the file system: the links on the way are looked at. What they lead to may
  /// change right after, so this guards against mistakes and against input, not against somebody who can
  /// make links inside the root at will.
  ///
  /// - Parameters:
  ///   - relative: relative to the root.
  ///   - allowingOutside: whether the path may be absolute, or leave the root.
  /// - Throws: ``WorkspaceError`` with `outsideRoot` if the path is absolute, or leaves the root by `..` or a link.
  public func path(
    _ relative: FilePath, allowingOutside: Bool = false
  ) throws(WorkspaceError) -> FilePath {
    if allowingOutside { return relative.isAbsolute ? relative : root.pushing(relative) }
    guard relative.root == nil else {
      throw outside(relative, "is absolute", "Give a path relative to \(root).")
    }
    var depth = 0
    for component in relative.components {
      depth += component.kind == .parentDirectory ? -1 : component.kind == .regular ? 1 : 0
      guard depth >= 0 else {
        throw outside(relative, "leaves the root by \"..\"", "Give a path inside \(root).")
      }
    }
    let path = root.pushing(relative)
    if let realRoot = try? SystemCalls.realPath(root), let real = nearestReal(path),
      !real.starts(with: realRoot)
    {
      throw outside(
        relative, "leaves the root by a link, to \(real)",
        "Allow paths outside where that is meant.")
    }
    return path
  }

  /// Where the part of the path that exists is, links resolved.
  private func nearestReal(_ path: FilePath) -> FilePath? {
    var path = path
    while SystemCalls.kind(of: path, followLinks: false) == nil, path != root {
      guard path.removeLastComponent() else { return nil }
    }
    // A link that leads nowhere leads to what would be made by writing to it.
    return (try? SystemCalls.realPath(path)) ?? danglingTarget(path)
  }

  private func danglingTarget(_ path: FilePath) -> FilePath? {
    guard let target = SystemCalls.linkTarget(path) else { return nil }
    let folder = (try? SystemCalls.realPath(path.removingLastComponent())) ?? root
    return (target.isAbsolute ? target : folder.pushing(target)).lexicallyNormalized()
  }

  private func outside(_ path: FilePath, _ what: String, _ advice: String) -> WorkspaceError {
    WorkspaceError(
      code: .outsideRoot, message: "\"\(path)\" \(what)", advice: advice)
  }
}
