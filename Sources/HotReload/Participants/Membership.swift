import WorkspaceTools

/// A registered participant, without its type.
protocol AnyMembership: AnyObject, Sendable {
  /// As errors call it.
  var name: String { get }
  var units: Set<UnitID> { get }
  var id: UInt64 { get }
  /// The place of its products in the snapshot.
  var index: Int { get }
  func prepare(_ change: ReloadChange) async throws -> any AnyHeldProduct
  func check(_ change: ReloadChange) async throws
}

/// Something that a participant made, and how to deal with it.
protocol AnyHeldProduct: Sendable {
  /// The participant, as errors call it.
  var name: String { get }
  /// What it is made of.
  var units: Set<UnitID> { get }
  var index: Int { get }
  /// The product as a snapshot of that generation has it.
  func typedValue(at generation: UInt64) -> any AnyTypedValue
  func activate(replacing old: (any AnyHeldProduct)?) async
  func retire() async
}

/// A registered participant.
final class Membership<P: ReloadParticipant>: AnyMembership {
  let participant: P
  let name: String
  let units: Set<UnitID>
  let slot: ValueSlot<P.Product>

  var id: UInt64 { slot.id }
  var index: Int { slot.index }

  init(_ participant: P, units: Set<UnitID>, slot: ValueSlot<P.Product>) {
    self.participant = participant
    self.units = units
    self.slot = slot
    name = slot.name
  }

  func prepare(_ change: ReloadChange) async throws -> any AnyHeldProduct {
    HeldProduct(membership: self, value: try await participant.prepare(change))
  }

  func check(_ change: ReloadChange) async throws { try await participant.check(change) }
}

private struct HeldProduct<P: ReloadParticipant>: AnyHeldProduct {
  let membership: Membership<P>
  let value: P.Product

  var name: String { membership.name }
  var units: Set<UnitID> { membership.units }
  var index: Int { membership.index }

  func typedValue(at generation: UInt64) -> any AnyTypedValue {
    TypedValue(value, generation: generation, slot: membership.id)
  }

  func activate(replacing old: (any AnyHeldProduct)?) async {
    await membership.participant.activate(value, replacing: (old as? HeldProduct<P>)?.value)
  }

  func retire() async {
    await membership.participant.retire(value)
  }
}
