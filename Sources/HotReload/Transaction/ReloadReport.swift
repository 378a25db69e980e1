public import FileWatching
public import SystemPackage
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
  /// Letting new products take over from those before.
  case activate
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
  /// It was in force and is no more, because the content that came into force does not have it.
  case removed
  /// The unit had been rejected, and is good again; ``UnitReport/isChanged`` says whether with new content.
  case recovered
  /// The content on disk is not in force, and what was in force before stays so. When a process starts, the last
  /// good content may take its place; then ``ReloadReport/UnitReport/isChanged`` is true.
  case rejected([ConfigDiagnostic])
  /// As rejected, by a participant that could not make anything of it.
  case refused(by: String, [ConfigDiagnostic])
  /// As rejected, because the same content was rolled back before.
  case quarantined(reason: String)
  /// What was in force before is so again, because the newer content did not outlive its bake.
  case rolledBack(reason: String)

  /// Why what is on disk is not in force; empty if it is.
  public var diagnostics: [ConfigDiagnostic] {
    switch self {
    case .applied, .unchanged, .removed, .recovered: []
    case .rejected(let diagnostics): diagnostics
    case .refused(let name, let diagnostics):
      diagnostics.map { diagnostic in
        // A place in a template or an asset says it all.
        if let file = diagnostic.location?.file, Classifier.isContent(file: file) {
          return diagnostic
        }
        var named = diagnostic
        named.message = "\(name) refused it: \(diagnostic.message)"
        return named
      }
    case .quarantined(let reason), .rolledBack(let reason):
      [
        ConfigDiagnostic(
          location: nil,
          message: "this content was rolled back, because \(reason); it does not come into force "
            + "again until it differs")
      ]
    }
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
  /// The folder that what is in force comes from, since this transaction or still; nil for the workspace's own files. A
  /// candidate's folder is in here if all of it passed.
  public var contentFolder: FilePath?
  /// Whether content that was to come into force as a whole is not. A file group of the machine's own may have been refused at the same
  /// time, and says nothing of that: ``isAccepted`` is about everything.
  public var isContentRefused = false
  /// Why nothing could be said of the content as a whole, such as that there is no such folder; nil if it could be read.
  public var failure: ConfigDiagnostic?
  /// Which phases it went through, in order.
  public var phases: [PhaseDuration]

  /// Everything that was wrong.
  public var errors: [ConfigDiagnostic] {
    guard let failure else { return units.flatMap(\.outcome.diagnostics) }
    // The units that it concerns say the same.
    return [failure] + units.flatMap(\.outcome.diagnostics).filter { $0 != failure }
  }

  /// Whether no unit was rejected.
  public var isAccepted: Bool {
    failure == nil && units.allSatisfy { $0.outcome.diagnostics.isEmpty }
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
