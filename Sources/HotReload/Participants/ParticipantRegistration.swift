/// A registered participant: its product that is in force. Letting go of it does not unregister.
///
/// As a sequence it yields each product that came into force after the participant was registered, the newest only
/// for a slow consumer. It ends when the manager shuts down.
public struct ParticipantRegistration<Product: Sendable>: AsyncSequence, Sendable {
  /// A product that came into force.
  public typealias Element = Product
  /// It never fails.
  public typealias Failure = Never
  /// Iterates over new products.
  public typealias AsyncIterator = ValueIterator<Product>

  /// The products as they come into force. After ``unregister()`` and after the manager's shutdown the current one is the
  /// last, which has been retired.
  public let products: ValueStream<Product>
  let driver: ReloadDriver

  /// The participant, as errors and the log call it.
  public var name: String { products.name }

  /// The product in force; see ``ValueStream/current``.
  @inlinable
  public var current: Product {
    @inline(__always) get { products.current }
  }

  /// The generation that brought the product in force.
  public var generation: UInt64 { products.generation }

  /// Starts with what came into force after the participant was registered.
  public func makeAsyncIterator() -> ValueIterator<Product> { products.makeAsyncIterator() }

  /// Asks the participant no more, and has its product retired. Returns when nothing is made by it any more. What it
  /// refused is looked at again by the next reload.
  /// - Throws: ``HotReloadError`` with the code `reentrant` from within a handler, validator or participant, or
  ///   `shutDown`.
  public func unregister() async throws {
    try Reentrancy.check("unregister()")
    try await driver.leave(products.slot.id)
  }
}
