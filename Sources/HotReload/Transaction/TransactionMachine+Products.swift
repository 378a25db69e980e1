import WorkspaceTools

extension TransactionMachine {
  /// Somebody who makes products, and the one that is in force.
  struct Member: Sendable {
    /// As errors call it.
    var name: String
    /// What it makes its products of.
    var units: Set<UnitID>
    var product: Product
  }

  /// Adds somebody who has made a product of what is in force. To be called only while a job runs.
  ///
  /// - Parameter rollBackProduct: what it made of ``contentsToRollBack(of:)``, if there were any when the job began.
  mutating func join(
    _ participant: Participant, as name: String, units: Set<UnitID>, product: Product,
    rollBackProduct: Product?
  ) -> [Action] {
    members[participant] = Member(name: name, units: units, product: product)
    accept(units)
    guard let rollBackProduct else { return [] }
    // The bake may have ended meanwhile; no other can have begun.
    guard bake != nil else { return [.retire([rollBackProduct])] }
    bake?.products[participant] = rollBackProduct
    return []
  }

  /// What a roll-back would bring back of these units; empty if it would change none of them.
  func contentsToRollBack(of concerned: Set<UnitID>) -> [UnitID: Content] {
    rollBackTargets().filter { concerned.contains($0.key) }
  }

  /// Removes somebody who makes products. To be called only while a job runs.
  mutating func leave(_ participant: Participant) -> [Action] {
    let products = [
      members.removeValue(forKey: participant)?.product,
      bake?.products.removeValue(forKey: participant),
    ]
    return [.retire(products.compactMap { $0 })]
  }

  /// Has the participants concerned make something of what passed so far.
  mutating func prepare(at now: Duration) -> [Action] {
    guard var transaction = running else { return [] }
    var makings: [Making] = []
    for (participant, member) in members {
      let changed = member.units.filter { transaction.candidates[$0] != nil }
      guard !changed.isEmpty else { continue }
      let product = Product(number: nextNumber())
      makings.append(Making(participant: participant, product: product, changed: changed))
      transaction.makings[product] = Attempt(participant: participant)
    }
    guard !makings.isEmpty else { return putInForce(at: now) }
    running = transaction
    enter(.prepare, at: now, limit: limits.prepare)
    makings.sort { $0.participant.number < $1.participant.number }
    return [
      .prepare(transaction.id, generation: generation + 1, makings, transaction.candidates)
    ]
  }

  /// Takes one participant's answer. A product that nobody waits for any more is retired at once.
  mutating func take(
    _ result: PrepareResult, of product: Product, for id: Transaction, at now: Duration
  ) -> [Action] {
    guard running?.id == id, running?.phase == .prepare, running?.makings[product] != nil else {
      return result == .made ? [.retire([product])] : []
    }
    running?.makings[product]?.result = result
    let isComplete = running?.makings.values.allSatisfy { $0.result != nil } ?? true
    return isComplete ? settle(at: now) : []
  }

  /// Takes out what participants refused, together with what must not come into force without it.
  mutating func settle(at now: Duration) -> [Action] {
    guard var transaction = running else { return [] }
    var culprits: [Participant: [ConfigDiagnostic]] = [:]
    for attempt in transaction.makings.values {
      switch attempt.result {
      case .made: break
      case .refused(let diagnostics): culprits[attempt.participant] = diagnostics
      case nil: culprits[attempt.participant] = [late]
      }
    }
    let blocked = blocked(by: Set(culprits.keys), in: transaction)
    // What a participant refused alone is what is wrong; of what it refused together, nobody knows.
    var guilty: Set<UnitID> = []
    for culprit in culprits.keys {
      let refused = members[culprit]?.units.intersection(transaction.candidates.keys) ?? []
      if refused.count == 1 { guilty.formUnion(refused) }
    }
    transaction.heldBack = blocked.subtracting(guilty)
    for unit in blocked {
      transaction.candidates[unit] = nil
      transaction.changes[unit] = refusal(unit, outcome(of: unit, blockedBy: culprits))
    }
    var unneeded: [Product] = []
    for (product, attempt) in transaction.makings {
      let isNeeded =
        attempt.result == .made
        && members[attempt.participant]?.units.isDisjoint(with: blocked) ?? false
      if isNeeded { continue }
      transaction.makings[product] = nil
      if attempt.result == .made { unneeded.append(product) }
    }
    running = transaction
    return [.retire(unneeded)] + putInForce(at: now)
  }

  private var late: ConfigDiagnostic {
    ConfigDiagnostic(
      location: nil,
      message: "it was not ready within \(limits.prepare), so the change does not come into force")
  }

  /// What cannot come into force if these participants refuse: their units, everything in the same group, and
  /// everything of which another participant has made one product together with any of it.
  private func blocked(by culprits: Set<Participant>, in transaction: Running) -> Set<UnitID> {
    var blocked: Set<UnitID> = []
    var added: Set<UnitID> = []
    for culprit in culprits { added.formUnion(members[culprit]?.units ?? []) }
    added.formIntersection(transaction.candidates.keys)
    while !added.isEmpty {
      blocked.formUnion(added)
      let keys = Set(added.map { key(of: $0, in: transaction) })
      added = []
      for unit in transaction.candidates.keys where keys.contains(key(of: unit, in: transaction)) {
        added.insert(unit)
      }
      for attempt in transaction.makings.values {
        let units = members[attempt.participant]?.units ?? []
        if !units.isDisjoint(with: blocked) { added.formUnion(units) }
      }
      added.formIntersection(transaction.candidates.keys)
      added.subtract(blocked)
    }
    return blocked
  }

  private func outcome(
    of unit: UnitID, blockedBy culprits: [Participant: [ConfigDiagnostic]]
  ) -> ReloadOutcome {
    let ordered = culprits.sorted { $0.key.number < $1.key.number }
    for (culprit, diagnostics) in ordered {
      guard let member = members[culprit], member.units.contains(unit) else { continue }
      return .refused(by: member.name, diagnostics)
    }
    let name = ordered.first.flatMap { members[$0.key]?.name } ?? ""
    let diagnostic = ConfigDiagnostic(
      location: nil,
      message: "\(unit) is held back because \(name) refused what belongs together with it")
    return .rejected([diagnostic])
  }

  /// Makes the products of the transaction those that are in force, and remembers what they replaced.
  mutating func takeOverProducts(at now: Duration) {
    guard var transaction = running, transaction.hasNews else { return }
    let isOnTrial = putOnTrial(transaction, at: now)
    for (participant, product) in transaction.productsByParticipant {
      guard let replaced = members[participant]?.product else { continue }
      members[participant]?.product = product
      transaction.activations.append(Activation(product: product, replaced: replaced))
      if isOnTrial, bake?.products[participant] == nil {
        bake?.products[participant] = replaced
      } else {
        transaction.retired.append(replaced)
      }
    }
    if transaction.isRollBack { bake = nil }
    running = transaction
  }

  /// Forgets all products and returns them, to be retired.
  mutating func forgetProducts() -> [Product] {
    var products: [Product] = []
    for member in members.values { products.append(member.product) }
    if let bake { products += bake.products.values }
    members = [:]
    bake = nil
    return products
  }
}

extension TransactionMachine.Running {
  /// What comes into force of what participants made.
  var productsByParticipant: [TransactionMachine.Participant: TransactionMachine.Product] {
    var products: [TransactionMachine.Participant: TransactionMachine.Product] = [:]
    for (product, attempt) in makings where attempt.result == .made {
      products[attempt.participant] = product
    }
    return products
  }
}
