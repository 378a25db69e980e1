extension ReloadOutcome {
  /// An outcome without its reasons. The raw values are what logs, metrics, spans and JSON call it.
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// See ``ReloadOutcome/applied``.
    case applied
    /// See ``ReloadOutcome/unchanged``.
    case unchanged
    /// See ``ReloadOutcome/removed``.
    case removed
    /// See ``ReloadOutcome/recovered``.
    case recovered
    /// See ``ReloadOutcome/rejected(_:)``.
    case rejected
    /// See ``ReloadOutcome/refused(by:_:)``.
    case refused
    /// See ``ReloadOutcome/quarantined(reason:)``.
    case quarantined
    /// See ``ReloadOutcome/rolledBack(reason:)``.
    case rolledBack
  }

  /// The outcome without its reasons.
  public var kind: Kind {
    switch self {
    case .applied: .applied
    case .unchanged: .unchanged
    case .removed: .removed
    case .recovered: .recovered
    case .rejected: .rejected
    case .refused: .refused
    case .quarantined: .quarantined
    case .rolledBack: .rolledBack
    }
  }
}

extension ReloadOutcome.Kind {
  /// The gravest outcome is the one that a transaction is called by.
  package var gravity: Int {
    switch self {
    case .unchanged: 0
    case .applied: 1
    case .removed: 2
    case .recovered: 3
    case .quarantined: 4
    case .rejected: 5
    case .refused: 6
    case .rolledBack: 7
    }
  }
}
