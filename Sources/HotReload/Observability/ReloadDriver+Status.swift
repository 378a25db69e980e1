import FileWatching
import WorkspaceTools

extension ReloadDriver {
  /// How all of it is doing, with what only the manager knows.
  func status(
    watch: FileWatcher.Status?, handlers: [HandlerStatus], journal: JournalHealth?,
    problems: [HotReloadStatus.Problem], isRunning: Bool
  ) -> HotReloadStatus {
    let storage = cell.storage
    let events = bus.counts
    var othersAreTroubled = !problems.isEmpty || handlers.contains { !$0.problems.isEmpty }
    if case .degraded? = journal { othersAreTroubled = true }
    let troubled = othersAreTroubled
    return state.withLock { state in
      state.account.note(watch, othersAreTroubled: troubled)
      state.account.settle(isTroubled: state.condition.isTroubled)
      var rejected: [String: [ConfigDiagnostic]] = [:]
      for (unit, known) in state.machine.units where !known.refusal.isEmpty {
        rejected[unit.eventName ?? unit.description] = known.refusal
      }
      return HotReloadStatus(
        isRunning: isRunning, generation: storage.generation,
        contentFolder: state.machine.root.folder, isManaged: state.machine.isManaged,
        configs: storage.units.keys.compactMap(\.configName).sorted(),
        units: state.unitStatuses(storage), rejected: rejected, problems: problems,
        isPaused: state.machine.isPaused, isBaking: state.machine.bake != nil,
        healthFailure: state.machine.healthFailure,
        participants: state.members.values.map(\.name).sorted(),
        retireOverdue: state.retirement.overdue, streams: state.streamCount,
        handlers: handlers, queues: state.queues(events),
        droppedEvents: events.droppedByHandlers + events.droppedBySequences, journal: journal,
        watch: watch,
        degradedFolders: state.account.degradedFolders, outcomes: state.account.counts,
        lastReport: state.account.lastReport,
        lastSuccess: state.account.lastSuccess, healthSince: state.account.healthSince)
    }
  }
}

extension ReloadDriver.State {
  fileprivate func unitStatuses(_ storage: SnapshotStorage) -> [HotReloadStatus.UnitStatus] {
    machine.units.sorted { $0.key < $1.key }.map { unit, known in
      let times = account.units[unit] ?? ReloadAccount.UnitTimes()
      return HotReloadStatus.UnitStatus(
        unit: unit, generation: storage.units[unit]?.generation, inForceSince: times.inForceSince,
        rejectedSince: times.rejectedSince, errors: known.refusal,
        quarantined: machine.quarantine[unit]?.count ?? 0)
    }
  }

  fileprivate func queues(_ events: EventCounts) -> HotReloadStatus.Queues {
    HotReloadStatus.Queues(
      worker: worker.waiting, jobs: machine.jobs.count,
      candidates: machine.pending.units.count + machine.content.count,
      handlers: events.waitingForHandlers, sequences: events.waitingForSequences)
  }

  fileprivate var streamCount: Int {
    streams.values.reduce(0) { $0 + $1.values.count { $0.slot != nil } }
  }
}
