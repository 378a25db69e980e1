package import HotReload
package import WorkspaceTools

/// What a journal says, in the form in which instances answer: for those that run, and for what one that has ended left
/// behind. Blocking, as the reader itself. Nothing is hidden.
extension JournalReader {
  /// What happened to a config, or to all, the newest first, at most `limit` entries.
  ///
  /// - Parameter snapshot: what is in force; nil if nothing runs.
  package func controlHistory(
    of config: String?, limit: Int, inForce snapshot: Snapshot? = nil
  ) throws(JournalError) -> ControlHistory {
    let entries = try history(unit: config.map(UnitID.config)).lazy
      .compactMap { ControlHistory.Entry($0, snapshot) }
    return ControlHistory(entries: Array(entries.prefix(limit)))
  }

  /// What differs between two generations of a config: the newest and what was before it, if none is given.
  package func controlDiff(
    of config: String, from: UInt64?, to: UInt64?, by loader: ConfigLoader
  ) throws -> ControlDiff {
    let newer = try content(of: .config(config), at: to)
    let older = try from.map { try content(of: .config(config), at: $0) } ?? before(newer)
    let differences = try difference(
      of: config, from: older.generation, to: newer.generation, by: loader, redacting: .none)
    return ControlDiff(
      config: config, from: older.generation, to: newer.generation,
      differences: differences.map { ControlDiff.Difference($0) })
  }

  /// What was in force before a content.
  private func before(_ newer: RecordedContent) throws(JournalError) -> RecordedContent {
    for entry in try history(unit: newer.unit) {
      guard case .applied(let content) = entry.event else { continue }
      if content.generation < newer.generation { return content }
    }
    throw JournalError(
      code: .unknownContent,
      message:
        "\(newer.unit) was nothing else before generation \(newer.generation), as far as is known: there is "
        + "nothing to compare with")
  }
}

extension ControlHistory.Entry {
  /// What an entry says of a config; nil for what is only of use to the journal itself.
  fileprivate init?(_ entry: JournalEntry, _ snapshot: Snapshot?) {
    switch entry.event {
    case .applied(let content):
      guard let name = content.unit.eventName else { return nil }
      self.init(
        at: entry.nanoseconds, config: name, generation: content.generation, outcome: "applied",
        digest: "\(content.fingerprint)",
        isInForce: snapshot?.generation(of: name) == content.generation)
    case .rejected(let unit, let generation, let diagnostics):
      guard let name = unit.eventName else { return nil }
      self.init(
        at: entry.nanoseconds, config: name, generation: generation, outcome: "rejected",
        errors: diagnostics.map { ConfigDiagnostic.Document($0) })
    case .removed(let unit, let generation):
      guard let name = unit.eventName else { return nil }
      self.init(
        at: entry.nanoseconds, config: name, generation: generation, outcome: "removed")
    case .rolledBack(let unit, let from, _, let reason):
      guard let name = unit.eventName else { return nil }
      self.init(
        at: entry.nanoseconds, config: name, generation: from, outcome: "rolledBack",
        errors: [ConfigDiagnostic.Document(ConfigDiagnostic(location: nil, message: reason))])
    case .quarantined(let key, let reason):
      guard let name = key.unit.eventName else { return nil }
      self.init(
        at: entry.nanoseconds, config: name, generation: 0, outcome: "quarantined",
        digest: "\(key.fingerprint)",
        errors: [ConfigDiagnostic.Document(ConfigDiagnostic(location: nil, message: reason))])
    case .started, .stopped, .attemptBegun, .attemptClosed, .attemptDied, .lastGood,
      .quarantineCleared, .generation:
      return nil
    }
  }
}
