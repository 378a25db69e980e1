import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a folder cannot be watched, with what to do about it.
public struct WatchFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The system's error number, such as `ENOSPC`.
  public var errorNumber: CInt
  /// A sentence for the person who can mend it: what happened and what to do.
  public var description: String

  /// Creates a failure.
  public init(errorNumber: CInt, description: String) {
    self.errorNumber = errorNumber
    self.description = description
  }

  static func watchRefused(path: FilePath, errorNumber: CInt) -> WatchFailure {
    let place = path.isEmpty ? "." : path.string
    let advice =
      switch errorNumber {
      case ENOSPC:
        "the limit of inotify watches is reached; raise it with "
          + "'sysctl fs.inotify.max_user_watches=524288', or exclude folders that need no watching"
      case EMFILE, ENFILE:
        "the limit of open files is reached; raise it with 'ulimit -n'"
      case ENOMEM:
        "the kernel has no memory for it"
      default:
        String(cString: strerror(errorNumber))
      }
    return WatchFailure(
      errorNumber: errorNumber,
      description: "cannot watch the folder \(place): \(advice). It is polled until that helps")
  }

  static func noInstance(errorNumber: CInt) -> WatchFailure {
    let advice =
      errorNumber == EMFILE
      ? "the limit of inotify instances is reached; raise it with "
        + "'sysctl fs.inotify.max_user_instances=512', or use the polling backend"
      : String(cString: strerror(errorNumber))
    return WatchFailure(
      errorNumber: errorNumber, description: "cannot start watching: \(advice)")
  }
}
