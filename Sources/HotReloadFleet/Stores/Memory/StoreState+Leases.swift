extension StoreState {
  /// When the next lease may end; nil if there are none. Holders that were heard of since make it later, so look again then.
  public var nextLeaseEnd: Duration? { earliestEnd }

  /// Makes a lease; see ``FleetStore/grantLease(timeToLive:)``.
  public mutating func grantLease(
    timeToLive: Duration, at now: Duration
  ) throws(StoreError) -> StoreLease {
    try InMemoryStore.checkTimeToLive(timeToLive)
    endLeases(at: now)
    lastLease += 1
    let id = StoreLeaseID(rawValue: lastLease)
    let end = now + timeToLive
    leases[id] = HeldLease(timeToLive: timeToLive, end: end)
    earliestEnd = min(earliestEnd ?? end, end)
    return StoreLease(id: id, timeToLive: timeToLive)
  }

  /// Begins a lease's time to live anew; see ``FleetStore/keepAlive(_:)``.
  public mutating func keepAlive(
    _ id: StoreLeaseID, at now: Duration
  ) throws(StoreError) -> StoreLease {
    endLeases(at: now)
    guard let lease = leases[id] else { throw .leaseNotFound(id) }
    leases[id]?.end = now + lease.timeToLive
    return StoreLease(id: id, timeToLive: lease.timeToLive)
  }

  /// Ends a lease, and deletes what depends on it; see ``FleetStore/revoke(_:)``.
  public mutating func revoke(_ id: StoreLeaseID, at now: Duration) {
    endLeases(at: now)
    end(id)
  }

  /// Ends the leases whose time is over, the earliest first, each with a commit of its own.
  public mutating func endLeases(at now: Duration) {
    // The bound is looked up again only when it is reached: holders that are heard of only make it later.
    guard let earliestEnd, earliestEnd <= now else { return }
    let over = leases.filter { $0.value.end <= now }
      .sorted { ($0.value.end, $0.key.rawValue) < ($1.value.end, $1.key.rawValue) }
    for (id, _) in over { end(id) }
    self.earliestEnd = leases.values.lazy.map(\.end).min()
  }

  private mutating func end(_ id: StoreLeaseID) {
    guard let lease = leases.removeValue(forKey: id), !lease.keys.isEmpty else { return }
    delete(lease.keys)
  }
}
