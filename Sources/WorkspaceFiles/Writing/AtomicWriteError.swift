public import SystemPackage

/// Why a file could not be written as a whole.
public struct AtomicWriteError: Error, Sendable, Hashable, CustomStringConvertible {
  /// How far the write had come.
  public enum Step: String, Sendable, Hashable {
    /// Following the links at the path.
    case resolve = "its links could not be followed"
    /// The path leads to something that is not a regular file.
    case notAFile = "it is not a regular file"
    /// Opening the folder.
    case openFolder = "its folder could not be opened"
    /// Creating the temporary file beside it.
    case create = "no temporary file could be made beside it"
    /// Writing the content, or making it durable.
    case write = "the content could not be written"
    /// Putting the temporary file in place.
    case replace = "it could not be replaced"
    /// The new content is in place, but may not survive a loss of power.
    case syncFolder = "it was replaced, but that may not survive a loss of power"
  }

  /// The path as the caller gave it.
  public var path: FilePath
  /// How far the write had come. The file is unchanged, unless this is ``Step/syncFolder``.
  public var step: Step
  /// The system's reason.
  public var errno: Errno

  /// What happened to which path, and what to do.
  public var description: String {
    let advice =
      switch errno {
      case .noSpace, .diskQuotaExceeded: "free some space"
      case .permissionDenied, .notPermitted: "give this process permission to write its folder"
      case .readOnlyFileSystem: "the file system is read-only"
      case .noSuchFileOrDirectory, .notDirectory: "create its folder first"
      case .tooManySymbolicLinkLevels: "its links lead in a circle"
      case .isDirectory: "choose the path of a file"
      default: "check the file system"
      }
    let state = step == .syncFolder ? "" : "; what was there is unchanged"
    return "cannot write \(path): \(step.rawValue) (\(errno))\(state): \(advice)"
  }
}
