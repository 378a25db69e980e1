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

  @usableFromInline let slot: ValueSlot<Product>
  let start: UInt64
  let driver: ReloadDriver

  init(slot: ValueSlot<Product>, driver: ReloadDriver) {
    self.slot = slot
    self.driver = driver
    start = slot.generation
  }

  /// The participant, as errors and the log call it.
  public var name: String { slot.name }

  /// The product in force. Takes a few nanoseconds, on any thread, and never waits. After ``unregister()`` and after
  /// the manager's shutdown it is the last one, which has been retired.
  @inlinable
  public var current: Product {
    @inline(__always) get { slot.current }
  }

  /// The generation that brought the product in force.
  public var generation: UInt64 { slot.generation }

  /// Starts with what came into force after the participant was registered.
  public func makeAsyncIterator() -> ValueIterator<Product> {
    ValueIterator(slot: slot, seen: start)
  }

  /// Asks the participant no more, and has its product retired. Returns when nothing is made by it any more. What it
  /// refused is looked at again by the next reload.
  /// - Throws: ``HotReloadError`` with the code `reentrant` from within a handler, validator or participant, or
  ///   `shutDown`.
  public func unregister() async throws {
    try Reentrancy.check("unregister()")
    try await driver.leave(slot.id)
  }
}
