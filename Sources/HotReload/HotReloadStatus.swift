public import FileWatching
public import WorkspaceTools

/// How a manager is doing.
public struct HotReloadStatus: Sendable {
  /// Whether everything is as it should be.
  public enum Health: Sendable, Hashable {
    /// What is on disk is in force, and everything is watched.
    case healthy
    /// It goes on, but not everything is well; one sentence for each thing.
    case degraded([String])
  }

  /// Whether it was not shut down.
  public var isRunning: Bool
  /// The generation in force.
  public var generation: UInt64
  /// The configs in force, sorted.
  public var configs: [String]
  /// The configs and file groups of which what is on disk is not in force, and why.
  public var rejected: [String: [ConfigDiagnostic]]
  /// Whether nothing comes into force until ``HotReloadManager/resume()``.
  public var isPaused: Bool
  /// Whether what is in force is still on trial.
  public var isBaking: Bool
  /// Why what is in force is not healthy although there is nothing to go back to.
  public var healthFailure: String?
  /// The participants, sorted.
  public var participants: [String]
  /// Participants that take too long to let go of a product, a name for each product.
  public var retireOverdue: [String]
  /// How many config and type pairs are watched by streams.
  public var streams: Int
  /// The handlers.
  public var handlers: [HandlerStatus]
  /// What is watched; nil if that is not known.
  public var watch: FileWatcher.Status?
  /// What the last transaction that loaded anything did.
  public var lastReport: ReloadReport?

  /// Whether everything is as it should be.
  public var health: Health {
    var reasons = rejected.keys.sorted().map { name in
      "config \(name) on disk is rejected: \(rejected[name]?.first?.description ?? "")"
    }
    for (path, reason) in (watch?.degraded ?? [:]).sorted(by: { $0.key.string < $1.key.string }) {
      reasons.append("\(path) is polled: \(reason)")
    }
    if let healthFailure { reasons.append("what is in force is not healthy: \(healthFailure)") }
    if isPaused { reasons.append("paused: nothing comes into force until it is resumed") }
    for name in retireOverdue {
      reasons.append("\(name) does not let go of something that was replaced")
    }
    for handler in handlers where handler.dropped > 0 {
      reasons.append(
        "the handler for \(handler.pattern) is too slow: \(handler.dropped) events were dropped")
    }
    return reasons.isEmpty ? .healthy : .degraded(reasons)
  }
}

extension ReloadDriver {
  func status(
    watch: FileWatcher.Status?, handlers: [HandlerStatus], isRunning: Bool
  ) -> HotReloadStatus {
    let storage = cell.storage
    return state.withLock { state in
      var rejected: [String: [ConfigDiagnostic]] = [:]
      for (unit, known) in state.machine.units where !known.refusal.isEmpty {
        rejected[unit.eventName ?? unit.description] = known.refusal
      }
      return HotReloadStatus(
        isRunning: isRunning, generation: storage.generation,
        configs: storage.units.keys.compactMap(\.configName).sorted(), rejected: rejected,
        isPaused: state.machine.isPaused, isBaking: state.machine.bake != nil,
        healthFailure: state.machine.healthFailure,
        participants: state.members.values.map(\.name).sorted(),
        retireOverdue: state.retirement.overdue, streams: state.streamCount,
        handlers: handlers, watch: watch, lastReport: state.lastReport)
    }
  }
}

extension ReloadDriver.State {
  fileprivate var streamCount: Int {
    streams.values.reduce(0) { $0 + $1.values.count { $0.slot != nil } }
  }
}
