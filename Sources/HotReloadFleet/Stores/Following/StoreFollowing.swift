/// What a range of a store has, and how it changes, whatever was compacted in between: an `AsyncSequence` that ends when the
/// store is closed and when the task is cancelled.
///
/// It reads the range and watches from there. If a watch answers `compacted`, it reads again and tells what differs.
public struct StoreFollowing: AsyncSequence, Sendable {
  /// What happened.
  public enum Event: Sendable {
    /// What the range has now, and what is new in it. The first tells all that the range has.
    case changed(StoreMirror, [StoreChange])
    /// The store was heard of, and nothing has changed up to this revision.
    case current(StoreRevision)
    /// The store cannot be heard at present. It goes on by itself, and nothing is lost.
    case interrupted(StoreError)
  }

  /// How long it waits after a read that failed, the first time, and at most.
  public static let firstPause = Duration.milliseconds(100)
  /// The longest pause after reads that failed.
  public static let longestPause = Duration.seconds(5)

  let store: any FleetStore
  let range: StoreRange
  let clock: StoreClock

  /// Starts to follow.
  public func makeAsyncIterator() -> Iterator { Iterator(following: self) }

  /// One that follows.
  public struct Iterator: AsyncIteratorProtocol {
    private let following: StoreFollowing
    private var mirror = StoreMirror()
    private var watch: StoreWatch.Iterator?
    private var hasTold = false
    private var pause = Duration.zero
    private var hasEnded = false

    fileprivate init(following: StoreFollowing) {
      self.following = following
    }

    /// The next event; nil at the end.
    /// - Throws: ``StoreError`` for what does not mend by itself.
    public mutating func next() async throws(StoreError) -> Event? {
      while !Task.isCancelled, !hasEnded {
        guard watch != nil else {
          if let event = try await list() { return event }
          continue
        }
        switch try await watch?.next() {
        case .changes(let batch):
          let changes = mirror.apply(batch)
          if !changes.isEmpty { return .changed(mirror, changes) }
        case .current(let revision): return .current(revision)
        case .interrupted(let error): return .interrupted(error)
        case .compacted: watch = nil
        case nil: return nil
        }
      }
      return nil
    }

    /// Reads the whole range, and watches from the revision of its first page.
    private mutating func list() async throws(StoreError) -> Event? {
      if pause > .zero {
        try? await following.clock.sleep(following.clock.now() + pause)
      }
      do {
        var page = try await following.store.read(following.range)
        let revision = page.revision
        var entries = page.entries
        while let rest = page.rest {
          page = try await following.store.read(rest)
          entries += page.entries
        }
        pause = .zero
        watch = following.store.watch(following.range, after: revision).makeAsyncIterator()
        let changes = mirror.replace(with: entries, at: revision)
        defer { hasTold = true }
        return changes.isEmpty && hasTold ? nil : .changed(mirror, changes)
      } catch {
        hasEnded = error.code == .closed || error.code == .cancelled
        if hasEnded { return nil }
        guard error.isSafeToRetry else { throw error }
        pause = Swift.min(
          Swift.max(pause * 2, StoreFollowing.firstPause), StoreFollowing.longestPause)
        return .interrupted(error)
      }
    }
  }
}

extension FleetStore {
  /// Follows a range: what it has, and how that changes. See ``StoreFollowing``.
  /// - Parameter clock: what pauses are measured by.
  public func follow(_ range: StoreRange, clock: StoreClock = .continuous) -> StoreFollowing {
    StoreFollowing(store: self, range: range, clock: clock)
  }
}
