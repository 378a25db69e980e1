extension ReloadDriver {
  /// Sees to it that the machine hears of a deadline. A timer that is there already serves any later one.
  func armTimer() {
    state.withLock { state in
      guard let deadline = state.machine.nextDeadline, !stopped.isOpen else { return }
      if let timer = state.timer, timer.deadline <= deadline { return }
      state.timer?.task.cancel()
      state.lastNumber += 1
      let number = state.lastNumber
      // It must not take over the task-local values, such as the span, of whoever happens to arm it.
      let task = Task.detached { await self.watchDeadlines(as: number) }
      state.timer = Timer(number: number, deadline: deadline, task: task)
    }
  }

  private func watchDeadlines(as number: UInt64) async {
    while true {
      let deadline: Duration? = state.withLock { state in
        guard state.timer?.number == number else { return nil }
        guard let deadline = state.machine.nextDeadline else {
          state.timer = nil
          return nil
        }
        state.timer?.deadline = deadline
        return deadline
      }
      guard let deadline else { return }
      do { try await clock.sleep(deadline) } catch { return }
      expire()
    }
  }

  private func expire() {
    let (isExpired, isWorkerLate) = state.withLock { state in
      let now = clock.now()
      let phase = state.machine.running?.phase
      return (
        state.machine.nextDeadline.map { now >= $0 } ?? false,
        (phase == .load || phase == .validate)
          && state.machine.running?.deadline.map { now >= $0 } ?? false
      )
    }
    guard isExpired else { return }
    if isWorkerLate { replaceWorker() }
    step(.timePassed)
  }

  /// The worker may never come back from what it does; what it brings late is discarded.
  private func replaceWorker() {
    state.withLock { state in
      state.lostWorkers.removeAll { $0.worker == nil }
      guard state.lostWorkers.count < Self.maximumLostWorkers, let worker = WorkerThread() else {
        return
      }
      state.worker.stop()
      state.lostWorkers.append(WorkerReference(worker: state.worker))
      state.worker = worker
    }
  }
}
