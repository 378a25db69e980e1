import Foundation
import HotReloadTesting
import SystemPackage

/// A tree of folders with ten files each, in hundreds below the root.
struct FolderTree {
  /// How many files each folder has.
  static let filesPerFolder = 10
  private static let foldersPerParent = 100

  /// Folders with files; those above them come on top.
  let folders: Int
  private let scratch: TemporaryWorkspace

  /// The root.
  var root: FilePath { scratch.root }

  /// Makes the tree.
  init(folders: Int) throws {
    self.folders = folders
    scratch = try ScratchFolder.make("tree")
    for index in 0..<folders {
      let folder = root.appending("parent-\(index / Self.foldersPerParent)")
        .appending("folder-\(index % Self.foldersPerParent)")
      try scratch.makeDirectory(folder)
      for file in 0..<Self.filesPerFolder {
        let descriptor = open("\(folder)/file-\(file).txt", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        close(descriptor)
      }
    }
  }
}

/// The floor of a watcher's start: one thread that watches each folder and lists it, and asks for nothing else.
enum PlainCrawl {
  /// Watches and lists everything below a folder.
  /// - Returns: the inotify descriptor, for the caller to close, and how many entries there are.
  static func run(_ root: FilePath) throws -> (descriptor: CInt, entries: Int) {
    let descriptor = inotify_init1(CInt(IN_CLOEXEC))
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    var path = Array(root.string.utf8CString.dropLast())
    return (descriptor, try visit(&path, descriptor))
  }

  /// - Parameter path: without the NUL at its end; the same when this returns.
  private static func visit(_ path: inout [CChar], _ descriptor: CInt) throws -> Int {
    let length = path.count
    path.append(0)
    let mask = UInt32(
      IN_CREATE | IN_DELETE | IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO)
    guard inotify_add_watch(descriptor, path, mask) >= 0, let folder = opendir(path) else {
      throw Errno(rawValue: errno)
    }
    defer { closedir(folder) }
    path[length] = CChar(bitPattern: UInt8(ascii: "/"))
    var entries = 0
    while let entry = readdir(folder) {
      let isFolder = entry.pointee.d_type == UInt8(DT_DIR)
      try withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        try tuple.withMemoryRebound(to: CChar.self, capacity: 256) { name in
          let isHere = name[0] == 46 && (name[1] == 0 || (name[1] == 46 && name[2] == 0))
          guard !isHere else { return }
          entries += 1
          guard isFolder else { return }
          path.append(contentsOf: UnsafeBufferPointer(start: name, count: strlen(name)))
          entries += try visit(&path, descriptor)
          path.removeSubrange((length + 1)...)
        }
      }
    }
    path.removeSubrange(length...)
    return entries
  }
}
