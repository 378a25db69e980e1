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
    try checkThereWas([from, to])
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
    try checkThereWas([generation])
    return try await asking {
      ReloadReport.Document(try await manager.restore(config, to: generation))
    }
  }

  /// The journal takes what was in force last up to a generation. A mistyped one must not be taken for the newest.
  private func checkThereWas(_ generations: [UInt64?]) throws(ControlError) {
    let newest = manager.snapshot().generation
    for generation in generations {
      guard let generation, generation > newest else { continue }
      throw ControlError(
        code: .notFound,
        message:
          "there is no generation \(generation) yet, the newest is \(newest); see hotreload history"
      )
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
