import Foundation
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// The folder of one bundle, as it is on disk. All blocking.
enum BundleFolder {
  /// Whether it has exactly the files that the digest says, with their bytes.
  static func isWhole(_ folder: FilePath, _ digest: BundleDigest) -> Bool {
    read(folder)?.digest == digest
  }

  /// All files of a folder as a bundle; nil if anything in it cannot be part of one.
  static func read(_ folder: FilePath) -> ContentBundle? {
    var files: [ContentBundle.File] = []
    var left = ContentBundle.maximumBytes
    guard isFolder(folder), collect(folder, "", &files, &left) else { return nil }
    return try? ContentBundle(files: files)
  }

  private static func collect(
    _ folder: FilePath, _ prefix: String, _ files: inout [ContentBundle.File], _ left: inout Int
  ) -> Bool {
    let names = SystemCalls.names(in: folder)
    // Of an empty folder no file of a bundle tells.
    if names.isEmpty { return false }
    for name in names {
      let path = folder.appending(name)
      let relative = prefix + name
      guard BundlePath.problem(with: relative) == nil else { return false }
      if isFolder(path) {
        guard collect(path, relative + "/", &files, &left) else { return false }
        continue
      }
      // Links are not files of ours.
      guard files.count < ContentBundle.maximumFiles, SystemCalls.isFile(path),
        let file = try? readStably(path, limit: min(left, ContentBundle.maximumFileBytes))
      else { return false }
      left -= file.bytes.count
      files.append(ContentBundle.File(path: relative, bytes: file.bytes))
    }
    return true
  }

  private static func isFolder(_ path: FilePath) -> Bool {
    SystemCalls.isFolder(path)
  }

  /// Removes a folder with all that is in it, as far as possible.
  static func remove(_ folder: FilePath) {
    try? FileManager.default.removeItem(atPath: folder.string)
  }
}
