extension FleetAgent {
  // MARK: Reading

  /// Follows what the fleet wants, for as long as the agent runs.
  func followOrders() async {
    var pause = RetryPause()
    while !Task.isCancelled {
      var orders = FleetOrders()
      do {
        for try await event in store.follow(keys.orders, clock: clock) {
          switch event {
          case .changed(let mirror, let changes):
            offerContent(of: changes)
            orders.update(by: changes.compactMap { keys.change($0) }, to: mirror.revision)
            noteStore(nil)
          case .current(let revision):
            orders.revision = max(orders.revision, revision)
            noteStore(nil)
          case .interrupted(let error):
            noteStore(error)
            continue
          }
          await inbox.send(.ordered(orders))
        }
      } catch {
        noteStore(error)
      }
      guard await pause.wait(clock) else { return }
    }
  }

  /// Hands on what came along with a proposal.
  private func offerContent(of changes: [StoreChange]) {
    for case .put(let entry) in changes where entry.key == keys.content {
      host.offer(entry.value)
    }
  }

  /// Reads what the fleet wants, if the store answers.
  func readOrders() async {
    do throws(StoreError) {
      let (entries, revision) = try await store.readAll(keys.orders)
      noteStore(nil)
      await inbox.send(.ordered(orders(in: entries, at: revision)))
    } catch {
      noteStore(error)
    }
  }

  private func orders(
    in entries: some Sequence<StoreEntry>, at revision: StoreRevision
  ) -> FleetOrders {
    FleetOrders(entries.compactMap { keys.change(.put($0)) }, revision: revision)
  }

  // MARK: Writing

  /// Commits, and finds out what became of it for as long as that takes.
  /// - Returns: nil if the task was cancelled before it was known.
  func write(_ transaction: StoreTransaction) async -> WriteOutcome? {
    do throws(StoreError) {
      let outcome = try await store.commit(transaction)
      noteStore(nil)
      switch outcome {
      case .succeeded(let revision): return .made(revision)
      case .conflict(let conflict): return .conflict(conflict)
      case .unknown(let unknown):
        noteStore(unknown.error)
        return await resolve(unknown.operation)
      }
    } catch {
      if error.code == .leaseNotFound { return .notMade(isLeaseGone: true) }
      noteStore(error)
      // Whoever hears of it tries again at once.
      var pause = RetryPause()
      return await pause.wait(clock) ? .notMade(isLeaseGone: false) : nil
    }
  }

  private func resolve(_ operation: StoreOperationID) async -> WriteOutcome? {
    var pause = RetryPause()
    while !Task.isCancelled {
      do throws(StoreError) {
        switch try await store.resolve(operation) {
        case .committed(let revision): return .made(revision)
        case .abandoned: return .notMade(isLeaseGone: false)
        }
      } catch {
        noteStore(error)
        guard await pause.wait(clock) else { return nil }
      }
    }
    return nil
  }

  // MARK: The lease

  /// Gets a lease, for as long as that takes, and keeps it alive until it is lost.
  func holdLease() async {
    var pause = RetryPause()
    while !Task.isCancelled {
      let sent = clock.now()
      do throws(StoreError) {
        let lease = try await store.grantLease(timeToLive: times.lease)
        noteStore(nil)
        await inbox.send(.leased(lease.id))
        await keep(lease, grantedAt: sent)
        if !Task.isCancelled { await inbox.send(.leaseLost(lease.id)) }
        return
      } catch {
        noteStore(error)
        guard await pause.wait(clock) else { return }
      }
    }
  }

  private func keep(_ lease: StoreLease, grantedAt sent: Duration) async {
    do throws(StoreError) {
      try await LeaseKeeper(
        store, lease, grantedAt: sent, longestPause: times.lease / LeaseKeeper.requestsPerLife,
        clock: clock
      ).run {
        sent, _, error in
        self.noteStore(error)
        if error == nil { await self.inbox.send(.heard(since: sent)) }
      }
    } catch {
      if error.code != .leaseNotFound { noteStore(error) }
    }
  }

  // MARK: How the store is doing

  /// Tells of a store that fails, and of one that does not any more, once each.
  func noteStore(_ error: StoreError?) {
    if error?.code == .cancelled || Task.isCancelled { return }
    let before = status.storeFailure
    guard before != error?.message else { return }
    note { $0.storeFailure = error?.message }
    log.store(error, before: before)
  }
}
