import FileWatching
import SystemPackage

/// Runs a watcher of a fresh root, without a recorder: for what is about sequences and several consumers.
func watch(
  _ setting: Setting, _ subscriptions: [FileWatcher.Subscription],
  reconcileInterval: Duration = .seconds(60), prepare: (Folder) throws -> Void = { _ in },
  body: (FileWatcher, Folder) async throws -> Void
) async throws {
  let temporary = try TemporaryFolder(in: setting.disk.path)
  try temporary.folder.makeFolder("root")
  let root = temporary.folder.folder("root")
  try prepare(root)
  await waitForClockTick()
  let watcher = try await FileWatcher.start(
    root: root.path, subscriptions: subscriptions,
    options: FileWatcher.Options(
      backend: setting.backend, pollInterval: .milliseconds(10),
      reconcileInterval: reconcileInterval))
  do {
    try await body(watcher, root)
  } catch {
    await watcher.stop()
    throw error
  }
  await watcher.stop()
}

/// What these changes come to.
func net(_ changes: [FileChange]) -> NetChanges {
  NetChanges([ChangeSet(number: 1, changes: changes)])
}
