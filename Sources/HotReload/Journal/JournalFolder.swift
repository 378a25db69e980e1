import SystemPackage
import WorkspaceTools

/// The folder of one instance's journal, which one process at a time has.
struct JournalFolder: Sendable {
  /// The most instances of one name on a workspace.
  static let maximumInstances = 16
  private static let folderMode: CInterop.Mode = 0o700

  let path: FilePath
  /// Held for as long as the journal is used.
  let lock: FileLock

  /// Why no folder can be had.
  struct Failure: Error, CustomStringConvertible {
    var description: String
    /// Whether living processes have all folders.
    var isBusy = false
  }

  /// Where a workspace's journals are.
  static func parent(in workspace: Workspace) -> FilePath {
    workspace.dataDirectory.appending("hotreload")
  }

  static func path(of instance: String, in workspace: Workspace) -> FilePath {
    parent(in: workspace).appending(instance)
  }

  static func journal(in folder: FilePath) -> FilePath { folder.appending("journal.jsonl") }
  static func blobs(in folder: FilePath) -> FilePath { folder.appending("blobs") }
  private static func lock(in folder: FilePath) -> FilePath { folder.appending("lock") }

  /// Takes the folder of the instance, or that of `NAME-2`, `NAME-3`, … if another process has it. Blocking.
  static func claim(_ instance: String, in workspace: Workspace) throws(Failure) -> JournalFolder {
    guard InstanceName.isValid(instance) else {
      throw Failure(
        description:
          "\"\(instance)\" cannot be an instance's name: letters, digits, '-', '_' and '.'")
    }
    // A root that was moved away must find its place free when it comes back.
    guard SystemCalls.isDirectory(workspace.root) else {
      throw Failure(description: "\(workspace.root) is not there")
    }
    for number in 1...maximumInstances {
      let name = number == 1 ? instance : "\(instance)-\(number)"
      let folder = path(of: name, in: workspace)
      do {
        let isNew = try SystemCalls.makeDirectory(folder, mode: folderMode)
        try SystemCalls.makeDirectory(blobs(in: folder), mode: folderMode)
        if isNew {
          try SystemCalls.synchronize(folder)
          try SystemCalls.synchronize(folder.removingLastComponent())
        }
        if let lock = try FileLock.tryLock(lock(in: folder)) {
          return JournalFolder(path: folder, lock: lock)
        }
      } catch {
        throw Failure(description: "\(folder) cannot be used: \(error)")
      }
    }
    throw Failure(
      description:
        "\(path(of: instance, in: workspace)) and \(maximumInstances - 1) more like it are "
        + "in use by other processes; give this one a name of its own", isBusy: true)
  }
}
