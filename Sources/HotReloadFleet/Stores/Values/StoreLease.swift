/// The name of a lease.
public struct StoreLeaseID: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
  /// The number by which the store knows it; never 0.
  public let rawValue: Int64

  /// The lease of this number.
  public init(rawValue: Int64) {
    self.rawValue = rawValue
  }

  /// The number.
  public var description: String { String(rawValue) }
}

/// A promise of the store to delete what depends on it once its holder was not heard of for some time.
///
/// The store never deletes earlier than ``timeToLive`` after it took the last ``FleetStore/keepAlive(_:)``. So a holder that counts
/// from the moment at which it *sent* that request knows until when its entries are safe, whatever the
/// network does.
public struct StoreLease: Sendable, Hashable {
  /// Its name.
  public var id: StoreLeaseID
  /// How long it lives after it was granted or kept alive. A store may give more than was asked for, never less.
  public var timeToLive: Duration

  /// Creates a lease.
  public init(id: StoreLeaseID, timeToLive: Duration) {
    self.id = id
    self.timeToLive = timeToLive
  }
}
