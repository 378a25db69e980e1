public import SystemPackage

extension Workspace {
  /// The variable that names the root and wins over every search.
  public static let pathVariable = "WORKSPACE_PATH"
  /// A folder that has one of these is a root.
  public static let markerNames = ["Package.swift", ".workspace"]

  /// Finds the workspace the process is in. Blocking, for a few questions to the file system.
  ///
  /// The root is, in this order: the folder that `WORKSPACE_PATH` names; the nearest folder upward from
  /// the current one with a `Package.swift` or a `.workspace`; the nearest upward with a `.git`; the
  /// current folder.
  ///
  /// - Parameters:
  ///   - variables: the process's environment variables; nil for those of this process.
  ///   - directory: where the search starts; nil for the process's current folder.
  ///   - environmentName: nil to take it from the variables.
  ///   - loadOptions: how configs are loaded unless a call says otherwise.
  /// - Throws: ``WorkspaceError`` if `WORKSPACE_PATH` names no folder, if the variables give an impossible
  ///   environment name, or if the current folder is gone.
  public static func resolve(
    variables: [String: String]? = nil, from directory: FilePath? = nil,
    environmentName: String? = nil, loadOptions: ConfigLoadOptions = ConfigLoadOptions()
  ) throws(WorkspaceError) -> Workspace {
    let environment =
      if let environmentName {
        try WorkspaceEnvironment(name: environmentName, variables: variables)
      } else {
        try WorkspaceEnvironment(variables: variables)
      }
    let root = try resolveRoot(variables: environment.variables, from: directory)
    return Workspace(
      box: WorkspaceBox(root: root, environment: environment, loadOptions: loadOptions))
  }

  private static func resolveRoot(
    variables: [String: String], from directory: FilePath?
  ) throws(WorkspaceError) -> FilePath {
    if let named = variables[pathVariable], !named.isEmpty {
      let root = try absolute(FilePath(named), in: directory)
      guard SystemCalls.isDirectory(root) else {
        let exists = SystemCalls.kind(of: root) != nil
        throw WorkspaceError(
          code: .rootMissing,
          message: "\(pathVariable) is \"\(named)\", but \(root) "
            + (exists ? "is not a folder" : "does not exist"),
          advice:
            "Make the folder, set \(pathVariable) to the workspace's root, or unset it to search "
            + "upward from the current folder.")
      }
      return root
    }
    let start = try absolute(directory ?? FilePath("."), in: nil)
    let upward = ancestors(of: start)
    let marked = upward.first { folder in
      markerNames.contains { SystemCalls.kind(of: folder.appending($0)) != nil }
    }
    // A file named .git is a worktree's or a submodule's.
    return marked ?? upward.first { SystemCalls.kind(of: $0.appending(".git")) != nil } ?? start
  }

  /// The folder itself and those above it, the nearest first.
  private static func ancestors(of folder: FilePath) -> [FilePath] {
    var folders = [folder]
    var current = folder
    while current.removeLastComponent() { folders.append(current) }
    return folders
  }

  /// The path from the file system's root on, without `.` and `..`.
  static func absolute(
    _ path: FilePath, in directory: FilePath?
  ) throws(WorkspaceError) -> FilePath {
    var start = path
    if !path.isAbsolute {
      let base: FilePath
      if let directory {
        base = try absolute(directory, in: nil)
      } else {
        do { base = try SystemCalls.currentDirectory() } catch {
          throw WorkspaceError(
            code: .noCurrentDirectory,
            message: "\"\(path)\" starts at the current folder, and the process has none",
            advice: "Change into a folder that exists, or give an absolute path.", cause: error)
        }
      }
      start = base.pushing(path)
    }
    // `..` after a link is not the folder the link is in, so only the file system can tell.
    if start.components.contains(where: { $0.kind == .parentDirectory }),
      let real = try? SystemCalls.realPath(start)
    {
      return real
    }
    return start.lexicallyNormalized()
  }
}
