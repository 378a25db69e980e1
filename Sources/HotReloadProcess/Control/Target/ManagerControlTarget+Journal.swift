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
        let unit = config.map(UnitID.config)
        let entries = try reader.history(unit: unit).lazy
          .compactMap { ControlHistory.Entry($0, snapshot) }
        return ControlHistory(entries: Array(entries.prefix(limit)))
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
        let newer = try reader.content(of: .config(config), at: to)
        let older = try reader.content(
          of: .config(config), at: from ?? (newer.generation > 0 ? newer.generation - 1 : 0))
        let differences = try reader.difference(
          of: config, from: older.generation, to: newer.generation, by: loader, redacting: .none)
        return ControlDiff(
          config: config, from: older.generation, to: newer.generation,
          differences: differences.map { ControlDiff.Difference($0) })
      }
    }
  }

  /// Puts what a config was in a generation in force again.
  public func restore(_ config: String, generation: UInt64) async throws -> ControlReport {
    try await asking { ControlReport(try await manager.restore(config, to: generation)) }
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

extension ControlHistory.Entry {
  /// What an entry says of a config; nil for what is only of use to the journal itself.
  init?(_ entry: JournalEntry, _ snapshot: Snapshot) {
    switch entry.event {
    case .applied(let content):
      guard let name = content.unit.eventName else { return nil }
      self.init(
        at: entry.nanoseconds, config: name, generation: content.generation, outcome: "applied",
        digest: "\(content.fingerprint)",
        isInForce: snapshot.generation(of: name) == content.generation)
    case .rejected(let unit, let generation, let diagnostics):
      guard let name = unit.eventName else { return nil }
      self.init(
        at: entry.nanoseconds, config: name, generation: generation, outcome: "rejected",
        errors: diagnostics.map { ControlDiagnostic($0) })
    case .rolledBack(let unit, let from, _, let reason):
      guard let name = unit.eventName else { return nil }
      self.init(
        at: entry.nanoseconds, config: name, generation: from, outcome: "rolledBack",
        errors: [ControlDiagnostic(ConfigDiagnostic(location: nil, message: reason))])
    case .quarantined(let key, let reason):
      guard let name = key.unit.eventName else { return nil }
      self.init(
        at: entry.nanoseconds, config: name, generation: 0, outcome: "quarantined",
        digest: "\(key.fingerprint)",
        errors: [ControlDiagnostic(ConfigDiagnostic(location: nil, message: reason))])
    case .started, .stopped, .attemptBegun, .attemptClosed, .attemptDied, .lastGood,
      .quarantineCleared, .generation:
      return nil
    }
  }
}
