/// A watch of a ``StoreState``: where it is.
public struct StoreWatchCursor: Sendable {
  /// What is watched.
  public let range: StoreRange
  /// All up to here was told, or touched nothing in the range.
  public private(set) var revision: StoreRevision
  /// Whether it ended with `compacted`.
  public private(set) var hasEnded = false

  /// A watch of what each commit after a revision changes in a range.
  public init(_ range: StoreRange, after revision: StoreRevision) {
    self.range = range
    self.revision = revision
  }

  /// The next event; nil if there is none now.
  public mutating func next(in state: StoreState) -> StoreWatchEvent? {
    guard !hasEnded else { return nil }
    guard let commits = state.commits(after: revision) else {
      hasEnded = true
      return .compacted(state.compactedRevision)
    }
    for commit in commits {
      revision = commit.revision
      let changes = commit.changes.filter { range.contains($0.key) }
      if !changes.isEmpty {
        return .changes(StoreChanges(revision: commit.revision, changes: changes))
      }
    }
    return nil
  }
}
