import Foundation
import GRDB

/// What one request does with the tables, within a transaction of the database that its caller began.
struct SQLiteSession {
  /// How many leases, commits or names one request ends or forgets at most; the next goes on.
  static let housekeepingLimit = 1_000

  let db: Database
  let options: SQLiteOptions
  /// The time since the host was started, in nanoseconds.
  let now: Int64
  let boot: String

  func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> [Row] {
    try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments)
  }

  func number(_ sql: String, _ arguments: StatementArguments = []) throws -> Int64? {
    try Int64.fetchOne(db.cachedStatement(sql: sql), arguments: arguments)
  }

  func execute(_ sql: String, _ arguments: StatementArguments = []) throws {
    try db.cachedStatement(sql: sql).execute(arguments: arguments)
  }

  func revision() throws -> StoreRevision {
    StoreRevision(rawValue: try number("SELECT revision FROM store") ?? 0)
  }

  func compactedRevision() throws -> StoreRevision {
    StoreRevision(rawValue: try number("SELECT compacted FROM store") ?? 0)
  }

  func entry(_ key: StoreKey) throws -> StoreEntry? {
    try rows(
      "SELECT key, value, created, modified, lease FROM entries WHERE key = ?", [key.data]
    ).first.map(StoreEntry.init(row:))
  }

  func read(_ range: StoreRange, limit: Int) throws -> StorePage {
    let (condition, bounds) = range.condition
    var entries = try rows(
      "SELECT key, value, created, modified, lease FROM entries WHERE \(condition) ORDER BY key LIMIT ?",
      bounds + [limit + 1]
    ).map(StoreEntry.init(row:))
    var rest: StoreRange?
    if entries.count > limit {
      rest = StoreRange(from: entries.removeLast().key, to: range.end)
    }
    return StorePage(entries: entries, revision: try revision(), rest: rest)
  }

  func commit(_ transaction: StoreTransaction) throws -> CommitOutcome {
    switch try outcome(of: transaction.operation) {
    case .committed(let revision): return .succeeded(revision)
    case .abandoned: throw StoreError.abandoned(transaction.operation)
    case nil: break
    }
    var current: [StoreKey: StoreEntry] = [:]
    for key in Set(transaction.conditions.map(\.key)) { current[key] = try entry(key) }
    guard transaction.conditions.allSatisfy({ $0.holds(for: current[$0.key]) }) else {
      return .conflict(
        StoreConflict(
          entries: current.values.sorted { $0.key < $1.key }, revision: try revision()))
    }
    guard !transaction.mutations.isEmpty else { return .succeeded(try revision()) }
    for case .put(_, _, let lease?) in transaction.mutations {
      guard try number("SELECT 1 FROM leases WHERE id = ?", [lease.rawValue]) != nil else {
        throw StoreError.leaseNotFound(lease)
      }
    }
    let revision = try write(transaction.mutations)
    try record(transaction.operation, revision: revision)
    return .succeeded(revision)
  }

  func resolve(_ operation: StoreOperationID) throws -> ResolvedOutcome {
    if let outcome = try outcome(of: operation) { return outcome }
    try record(operation, revision: nil)
    return .abandoned
  }

  /// Makes a commit of these.
  func write(_ mutations: [StoreMutation]) throws -> StoreRevision {
    let revision = try revision().next
    try execute("UPDATE store SET revision = ?", [revision.rawValue])
    var bytes = 0
    for mutation in mutations {
      bytes += mutation.key.bytes.count + StoreTransaction.operationOverhead
      switch mutation {
      case .put(let key, let value, let lease):
        bytes += value.count
        try put(key, value, lease, revision)
      case .delete(let key):
        try execute("DELETE FROM entries WHERE key = ?", [key.data])
        guard db.changesCount > 0 else { continue }
        try execute(
          "INSERT INTO changes (revision, key) VALUES (?, ?)", [revision.rawValue, key.data])
      }
    }
    try execute(
      "INSERT INTO commits VALUES (?, ?, ?, ?)", [revision.rawValue, boot, now, bytes])
    try execute("UPDATE store SET bytes = bytes + ?", [bytes])
    try forgetCommits(before: revision)
    return revision
  }

  private func put(
    _ key: StoreKey, _ value: [UInt8], _ lease: StoreLeaseID?, _ revision: StoreRevision
  ) throws {
    try execute(
      """
      INSERT INTO entries (key, value, created, modified, lease) VALUES (?1, ?2, ?3, ?3, ?4)
      ON CONFLICT (key) DO UPDATE SET value = ?2, modified = ?3, lease = ?4
      """, [key.data, Data(value), revision.rawValue, lease?.rawValue])
    try execute(
      """
      INSERT INTO changes (revision, key, value, created, lease)
      SELECT ?, key, value, created, lease FROM entries WHERE key = ?
      """, [revision.rawValue, key.data])
  }

  private func outcome(of operation: StoreOperationID) throws -> ResolvedOutcome? {
    let found = try rows(
      "SELECT revision FROM operations WHERE id = ?", [Data(operation.bytes)]
    ).first
    guard let found else { return nil }
    let revision: Int64? = found[0]
    return revision.map { .committed(StoreRevision(rawValue: $0)) } ?? .abandoned
  }

  private func record(_ operation: StoreOperationID, revision: StoreRevision?) throws {
    try execute(
      "INSERT INTO operations VALUES (?, ?, ?, ?)",
      [Data(operation.bytes), revision?.rawValue, boot, now])
    // Those of another start as well: whoever made them is gone.
    let limit = now - StoreLimits.operationMemory.nanoseconds
    try execute(
      """
      DELETE FROM operations WHERE id IN
        (SELECT id FROM operations WHERE boot <> ? OR time < ? LIMIT ?)
      """, [boot, limit, Self.housekeepingLimit])
  }

  /// Forgets the oldest commits if there are too many of them, if they are too large, or too old.
  private func forgetCommits(before revision: StoreRevision) throws {
    let tooMany = revision.rawValue - Int64(options.retainedCommits)
    let tooOld = now - options.retainedTime.nanoseconds
    while let oldest = try rows(
      "SELECT revision, boot, time, bytes FROM commits ORDER BY revision LIMIT 1"
    ).first {
      let (number, start, time, bytes): (Int64, String, Int64, Int64) = (
        oldest[0], oldest[1], oldest[2], oldest[3]
      )
      let kept = try self.number("SELECT bytes FROM store") ?? 0
      guard number < revision.rawValue else { return }
      guard number <= tooMany || start != boot || time < tooOld || kept > options.retainedBytes
      else { return }
      try execute("DELETE FROM changes WHERE revision = ?", [number])
      try execute("DELETE FROM commits WHERE revision = ?", [number])
      try execute("UPDATE store SET compacted = ?, bytes = bytes - ?", [number, bytes])
    }
  }
}

extension StoreKey {
  var data: Data { Data(bytes) }
}

extension StoreEntry {
  /// From `key, value, created, modified, lease`.
  fileprivate init(row: Row) {
    self.init(
      key: StoreKey(row[0] as Data), value: Array(row[1] as Data),
      createRevision: StoreRevision(rawValue: row[2]),
      modRevision: StoreRevision(rawValue: row[3]),
      lease: (row[4] as Int64?).map(StoreLeaseID.init(rawValue:)))
  }
}

extension StoreRange {
  /// What SQL asks of a `key`. Blobs are compared as keys are.
  var condition: (String, StatementArguments) {
    guard let end else { return ("key >= ?", [start.data]) }
    return ("key >= ? AND key < ?", [start.data, end.data])
  }
}
