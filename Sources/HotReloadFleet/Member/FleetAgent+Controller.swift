extension FleetAgent {
  /// Does what the controller's rules ask for.
  func perform(
    _ action: ControllerMachine.Action, _ machines: inout Machines,
    _ group: inout DiscardingTaskGroup
  ) {
    switch action {
    case .commit(let number, let transaction):
      group.addTask {
        guard let outcome = await self.write(transaction) else { return }
        await self.inbox.send(.controller(.written(number, outcome)))
      }
    case .follow where machines.follower != nil:
      group.addTask { _ = await self.readEverything() }
    case .follow:
      let follower = StopSignal()
      machines.follower = follower
      group.addTask { await follower.run { await self.followEverything() } }
    case .unfollow:
      machines.follower?.stop()
      machines.follower = nil
    case .note(let note):
      log.noted(note)
      switch note {
      case .moved(.commit), .moved(.end): group.addTask { await self.pruneBundles() }
      default: break
      }
    }
  }

  /// Removes content that nobody can want any more. What fails is done after the next rollout.
  private func pruneBundles() async {
    do {
      try await store.pruneBundles(keeping: [], under: keys)
    } catch {
      if !Task.isCancelled { log.cannotPrune(error) }
    }
  }

  /// Reads all that the store has of the fleet, for as long as it takes.
  /// - Returns: the revision from which to watch; nil if the task was cancelled.
  private func readEverything() async -> StoreRevision? {
    var pause = RetryPause()
    while !Task.isCancelled {
      let asked = clock.now()
      do throws(StoreError) {
        let (entries, revision) = try await store.readAll(keys.all)
        let view = FleetView(
          keys: keys, entries.compactMap { keys.change(.put($0)) }, revision: revision)
        noteStore(nil)
        await inbox.send(.controller(.opened(view, asked: asked)))
        return revision
      } catch {
        noteStore(error)
        guard await pause.wait(clock) else { return nil }
      }
    }
    return nil
  }

  private func followEverything() async {
    var pause = RetryPause()
    while let revision = await readEverything() {
      do {
        for try await event in store.watch(keys.all, after: revision) {
          guard case .changes(let batch) = event else { continue }
          let changes = batch.changes.compactMap { keys.change($0) }
          guard !changes.isEmpty else { continue }
          await inbox.send(.controller(.changed(changes, batch.revision)))
        }
      } catch {
        noteStore(error)
      }
      // It was compacted, or cannot be watched.
      guard await pause.wait(clock) else { return }
    }
  }
}
