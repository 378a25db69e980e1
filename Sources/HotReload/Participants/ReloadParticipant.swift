/// Makes something from configs, such as a connection pool, a router or a running service, and may refuse a change
/// by failing to.
///
/// What it makes, its product, goes into the snapshot together with the values it was made from: a reader of one
/// snapshot never sees a product of another generation. A product's life, whose functions are called one
/// after the other and never from within another of its own:
///
/// 1. ``prepare(_:)`` makes it, before anything is in force. If anything that belongs to the same group is refused,
///    the next call is ``retire(_:)``.
/// 2. ``activate(_:replacing:)`` when it came into force. A product that was replaced during a bake comes into force
///    again if the newer one is rolled back.
/// 3. ``retire(_:)`` once, when nothing can bring it into force any more.
///
/// None of these functions may wait for the manager (`sync`, `submit`, `shutdown`); such a call throws.
public protocol ReloadParticipant<Product>: Sendable {
  /// What it makes.
  associatedtype Product: Sendable

  /// Makes a product from what is about to come into force.
  ///
  /// It has thirty seconds; what comes later is retired at once, and the change is refused.
  /// - Throws: anything, to refuse the change; the values in force stay so.
  func prepare(_ change: ReloadChange) async throws -> Product

  /// Says what ``prepare(_:)`` would refuse, without making anything and without remembering anything: the change is only looked
  /// at, by ``HotReloadManager/check(content:)``. It has ten seconds. By default nothing is wrong.
  /// - Throws: as ``prepare(_:)``.
  func check(_ change: ReloadChange) async throws

  /// The product came into force, in the place of `old`. Work that must not be done twice moves here from one to the
  /// other. It cannot refuse any more, and has ten seconds; then the manager goes on without waiting for it.
  func activate(_ product: Product, replacing old: Product?) async

  /// Lets go of a product that will not come into force again. Readers may still hold it. After thirty seconds
  /// the task is cancelled and counted as overdue.
  func retire(_ product: Product) async
}

extension ReloadParticipant {
  /// Finds nothing.
  public func check(_ change: ReloadChange) async throws {}
  /// Does nothing.
  public func activate(_ product: Product, replacing old: Product?) async {}
  /// Does nothing.
  public func retire(_ product: Product) async {}
}
