import Foundation
import GRDB

/// Where a watch of a SQLite store is.
struct SQLiteCursor: Sendable {
  let range: StoreRange
  /// All up to here was told, or touched nothing in the range.
  var revision: StoreRevision
}

extension SQLiteSession {
  /// The first commit after the cursor that touched its range, or `compacted`; nil if there is none now. Moves the cursor.
  func next(_ cursor: inout SQLiteCursor) throws -> StoreWatchEvent? {
    let compacted = try compactedRevision()
    guard cursor.revision >= compacted else { return .compacted(compacted) }
    let (condition, bounds) = cursor.range.condition
    let first = try number(
      "SELECT revision FROM changes WHERE revision > ? AND \(condition) ORDER BY revision LIMIT 1",
      [cursor.revision.rawValue] + bounds)
    guard let first else {
      cursor.revision = max(cursor.revision, try revision())
      return nil
    }
    let revision = StoreRevision(rawValue: first)
    let changes = try rows(
      """
      SELECT key, value, created, lease FROM changes WHERE revision = ? AND \(condition)
      ORDER BY key
      """, [first] + bounds
    ).map { row -> StoreChange in
      let key = StoreKey(row.bytes(0))
      guard let created: Int64 = row[2] else { return .deleted(key) }
      return .put(
        StoreEntry(
          key: key, value: row.bytes(1), createRevision: StoreRevision(rawValue: created),
          modRevision: revision, lease: (row[3] as Int64?).map(StoreLeaseID.init(rawValue:))))
    }
    cursor.revision = revision
    return .changes(StoreChanges(revision: revision, changes: changes))
  }

  /// A number that changes when another connection has committed something.
  static func dataVersion(_ db: Database) throws -> Int64 {
    try Int64.fetchOne(db, sql: "PRAGMA data_version") ?? 0
  }
}

extension Row {
  func bytes(_ index: Int) -> [UInt8] {
    (self[index] as Data?).map(Array.init) ?? []
  }
}
