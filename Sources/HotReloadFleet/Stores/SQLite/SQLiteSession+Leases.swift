import GRDB

extension SQLiteSession {
  /// Whether ``endLeases()`` has something to do, which only a request that may write can.
  func hasLeasesToEnd() throws -> Bool {
    try number("SELECT 1 FROM leases WHERE ends <= ? OR boot <> ? LIMIT 1", [now, boot]) != nil
  }

  /// When the next lease ends, in nanoseconds since the host was started; nil if there are none.
  func nextLeaseEnd() throws -> Int64? {
    try number("SELECT min(ends) FROM leases")
  }

  /// Ends the leases whose time is over, the earliest first, each with a commit of its own.
  ///
  /// Those of an earlier start of the host live once more for their time: how long ago that was nobody knows, and never is a
  /// lease ended early.
  func endLeases() throws {
    guard try hasLeasesToEnd() else { return }
    try execute(
      "UPDATE leases SET boot = ?1, ends = ?2 + duration WHERE boot <> ?1", [boot, now])
    let over = try rows(
      "SELECT id FROM leases WHERE ends <= ? ORDER BY ends, id LIMIT ?",
      [now, Self.housekeepingLimit])
    for row in over { try end(StoreLeaseID(rawValue: row[0])) }
  }

  func grantLease(_ timeToLive: Duration) throws -> StoreLease {
    try execute("UPDATE store SET lease = lease + 1")
    let id = try number("SELECT lease FROM store") ?? 1
    let duration = timeToLive.nanoseconds
    try execute("INSERT INTO leases VALUES (?, ?, ?, ?)", [id, duration, boot, now + duration])
    return StoreLease(id: StoreLeaseID(rawValue: id), timeToLive: timeToLive)
  }

  func keepAlive(_ id: StoreLeaseID) throws -> StoreLease {
    guard let duration = try number("SELECT duration FROM leases WHERE id = ?", [id.rawValue])
    else { throw StoreError.leaseNotFound(id) }
    try execute("UPDATE leases SET ends = ? WHERE id = ?", [now + duration, id.rawValue])
    return StoreLease(id: id, timeToLive: .nanoseconds(duration))
  }

  func end(_ id: StoreLeaseID) throws {
    try execute("DELETE FROM leases WHERE id = ?", [id.rawValue])
    let keys = try rows("SELECT key FROM entries WHERE lease = ? ORDER BY key", [id.rawValue])
    guard !keys.isEmpty else { return }
    _ = try write(keys.map { .delete(StoreKey($0.bytes(0))) })
  }
}
