/// A call of a store, for those who let it fail.
public enum StoreRequest: Sendable {
  /// ``FleetStore/read(_:limit:)``
  case read(StoreRange)
  /// ``FleetStore/commit(_:)``
  case commit(StoreTransaction)
  /// ``FleetStore/resolve(_:)``
  case resolve(StoreOperationID)
  /// ``FleetStore/grantLease(timeToLive:)``
  case grantLease
  /// ``FleetStore/keepAlive(_:)``
  case keepAlive(StoreLeaseID)
  /// ``FleetStore/revoke(_:)``
  case revoke(StoreLeaseID)
}

/// What goes wrong with a call of an ``InMemoryStore``.
public enum StoreFault: Sendable, Hashable {
  /// It takes that long before the request arrives.
  case delayed(Duration)
  /// The store refuses: nothing is done, and the caller knows.
  case refused
  /// The request never arrives, and nobody answers.
  case requestLost
  /// What was asked for is done, and the answer is lost.
  case answerLost
  /// Nobody answers, and the request arrives later: when ``InMemoryStore/deliverLateRequests()`` is called.
  case late
}
