/// One change of a key.
public enum StoreChange: Sendable, Hashable {
  /// It was created or has a new value.
  case put(StoreEntry)
  /// It was deleted, or ended with its lease.
  case deleted(StoreKey)

  /// The key.
  public var key: StoreKey {
    switch self {
    case .put(let entry): entry.key
    case .deleted(let key): key
    }
  }
}

/// All that one commit changed in a range.
public struct StoreChanges: Sendable, Hashable {
  /// The commit.
  public var revision: StoreRevision
  /// What it changed, in the order of the keys; one change of each at most, and one in all at least.
  public var changes: [StoreChange]

  /// Creates a batch.
  public init(revision: StoreRevision, changes: [StoreChange]) {
    self.revision = revision
    self.changes = changes
  }
}

/// What a watch tells.
public enum StoreWatchEvent: Sendable {
  /// A commit changed something. Commits come in their order, each once, none is left out.
  case changes(StoreChanges)
  /// The store was heard of, and nothing has changed up to this revision that was not told. How often that comes is up to the
  /// store; it may never come.
  case current(StoreRevision)
  /// The store cannot be heard at present. The watch goes on trying by itself, and goes on where it was.
  case interrupted(StoreError)
  /// The store does not have what happened after the last commit that was told, only what happened after this revision. The watch
  /// ends: read the range, find out by comparing, and watch from the revision of what was read, as
  /// ``FleetStore/follow(_:)`` does.
  case compacted(StoreRevision)
}

/// The changes of a range, as they are committed: an `AsyncSequence` that ends after `compacted`, when the store
/// is closed, and when the task is cancelled.
///
/// A consumer that is slow misses nothing and holds up nobody: the store keeps what is to come, up to its own bound; beyond it,
/// the answer is `compacted`. Each iterator is a watch of its own, from the same revision, and ends when it is given up.
public struct StoreWatch: AsyncSequence, Sendable {
  /// Where an iterator gets its events from; one consumer calls it, one call at a time.
  public protocol Source: Sendable {
    /// The next event; nil at the end, also if the task is cancelled.
    /// - Throws: ``StoreError`` for what does not mend by itself: a user that may not read, an answer that is none.
    func next() async throws(StoreError) -> StoreWatchEvent?
    /// Nobody wants more. It is called once, also after the end.
    func stop()
  }

  private let makeSource: @Sendable () -> any Source

  /// A watch, from what starts one for each iterator.
  public init(_ makeSource: @escaping @Sendable () -> any Source) {
    self.makeSource = makeSource
  }

  /// Starts a watch.
  public func makeAsyncIterator() -> Iterator {
    Iterator(Ownership(makeSource()))
  }

  /// One watch.
  public struct Iterator: AsyncIteratorProtocol {
    private let ownership: Ownership

    fileprivate init(_ ownership: Ownership) {
      self.ownership = ownership
    }

    /// The next event; nil at the end.
    public mutating func next() async throws(StoreError) -> StoreWatchEvent? {
      try await ownership.source.next()
    }

    /// The next event; nil at the end.
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(StoreError) -> StoreWatchEvent? {
      try await ownership.source.next()
    }
  }

  /// Ends the watch with its iterator.
  fileprivate final class Ownership: Sendable {
    let source: any Source

    init(_ source: any Source) {
      self.source = source
    }

    deinit { source.stop() }
  }
}
