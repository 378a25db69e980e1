import GRDB
public import Logging
import Synchronization
public import SystemPackage
import WorkspaceFiles
public import WorkspaceTools

/// The store of a fleet on one host: a SQLite file that its processes share. Nothing has to be installed or run.
///
/// A commit is on the disk when its call returns, and survives a process that is killed and a power cut. The file
/// is only for its owner, and is refused on a network file system. Processes hear of each other's commits by a
/// doorbell file beside it, within a millisecond or so, and look by themselves each second as well. Leases are measured by the
/// host's own clock since its start; one from before a restart of the host lives once more for its time.
///
/// The outcome of a commit is `unknown` only if the disk failed while it was written.
public final class SQLiteStore: FleetStore {
  /// Where the file is.
  public let path: FilePath

  private let options: SQLiteOptions
  private let host: HostClock
  private let queue: Mutex<DatabaseQueue?>
  /// One thread: SQLite has one writer, and each store one connection.
  private let executor = BlockingExecutor(threads: 1)
  private let changed = ChangeSignal()
  private let doorbell: Doorbell

  /// Where the store of a workspace is: `data/hotreload/fleet.sqlite`.
  public static func path(in workspace: Workspace) -> FilePath {
    workspace.dataDirectory.appending("hotreload").appending("fleet.sqlite")
  }

  /// Opens the store of a workspace, `data/hotreload/fleet.sqlite`.
  /// - Parameter creating: whether it is made if there is none. Who only looks on should not: default true.
  /// - Throws: ``StoreError``.
  public static func open(
    in workspace: Workspace, creating: Bool = true, options: SQLiteOptions = SQLiteOptions(),
    logger: Logger = Logger(label: "hotreload.fleet")
  ) async throws(StoreError) -> SQLiteStore {
    try await open(path(in: workspace), creating: creating, options: options, logger: logger)
  }

  /// Opens a store.
  /// - Parameter creating: whether it, and the folders that it is in, are made if there is none. Default true.
  /// - Throws: ``StoreError`` with the code `unsupported` if it cannot be kept there, `missing` if there is none and none is to be made,
  ///   `corrupted`, `invalidOptions` and others.
  public static func open(
    _ path: FilePath, creating: Bool = true, options: SQLiteOptions = SQLiteOptions(),
    logger: Logger = Logger(label: "hotreload.fleet")
  ) async throws(StoreError) -> SQLiteStore {
    try await open(path, creating: creating, options: options, host: .system, logger: logger)
  }

  static func open(
    _ path: FilePath, creating: Bool = true, options: SQLiteOptions, host: HostClock,
    logger: Logger
  ) async throws(StoreError) -> SQLiteStore {
    try options.validate()
    do {
      let queue = try await BlockingExecutor.shared.run {
        try SQLiteFile.open(path, creating: creating, options)
      }
      return SQLiteStore(path, queue, options, host, logger)
    } catch {
      throw StoreError(sqlite: error, path)
    }
  }

  private init(
    _ path: FilePath, _ queue: DatabaseQueue, _ options: SQLiteOptions, _ host: HostClock,
    _ logger: Logger
  ) {
    self.path = path
    self.queue = Mutex(queue)
    self.options = options
    self.host = host
    doorbell = Doorbell(FilePath(path.string + ".bell"), changed, logger)
  }

  /// Reads a range as it is now.
  public func read(_ range: StoreRange, limit: Int) async throws(StoreError) -> StorePage {
    try Self.checkLimit(limit)
    let page = try await perform { session in
      try session.hasLeasesToEnd() ? nil : session.read(range, limit: limit)
    }
    if let page { return page }
    return try await change { session in try session.read(range, limit: limit) }
  }

  /// Makes a transaction if its conditions hold.
  public func commit(_ transaction: StoreTransaction) async throws(StoreError) -> CommitOutcome {
    try transaction.validate()
    do {
      return try await change { session in try session.commit(transaction) }
    } catch {
      // The disk failed on the last step: what it has of the commit shows when it can be read again.
      guard let failure = error.cause as? CommitFailure else { throw error }
      return .unknown(
        UnknownOutcome(
          operation: transaction.operation, error: StoreError(sqlite: failure.cause, path)))
    }
  }

  /// Finds out what became of a transaction.
  public func resolve(_ operation: StoreOperationID) async throws(StoreError) -> ResolvedOutcome {
    try await change { session in try session.resolve(operation) }
  }

  /// Watches a range.
  public func watch(_ range: StoreRange, after revision: StoreRevision) -> StoreWatch {
    StoreWatch { SQLiteWatch(self, SQLiteCursor(range: range, revision: revision)) }
  }

  /// Makes a lease.
  public func grantLease(timeToLive: Duration) async throws(StoreError) -> StoreLease {
    try Self.checkTimeToLive(timeToLive)
    return try await change { session in try session.grantLease(timeToLive) }
  }

  /// Begins a lease's time to live anew.
  ///
  /// It is not forced onto the disk: after a power cut there is nobody left whom it would keep alive.
  public func keepAlive(_ lease: StoreLeaseID) async throws(StoreError) -> StoreLease {
    try await change(isDurable: false) { session in try session.keepAlive(lease) }
  }

  /// Ends a lease, and deletes what depends on it.
  public func revoke(_ lease: StoreLeaseID) async throws(StoreError) {
    try await change { session in try session.end(lease) }
  }

  /// Forgets the commits up to a revision, so that watches that were not told of them answer `compacted`. The entries stay.
  public func compact(through revision: StoreRevision) async throws(StoreError) {
    try await change { session in
      let last = min(revision, try session.revision()).rawValue
      try session.execute("DELETE FROM changes WHERE revision <= ?", [last])
      try session.execute("DELETE FROM commits WHERE revision <= ?", [last])
      try session.execute(
        """
        UPDATE store SET compacted = max(compacted, ?),
          bytes = (SELECT coalesce(sum(bytes), 0) FROM commits)
        """, [last])
    }
  }

  /// Ends all watches and closes the file.
  public func close() async {
    let queue = queue.withLock { $0.take() }
    changed.ring()
    await doorbell.stop()
    guard let queue else { return }
    // After what waits for the thread, which is not broken off.
    await Task { try? await executor.run { try queue.close() } }.value
  }
}

// MARK: Requests

extension SQLiteStore {
  /// The last step of a commit failed.
  fileprivate struct CommitFailure: Error {
    var cause: any Error
  }

  private typealias Work<Reply> = @Sendable (SQLiteSession) throws -> Reply

  /// Reads within one snapshot of the tables.
  private func perform<Reply: Sendable>(_ work: @escaping Work<Reply>) async throws(StoreError)
    -> Reply
  {
    try await onThread { [options, host] db in
      var reply: Reply?
      try db.inTransaction(.deferred) {
        reply = try work(
          SQLiteSession(
            db: db, options: options, now: host.clock.now().nanoseconds, boot: host.boot))
        return .rollback
      }
      guard let reply else { throw DatabaseError(resultCode: .SQLITE_INTERNAL) }
      return reply
    }
  }

  /// Ends the leases whose time is over, then does the work, and tells everybody if anything changed.
  private func change<Reply: Sendable>(
    isDurable: Bool = true, _ work: @escaping Work<Reply>
  ) async throws(StoreError) -> Reply {
    try await onThread { [options, host, doorbell, changed] db in
      if !isDurable { try db.execute(sql: "PRAGMA synchronous = NORMAL") }
      defer { if !isDurable { try? db.execute(sql: "PRAGMA synchronous = FULL") } }
      try db.beginTransaction(.immediate)
      do {
        let session = SQLiteSession(
          db: db, options: options, now: host.clock.now().nanoseconds, boot: host.boot)
        let before = (try session.revision(), try session.nextLeaseEnd())
        try session.endLeases()
        let reply = try work(session)
        let after = (try session.revision(), try session.nextLeaseEnd())
        do {
          try db.commit()
        } catch let error as DatabaseError where error.resultCode == .SQLITE_IOERR {
          throw CommitFailure(cause: error)
        }
        if before != after {
          changed.ring()
          doorbell.ring(after.0.rawValue)
        }
        return reply
      } catch {
        // What failed may have rolled back already.
        if db.isInsideTransaction { try? db.rollback() }
        throw error
      }
    }
  }

  private func onThread<Reply: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Reply
  ) async throws(StoreError) -> Reply {
    guard let queue = queue.withLock({ $0 }) else { throw .closed }
    do {
      return try await executor.run { try queue.writeWithoutTransaction(body) }
    } catch let failure as CommitFailure {
      throw StoreError(.unavailable, "the disk failed", cause: failure)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_MISUSE {
      // Closed in between.
      throw self.queue.withLock { $0 == nil } ? .closed : StoreError(sqlite: error, path)
    } catch {
      throw StoreError(sqlite: error, path)
    }
  }
}

// MARK: Watches

extension SQLiteStore {
  fileprivate struct WatchPlace: Sendable {
    var cursor: SQLiteCursor
    var dataVersion: Int64 = -1
    /// How often the signal had rung when the store was looked at.
    var seen: UInt64 = 0
    var nextLeaseEnd: Duration?
    var hasFailed = false
    var hasEnded = false
  }

  fileprivate func next(_ place: inout WatchPlace) async throws(StoreError) -> StoreWatchEvent? {
    await doorbell.listen()
    while !Task.isCancelled, !place.hasEnded {
      if place.hasFailed {
        place.hasFailed = false
        try? await host.clock.sleep(host.clock.now() + options.pollInterval)
      }
      let count = changed.count
      do {
        let (event, next) = try await look(place, count)
        place = next
        if let event { return event }
      } catch {
        if error.code == .closed || Task.isCancelled { return nil }
        guard error.isSafeToRetry else { throw error }
        place.hasFailed = true
        return .interrupted(error)
      }
      let poll = host.clock.now() + options.pollInterval
      await changed.wait(
        after: count, until: min(place.nextLeaseEnd ?? poll, poll), host.clock)
    }
    return nil
  }

  private func look(
    _ place: WatchPlace, _ count: UInt64
  ) async throws(StoreError) -> (StoreWatchEvent?, WatchPlace) {
    let now = host.clock.now()
    let version = try await onThread { try SQLiteSession.dataVersion($0) }
    let isSame = version == place.dataVersion && count == place.seen
    if isSame, place.nextLeaseEnd.map({ now < $0 }) ?? true { return (nil, place) }
    let work: Work<(StoreWatchEvent?, WatchPlace)> = { session in
      var next = place
      let event = try session.next(&next.cursor)
      if case .compacted = event { next.hasEnded = true }
      next.nextLeaseEnd = try session.nextLeaseEnd().map { .nanoseconds($0) }
      // With more to come, the next look must not find that nothing is new.
      (next.dataVersion, next.seen) = event == nil ? (version, count) : (-1, 0)
      return (event, next)
    }
    let result = try await perform { session in
      try session.hasLeasesToEnd() ? nil : try work(session)
    }
    if let result { return result }
    return try await change(work)
  }
}

private final class SQLiteWatch: StoreWatch.Source {
  private let store: SQLiteStore
  private let place: Mutex<SQLiteStore.WatchPlace>

  init(_ store: SQLiteStore, _ cursor: SQLiteCursor) {
    self.store = store
    place = Mutex(SQLiteStore.WatchPlace(cursor: cursor))
  }

  func next() async throws(StoreError) -> StoreWatchEvent? {
    var moved = place.withLock { $0 }
    let event = try await store.next(&moved)
    let now = moved
    place.withLock { $0 = now }
    return event
  }

  func stop() {}
}
