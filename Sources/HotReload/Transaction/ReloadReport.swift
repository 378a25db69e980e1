public import FileWatching
public import WorkspaceTools

/// The phases of a transaction, in their order.
public enum ReloadPhase: String, Sendable, Hashable, CaseIterable {
  /// Finding the units that changed files belong to.
  case classify
  /// Reading and parsing all layers of each unit.
  case load
  /// Comparing with what was last applied.
  case compare
  /// Decoding into every type that is asked for, and asking the validators.
  case validate
  /// Making what participants make of the new content.
  case prepare
  /// Putting the new snapshot in force.
  case swap
  /// Waking the streams, and handing events to the handlers' mailboxes.
  case publish
  /// Watching the health of what was put in force.
  case verify
  /// Letting go of what was replaced.
  case retire
}

/// How one unit came out of a transaction.
public enum ReloadOutcome: Sendable, Hashable {
  /// New content is in force.
  case applied
  /// The content is the one in force already.
  case unchanged
  /// The unit had been rejected, and is good again; ``UnitReport/isChanged`` says whether with new content.
  case recovered
  /// The content is not in force, and what was in force before stays so.
  case rejected([ConfigDiagnostic])

  /// What is wrong, if it was rejected.
  public var diagnostics: [ConfigDiagnostic] {
    if case .rejected(let diagnostics) = self { diagnostics } else { [] }
  }
}

/// What one transaction did.
public struct ReloadReport: Sendable {
  /// What became of one unit.
  public struct UnitReport: Sendable, Hashable {
    /// The unit.
    public var unit: UnitID
    /// How it came out.
    public var outcome: ReloadOutcome
    /// Whether other content than before is in force.
    public var isChanged: Bool
  }

  /// How long a phase took. A phase that was not needed is not there.
  public struct PhaseDuration: Sendable, Hashable {
    /// The phase.
    public var phase: ReloadPhase
    /// Its duration.
    public var duration: Duration
  }

  /// Who asked for it; several if candidates were merged, in the order in which they came.
  public var producers: [Candidate.Producer]
  /// The generation that was in force when it ended.
  public var generation: UInt64
  /// What became of each unit, sorted by unit.
  public var units: [UnitReport]
  /// The files that had changed, as far as they belong to no config.
  public var changes: [FileChange]
  /// Which phases it went through, in order.
  public var phases: [PhaseDuration]

  /// Everything that was wrong.
  public var errors: [ConfigDiagnostic] { units.flatMap(\.outcome.diagnostics) }

  /// Whether no unit was rejected.
  public var isAccepted: Bool {
    units.allSatisfy { $0.outcome.diagnostics.isEmpty }
  }

  /// How long all of it took.
  public var duration: Duration {
    phases.reduce(.zero) { $0 + $1.duration }
  }

  /// How the unit came out; nil if the transaction did not concern it.
  public func outcome(of unit: UnitID) -> ReloadOutcome? {
    units.first { $0.unit == unit }?.outcome
  }

  /// How the config came out; nil if the transaction did not concern it.
  public func outcome(of config: String) -> ReloadOutcome? {
    outcome(of: .config(config))
  }
}
