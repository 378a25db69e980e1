import SystemPackage
import WorkspaceFiles

extension ConfigLoader {
  /// Does what a plan says. Each file is replaced in one step; what is replaced or removed has a backup before
  /// anything is changed, and links are written through or refused as saving does. Blocking, also for up to
  /// ``Workspace/updateLockWait`` while somebody else updates the config.
  ///
  /// Whoever loads the config in between sees some files restored and others not.
  ///
  /// - Parameters:
  ///   - limits: how many backups are kept.
  ///   - generation: the generation that is in force, for the backups' names.
  /// - Throws: ``ConfigError``. If a write failed, the message tells which files were restored before it.
  @discardableResult
  public func restore(
    _ plan: ConfigRestorePlan, limits: ConfigBackupLimits = ConfigBackupLimits(),
    generation: UInt64? = nil
  ) throws(ConfigError) -> ConfigRestoreResult {
    let base = try ConfigWriter(loader: self, name: plan.config, layer: .base)
    let lock = try base.lock()
    defer { withExtendedLifetime(lock) {} }

    // Whatever is refused is refused before anything is changed.
    var destinations: [ConfigWriter.Destination] = []
    for layer in plan.writes {
      let writer = try ConfigWriter(loader: self, name: plan.config, layer: layer.layer)
      destinations.append(try writer.destination(at: layer.path, format: layer.format))
    }
    var replaced: [RecordedLayer] = []
    for path in plan.writes.map(\.path) + plan.removals {
      if let now = try content(of: path, layer: .base, of: plan.config) { replaced.append(now) }
    }
    let store = ConfigBackupStore(workspace: workspace, limits: limits)
    var backups: [ConfigBackup] = []
    for file in replaced { backups.append(try store.add(file, generation: generation)) }

    var written: [FilePath] = []
    for (layer, destination) in zip(plan.writes, destinations) {
      do {
        try writeAtomically(layer.bytes, to: destination.real, permissions: layer.mode)
      } catch {
        throw base.unwritable(
          layer.path, "cannot be written: \(error)" + Self.progress(written, backups))
      }
      written.append(layer.path)
    }
    var removed: [FilePath] = []
    for path in plan.removals {
      do { try SystemCalls.removeFile(workspace.root.pushing(path)) } catch {
        if error.isAbsence { continue }
        throw base.unwritable(
          path, "cannot be removed: \(error)" + Self.progress(written + removed, backups))
      }
      removed.append(path)
    }
    return ConfigRestoreResult(written: written, removed: removed, backups: backups)
  }

  private static func progress(_ done: [FilePath], _ backups: [ConfigBackup]) -> String {
    if done.isEmpty { return "; nothing was changed" }
    let files = done.map(\.string).joined(separator: ", ")
    let kept = backups.map(\.path.string).joined(separator: ", ")
    return "; already restored: \(files)" + (kept.isEmpty ? "" : "; what was there is in \(kept)")
  }
}

extension ConfigWriter {
  /// The time between two looks at a lock that another holds, in milliseconds.
  private static let lockInterval = 5

  /// Waits for the lock that updates of the config hold.
  func lock() throws(ConfigError) -> FileLock {
    let deadline = ContinuousClock.now + Workspace.updateLockWait
    while true {
      do {
        if let lock = try FileLock.tryLock(lockPath) { return lock }
      } catch {
        throw ConfigError(
          code: .unwritable, config: name, message: "cannot make the lock \(lockPath): \(error)",
          advice: "Restoring needs a folder data/ that can be written to.")
      }
      guard ContinuousClock.now < deadline else {
        throw ConfigError(
          code: .locked, config: name,
          message: "an update holds \(lockPath) for over \(Workspace.updateLockWait)",
          advice: "Try again; if a process hangs, end it: the lock goes with it.")
      }
      SystemCalls.wait(milliseconds: Self.lockInterval)
    }
  }
}
