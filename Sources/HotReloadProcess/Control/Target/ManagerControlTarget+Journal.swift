import HotReload
import SystemPackage
import WorkspaceFiles
import WorkspaceTools

/// What is asked of the manager's journal.
extension ManagerControlTarget {
  /// What happened to a config, or to all.
  public func history(of config: String?, limit: Int) async throws -> ControlHistory {
    let reader = try await reader()
    let snapshot = manager.snapshot()
    return try await asking {
      try await BlockingExecutor.shared.run {
        try reader.controlHistory(of: config, limit: limit, inForce: snapshot)
      }
    }
  }

  /// What differs between two generations of a config: what is in force and what was before it, if none is given.
  public func diff(of config: String, from: UInt64?, to: UInt64?) async throws -> ControlDiff {
    let reader = try await reader()
    let loader = ConfigLoader(
      workspace: manager.workspace, options: manager.configuration.loadOptions)
    return try await asking {
      try await BlockingExecutor.shared.run {
        try reader.controlDiff(of: config, from: from, to: to, by: loader)
      }
    }
  }

  /// Puts what a config was in a generation in force again.
  public func restore(_ config: String, generation: UInt64) async throws -> ReloadReport.Document {
    try await asking {
      ReloadReport.Document(try await manager.restore(config, to: generation))
    }
  }

  /// The journal with all that has happened so far in it.
  private func reader() async throws -> JournalReader {
    guard let journal = manager.journal else {
      throw ControlError(
        code: .notAvailable,
        message:
          "the instance keeps no journal, so nothing is known of what was; see keeps_journal in "
          + "hotreload.toml")
    }
    await manager.flushJournal()
    return journal
  }
}
