extension ReloadDriver {
  /// Aborts what is before its swap, lets finish what is after it, and ends everything. Further calls wait too.
  func stop() async {
    step(.stop)
    let unneeded = state.withLock { state in
      state.isStopping = true
      return Array(state.registrations.values) + [state.cancelHealthCheck].compactMap { $0 }
    }
    for cancel in unneeded { cancel() }
    await stopped.wait()
    let (worker, timer, slots) = state.withLock { state in
      defer { state.timer = nil }
      return (state.worker, state.timer?.task, state.places.compactMap(\.slot))
    }
    exposures.finish()
    worker.stop()
    timer?.cancel()
    await timer?.value
    if !(await tasks.wait(atMost: Self.taskGracePeriod, on: clock)) {
      tasks.cancelAll()
      log.leftTasks(tasks.count, cell.storage.generation)
    }
    await endRetirementTimer()
    await recorder?.stopped()
    for slot in slots { slot.finish() }
    feed.finish()
    demanded.end()
    // They may hold the manager.
    state.withLock { state in
      state.members = [:]
      state.validators = [:]
    }
  }
}
