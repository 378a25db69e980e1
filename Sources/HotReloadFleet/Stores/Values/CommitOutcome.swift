/// What became of a transaction.
public enum CommitOutcome: Sendable {
  /// It was made, under this revision. One without mutations has the revision at which its conditions held.
  case succeeded(StoreRevision)
  /// A condition did not hold, and nothing was done.
  case conflict(StoreConflict)
  /// The store did not answer, and it may have been made, may be made yet, or never. Find out by ``FleetStore/resolve(_:)``, or
  /// commit the same transaction again.
  case unknown(UnknownOutcome)
}

/// What stood against a transaction.
public struct StoreConflict: Sendable, Hashable {
  /// What the store had under the keys of the conditions, in the order of the keys; a key that is not among them was not there.
  public var entries: [StoreEntry]
  /// The revision at which that was so.
  public var revision: StoreRevision

  /// Creates a conflict.
  public init(entries: [StoreEntry], revision: StoreRevision) {
    self.entries = entries
    self.revision = revision
  }

  /// What the store had under a key of the conditions; nil if there was nothing.
  public subscript(key: StoreKey) -> StoreEntry? {
    entries.first { $0.key == key }
  }
}

/// A transaction that nobody can tell the end of yet.
public struct UnknownOutcome: Sendable {
  /// Its name.
  public var operation: StoreOperationID
  /// Why it is not known.
  public var error: StoreError

  /// Creates an unknown outcome.
  public init(operation: StoreOperationID, error: StoreError) {
    self.operation = operation
    self.error = error
  }
}

/// What became of a transaction whose outcome was unknown.
public enum ResolvedOutcome: Sendable, Hashable {
  /// It was made, under this revision.
  case committed(StoreRevision)
  /// It was not made, and never will be, even if its request arrives later. Committing it again is refused.
  case abandoned
}
