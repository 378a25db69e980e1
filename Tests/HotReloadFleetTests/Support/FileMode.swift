import Glibc
import SystemPackage

/// The permissions of a file.
func mode(of path: FilePath) throws -> mode_t {
  var status = stat()
  guard stat(path.string, &status) == 0 else { throw Errno(rawValue: errno) }
  return status.st_mode
}
