public import SystemPackage

/// Why a path was not accepted.
public struct PathSafetyError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong with the path.
  public enum Reason: Sendable, Hashable {
    /// There is no path.
    case empty
    /// It begins with "/".
    case absolute
    /// It has a `..` component.
    case hasParentComponent
    /// It has a NUL byte.
    case hasNUL
    /// A link on it leads out of the root.
    case leavesRoot(to: FilePath)
    /// The system could not follow it.
    case unreadable(errno: Errno)
  }

  /// The path as it was given.
  public var path: FilePath
  /// What is wrong with it.
  public var reason: Reason

  /// What is wrong with which path, and what to do.
  public var description: String {
    switch reason {
    case .empty: "an empty path names nothing: give a path relative to the root"
    case .absolute: "\(path) is absolute: give a path relative to the root"
    case .hasParentComponent: "\(path) has a \"..\" in it: give a path below the root, without it"
    case .hasNUL: "\(path) goes on after a NUL byte: no file can have that name"
    case .leavesRoot(let target):
      "\(path) leads to \(target), outside the root: move the file below the root, or allow links "
        + "to lead outside"
    case .unreadable(let errno):
      "\(path) cannot be followed (\(errno)): check its links and the permissions of its folders"
    }
  }
}
