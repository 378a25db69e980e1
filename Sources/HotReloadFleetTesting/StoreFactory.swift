public import HotReloadFleet

/// How a conformance suite gets the stores that it checks.
public struct StoreFactory: Sendable {
  /// Opens a store on a place that no other test uses; opened again with the same name, it is the same place.
  public var open: @Sendable (_ place: String) async throws -> any FleetStore

  /// Creates a factory.
  public init(open: @escaping @Sendable (_ place: String) async throws -> any FleetStore) {
    self.open = open
  }
}
