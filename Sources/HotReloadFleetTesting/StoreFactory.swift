public import HotReloadFleet

/// How the conformance suite gets the stores that it checks, and what it can do with them besides.
public struct StoreFactory: Sendable {
  /// Opens a store at a place; a second time with the same name, it is one more way to the same content. A place that was not
  /// opened before is empty.
  public var open: @Sendable (_ place: String) async throws -> any FleetStore
  /// Has a store forget its commits up to a revision; nil if that cannot be asked for, and the checks of it are left out.
  public var compact: (@Sendable (any FleetStore, StoreRevision) async throws -> Void)?
  /// Returns when so much time is over by the clock that leases are measured by: waits, or moves it.
  public var letTimePass: @Sendable (Duration) async throws -> Void
  /// How long leases are that the checks ask for: short, but with room for a request.
  public var leaseTime: Duration

  /// Creates a factory.
  public init(
    leaseTime: Duration = .seconds(2),
    open: @escaping @Sendable (_ place: String) async throws -> any FleetStore,
    compact: (@Sendable (any FleetStore, StoreRevision) async throws -> Void)? = nil,
    letTimePass: @escaping @Sendable (Duration) async throws -> Void = {
      try await Task.sleep(for: $0)
    }
  ) {
    self.leaseTime = leaseTime
    self.open = open
    self.compact = compact
    self.letTimePass = letTimePass
  }
}
