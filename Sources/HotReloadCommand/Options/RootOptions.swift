import ArgumentParser
import Glibc
import SystemPackage

/// Which folder a command is about.
struct RootOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The workspace's folder. Default: the current folder.",
      valueName: "folder"))
  var root: String?

  func validate() throws {
    if let root, root.isEmpty { throw ValidationError("--root must not be empty.") }
  }

  /// The root's absolute path; links in it are not resolved.
  func path() throws -> FilePath {
    try absolute(FilePath(root ?? "."))
  }
}

/// The path made absolute against the current folder, without `.` and `..` components.
func absolute(_ path: FilePath) throws -> FilePath {
  if path.isAbsolute { return path.lexicallyNormalized() }
  guard let current = getcwd(nil, 0) else { throw Errno(rawValue: errno) }
  defer { free(current) }
  return FilePath(platformString: current).pushing(path).lexicallyNormalized()
}
