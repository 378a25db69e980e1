import Glibc
import SystemPackage

/// A fresh folder that is removed with all that is in it when the last reference goes.
final class TemporaryFolder: Sendable {
  let folder: Folder

  /// Creates it in `parent`, readable by every user, since some tests watch as another user.
  init(in parent: FilePath) throws {
    var template = Array(parent.appending("hotreload-XXXXXX").string.utf8CString)
    guard mkdtemp(&template) != nil, chmod(template, 0o755) == 0 else {
      throw SystemFailure(call: "mkdtemp", path: parent, errorNumber: errno)
    }
    folder = Folder(FilePath(platformString: template))
  }

  deinit {
    try? removeTree(folder.path)
  }
}

/// The two kinds of file system that differ in when events come: a rename on ext4 flushes first.
enum Disk: String, Sendable {
  case disk = "/tmp"
  case memory = "/dev/shm"

  var path: FilePath { FilePath(rawValue) }
}
