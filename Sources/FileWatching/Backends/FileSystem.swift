import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension FileSystem {
  /// The process's current folder; the root folder if it has been deleted.
  static func workingDirectory() -> FilePath {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return FilePath(platformString: path)
  }

  /// What a failed call on a folder means for watching it.
  enum Failure {
    /// It is not there, or no folder any more.
    case missing
    /// This user may not read it.
    case denied
    /// A limit was reached; trying later may help.
    case exhausted
  }

  static func failure(_ errorNumber: CInt) -> Failure {
    switch errorNumber {
    case ENOENT, ENOTDIR, ELOOP, ESTALE, ENXIO, ENODEV, ENAMETOOLONG: .missing
    case EACCES, EPERM: .denied
    default: .exhausted
    }
  }
}
