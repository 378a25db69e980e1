extension ReloadDriver {
  /// How letting go of products goes.
  struct Retirement: Sendable {
    /// A product that its participant is letting go of.
    struct Product: Sendable {
      var held: any AnyHeldProduct
      var deadline: Duration
      var isOverdue = false
      var cancel: Cancel?
    }

    /// Products that were let go of.
    var retired = 0
    var underWay: [UInt64: Product] = [:]
    /// Sleeps until the next deadline. One for all: a sleep that is cancelled stays in the system's queue until its
    /// time, and there may be thousands of products in that time.
    var timer: Task<Void, Never>?

    /// Participants that are letting go of a product for longer than they may, a name for each product.
    var overdue: [String] {
      underWay.sorted { $0.key < $1.key }.filter(\.value.isOverdue).map(\.value.held.name)
    }
  }

  /// Lets go of products, each in a task of its own that nothing waits for but the end.
  func retire(_ products: [Machine.Product]) {
    let deadline = clock.now() + Self.retireLimit
    let begun = state.withLock { state in
      products.compactMap { product -> (UInt64, any AnyHeldProduct)? in
        guard let held = state.products.removeValue(forKey: product) else { return nil }
        state.retirement.underWay[product.number] = .init(held: held, deadline: deadline)
        return (product.number, held)
      }
    }
    for (number, held) in begun {
      let cancel = tasks.start {
        await Reentrancy.run { await held.retire() }
        self.endRetiring(number)
      }
      state.withLock { $0.retirement.underWay[number]?.cancel = cancel }
    }
    if !begun.isEmpty { watchRetiring() }
  }

  private func endRetiring(_ number: UInt64) {
    let product = state.withLock { state in
      state.retirement.retired += 1
      return state.retirement.underWay.removeValue(forKey: number)
    }
    if product?.isOverdue ?? false { noteCondition() }
  }

  private func watchRetiring() {
    state.withLock { state in
      guard state.retirement.timer == nil, !state.retirement.underWay.isEmpty else { return }
      // It must not take over the task-local values of whoever happens to retire something.
      state.retirement.timer = Task.detached { await self.watchRetiringDeadlines() }
    }
  }

  private func watchRetiringDeadlines() async {
    while true {
      let next = state.withLock { state -> Duration? in
        let open = state.retirement.underWay.values.filter { !$0.isOverdue }
        guard let next = open.map(\.deadline).min() else {
          state.retirement.timer = nil
          return nil
        }
        return next
      }
      guard let next, (try? await clock.sleep(next)) != nil else { return }
      for product in takeOverdue() {
        product.cancel?()
        log.retireOverdue(
          product.held.name, of: product.held.units, cell.storage.generation, Self.retireLimit)
      }
    }
  }

  /// Those whose time is up, and of which nobody was told.
  private func takeOverdue() -> [Retirement.Product] {
    let late = state.withLock { state in
      let now = clock.now()
      var late: [Retirement.Product] = []
      for (number, product) in state.retirement.underWay
      where !product.isOverdue && product.deadline <= now {
        state.retirement.underWay[number]?.isOverdue = true
        late.append(product)
      }
      return late
    }
    if !late.isEmpty { noteCondition() }
    return late
  }

  /// Ends the timer, when nothing is retired any more.
  func endRetirementTimer() async {
    let timer = state.withLock { state in
      defer { state.retirement.timer = nil }
      return state.retirement.timer
    }
    timer?.cancel()
    await timer?.value
  }
}
