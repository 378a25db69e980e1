import Foundation
import HotReloadTesting
import Synchronization
import SystemPackage

/// Where measurements keep their files: in memory, so that no disk is measured.
enum ScratchFolder {
  /// tmpfs on every Linux distribution.
  static let parent: FilePath = "/dev/shm"

  private static let made = Mutex<[FilePath]>([])

  /// An empty folder that is removed with its last reference.
  static func make(_ name: String) throws -> TemporaryWorkspace {
    let folder = try TemporaryWorkspace(prefix: "hotreload-bench-\(name)", in: parent)
    made.withLock { $0.append(folder.root) }
    return folder
  }

  /// Removes those that are still there at the end: threads that are about to end may have the last reference.
  static func removeAll() {
    for folder in made.withLock({ $0 }) {
      try? FileManager.default.removeItem(atPath: folder.string)
    }
  }
}

/// `rename(2)`, by absolute paths. Callers prepare both texts, so that only the system call is measured.
func renameFile(_ old: String, to new: String) throws {
  guard rename(old, new) == 0 else { throw Errno(rawValue: errno) }
}
