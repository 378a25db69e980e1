import Foundation
import HotReloadTesting
import SystemPackage

/// Where measurements keep their files: in memory, so that no disk is measured.
enum ScratchFolder {
  /// tmpfs on every Linux distribution.
  static let parent: FilePath = "/dev/shm"

  /// An empty folder that is removed with its last reference.
  static func make(_ name: String) throws -> TemporaryWorkspace {
    try TemporaryWorkspace(prefix: "hotreload-bench-\(name)", in: parent)
  }
}

/// `rename(2)`, by absolute paths. Callers prepare both texts, so that only the system call is measured.
func renameFile(_ old: String, to new: String) throws {
  guard rename(old, new) == 0 else { throw Errno(rawValue: errno) }
}
