import SystemPackage
import WorkspaceFiles

/// The backups of a workspace's configs. All functions are blocking, and exclude those of other processes.
package struct ConfigBackupStore: Sendable {
  /// Backups and their folders are for who runs the program: they may hold secrets.
  private static let folderMode: CInterop.Mode = 0o700
  /// How long another process's backup is waited for.
  static let lockWait = Duration.seconds(5)
  /// The time between two looks at the lock, in milliseconds.
  private static let lockInterval = 5
  /// A temporary file this old, in nanoseconds, is of a process that died.
  private static let temporaryAge: Int64 = 3_600_000_000_000
  /// Of backups within one millisecond each gets a millisecond of its own; so many are looked for.
  private static let maximumShift: Int64 = 10_000

  let workspace: Workspace
  let limits: ConfigBackupLimits
  /// Nanoseconds since 1970.
  var now: @Sendable () -> Int64

  package init(
    workspace: Workspace, limits: ConfigBackupLimits,
    now: @escaping @Sendable () -> Int64 = SystemCalls.currentTime
  ) {
    self.workspace = workspace
    self.limits = limits
    self.now = now
  }

  /// Writes a backup of bytes that were in a file, with its permissions, and removes the oldest beyond the limits.
  package func add(
    _ file: RecordedLayer, generation: UInt64?
  ) throws(ConfigError) -> ConfigBackup {
    guard let folder = ConfigBackup.folder(of: file.path) else {
      throw ConfigError(
        code: .invalidName, config: file.path.string, message: "is no config file",
        file: file.path,
        advice: "Give a path such as config/app.toml, relative to \(workspace.root).")
    }
    do {
      try SystemCalls.makeDirectory(
        workspace.root.pushing(folder.isEmpty ? ConfigBackup.directory : folder),
        mode: Self.folderMode)
    } catch { throw unwritable(file.path, "cannot make the folder \(folder): \(error)") }
    let lock = try lock(for: file.path)
    defer { withExtendedLifetime(lock) {} }
    let backup = try unused(file.path, generation)
    do {
      try writeAtomically(
        file.bytes, to: workspace.root.pushing(backup.path), permissions: file.mode)
    } catch { throw unwritable(file.path, "\(error)") }
    prune(file.path)
    return backup
  }

  /// The backups of a file, or of all files; the newest first.
  package func list(of source: FilePath?) -> [ConfigBackup] {
    let found: [ConfigBackup]
    if let source {
      guard let folder = ConfigBackup.folder(of: source) else { return [] }
      found = backups(in: folder).filter { $0.source == source }
    } else {
      found = all(in: ConfigBackup.directory)
    }
    return found.sorted {
      $0.milliseconds != $1.milliseconds
        ? $0.milliseconds > $1.milliseconds : $0.path.string > $1.path.string
    }
  }

  private func backups(in folder: FilePath) -> [ConfigBackup] {
    SystemCalls.names(in: workspace.root.pushing(folder)).compactMap { name in
      ConfigBackup(path: folder.appending(name))
    }
  }

  private func all(in folder: FilePath) -> [ConfigBackup] {
    var found = backups(in: folder)
    for name in SystemCalls.names(in: workspace.root.pushing(folder)) {
      let below = folder.appending(name)
      // A link could lead round in a circle.
      let kind = ConfigSurvey.presence(at: workspace.root.pushing(below))
      if kind == .notAFile(.directory), !isLink(below) { found += all(in: below) }
    }
    return found
  }

  private func isLink(_ path: FilePath) -> Bool {
    SystemCalls.kind(of: workspace.root.pushing(path), followLinks: false)
      != SystemCalls.kind(of: workspace.root.pushing(path))
  }

  private func unused(
    _ source: FilePath, _ generation: UInt64?
  ) throws(ConfigError) -> ConfigBackup {
    let time = now().flooredDivision(by: 1_000_000)
    let taken = Set(list(of: source).map(\.milliseconds))
    for shift in 0..<Self.maximumShift where !taken.contains(time + shift) {
      if let backup = ConfigBackup(
        of: source, milliseconds: time + shift, generation: generation)
      {
        return backup
      }
    }
    throw unwritable(source, "the clock shows a time that has no place in a name")
  }

  private func prune(_ source: FilePath) {
    let time = now()
    let oldest = time.subtractingClamped(limits.maximumAge.nanosecondsClamped)
      .flooredDivision(by: 1_000_000)
    for (index, backup) in list(of: source).enumerated() where index > 0 {
      if backup.milliseconds < oldest || index >= limits.maximumCount {
        try? SystemCalls.removeFile(workspace.root.pushing(backup.path))
      }
    }
    removeLeftovers(of: source, before: time.subtractingClamped(Self.temporaryAge))
  }

  /// Removes what writers left that died while they wrote.
  private func removeLeftovers(of source: FilePath, before time: Int64) {
    guard let folder = ConfigBackup.folder(of: source) else { return }
    for name in SystemCalls.names(in: workspace.root.pushing(folder))
    where name.hasPrefix(".") && name.hasSuffix(".tmp") {
      let path = workspace.root.pushing(folder).appending(name)
      if case .file(let stamp, link: nil) = ConfigSurvey.presence(at: path),
        stamp.modifiedNanoseconds < time
      {
        try? SystemCalls.removeFile(path)
      }
    }
  }

  private func lock(for source: FilePath) throws(ConfigError) -> FileLock {
    let path = workspace.dataDirectory.pushing("locks/backups.lock")
    let deadline = ContinuousClock.now + Self.lockWait
    while true {
      do {
        if let lock = try FileLock.tryLock(path) { return lock }
      } catch { throw unwritable(source, "cannot make the lock \(path): \(error)") }
      guard ContinuousClock.now < deadline else {
        throw ConfigError(
          code: .locked, config: source.string,
          message: "another process holds \(path) for over \(Self.lockWait)", file: source,
          advice: "Try again; if a process hangs, end it: the lock goes with it.")
      }
      SystemCalls.wait(milliseconds: Self.lockInterval)
    }
  }

  private func unwritable(_ source: FilePath, _ message: String) -> ConfigError {
    ConfigError(
      code: .unwritable, config: source.string, message: "cannot be backed up: \(message)",
      file: source)
  }
}
