import FileWatching
public import SystemPackage
import WorkspaceFiles
public import WorkspaceTools

extension HotReloadManager {
  /// Reads what happened to this instance, also before this process. Nil if no journal is kept.
  ///
  /// What has just happened may not be in there yet; see ``flushJournal()``.
  public var journal: JournalReader? { recorder?.journal.reader }

  /// The folder of this instance's journal, which is also the place of its control socket; nil if no journal is kept
  /// or no folder could be had.
  public var journalFolder: FilePath? { recorder?.journal.folder }

  /// Whether what happens is written down; nil if no journal is kept.
  public var journalHealth: JournalHealth? { recorder?.journal.health }

  /// Waits until all that has happened is in the journal, or cannot be written now.
  public func flushJournal() async {
    await recorder?.journal.flush()
  }

  /// Puts what a config was in a generation in force again, by writing its files.
  ///
  /// They are checked first as any change is, with the types and validators of this process; what they replace has a
  /// backup in `data/backups/configs/`. No reload sees only some of them as they were.
  ///
  /// - Parameters:
  ///   - name: the config's name.
  ///   - generation: the newest content of it that was in force up to this generation is taken.
  /// - Returns: what the reload came to.
  /// - Throws: ``JournalError`` if nothing is known of that generation; `ConfigError` if the files cannot be written;
  ///   ``HotReloadError`` with the code `configRejected` if it would be refused now, `paused`, or `noJournal`, and then
  ///   nothing is written; else as ``submit(_:)``.
  @discardableResult
  public func restore(_ name: String, to generation: UInt64) async throws -> ReloadReport {
    try Reentrancy.check("restore(_:to:)")
    guard configuration.contentMode == .workspace else {
      throw HotReloadError(
        code: .managed,
        message:
          "what is in force does not come from this workspace's own files, so nothing was written; propose the "
          + "earlier content to whoever manages it, such as the fleet")
    }
    guard let recorder else {
      throw HotReloadError(
        code: .noJournal,
        message: "no journal is kept, so nothing is known of generation \(generation)")
    }
    await recorder.journal.flush()
    let reader = recorder.journal.reader
    let loader = ConfigLoader(workspace: workspace, options: configuration.loadOptions)
    let config = try await BlockingExecutor.shared.run {
      _ = try reader.restorePlan(for: name, at: generation, by: loader)
      return try reader.config(name, at: generation, by: loader)
    }
    let errors = try await driver.check(.config(config), as: .config(name))
    guard errors.isEmpty else {
      throw HotReloadError(
        code: .configRejected,
        message:
          "config \(name) of generation \(generation) would be refused now; nothing was written",
        diagnostics: errors)
    }
    let limits = configuration.backupLimits
    return try await driver.rewrite(.config(name)) { current in
      // The files may be others by now than when it was checked that they can be written.
      let plan = try reader.restorePlan(for: name, at: generation, by: loader)
      try loader.restore(plan, limits: limits, generation: current)
    }
  }

  /// Checks what is on disk as a reload would, with the types and validators of this process, and applies nothing.
  ///
  /// Participants are not asked: what they make, they make to be used.
  ///
  /// - Parameter names: the configs; nil for every one there is.
  /// - Returns: what is wrong with each of them; empty for those that are good.
  /// - Throws: ``HotReloadError`` with the code `reentrant` or `shutDown`.
  public func check(_ names: [String]? = nil) async throws -> [String: [ConfigDiagnostic]] {
    try Reentrancy.check("check(_:)")
    return try await driver.check(names)
  }
}
