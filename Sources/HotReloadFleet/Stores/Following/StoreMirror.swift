/// What a range of a store has, kept up to date by what a watch tells: a pure state machine.
public struct StoreMirror: Sendable {
  /// What the range has.
  public private(set) var entries: [StoreKey: StoreEntry] = [:]
  /// Up to which revision that is known.
  public private(set) var revision = StoreRevision.zero

  /// A mirror of an empty range.
  public init() {}

  /// Takes in what a commit changed; what is older than what is known already changes nothing.
  /// - Returns: what is new.
  public mutating func apply(_ batch: StoreChanges) -> [StoreChange] {
    revision = max(revision, batch.revision)
    return batch.changes.filter { change in
      switch change {
      case .put(let entry):
        if let known = entries[entry.key], known.modRevision >= entry.modRevision { return false }
        entries[entry.key] = entry
      case .deleted(let key):
        guard let known = entries[key], known.modRevision < batch.revision else { return false }
        entries[key] = nil
      }
      return true
    }
  }

  /// Takes in all that the range has, as it was read anew.
  /// - Parameter revision: that of the first page, if there were several: what was changed in between is told by a watch from there.
  /// - Returns: how that differs from what was known, in the order of the keys.
  public mutating func replace(
    with current: [StoreEntry], at revision: StoreRevision
  ) -> [StoreChange] {
    var next: [StoreKey: StoreEntry] = [:]
    for entry in current { next[entry.key] = entry }
    var changes = next.values.filter { entries[$0.key] != $0 }.map { StoreChange.put($0) }
    changes += entries.keys.filter { next[$0] == nil }.map { .deleted($0) }
    entries = next
    self.revision = max(self.revision, revision)
    return changes.sorted { $0.key < $1.key }
  }
}
