extension ReloadOutcome {
  /// An outcome without its reasons. The raw values are what logs, metrics, spans and JSON call it.
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// See ``ReloadOutcome/applied``.
    case applied
    /// See ``ReloadOutcome/unchanged``.
    case unchanged
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
    case .recovered: 2
    case .quarantined: 3
    case .rejected: 4
    case .refused: 5
    case .rolledBack: 6
    }
  }
}
