/// The metrics of a manager, by the names under which they reach the program's metrics backend.
///
/// Names and units follow Prometheus: base units, `_total` for what only grows, times of day in seconds since 1970. A
/// backend that counts nanoseconds for timers shows these in seconds if it honours the preferred unit.
///
/// | name | kind | dimensions | says |
/// |---|---|---|---|
/// | `hotreload_reloads_total` | counter | `outcome` | units that went through a transaction, by ``ReloadOutcome/Kind`` |
/// | `hotreload_rollbacks_total` | counter | | transactions that brought back what was in force before |
/// | `hotreload_last_reload_successful` | gauge | | 1 if nothing was rejected in the last transaction that loaded anything, else 0 |
/// | `hotreload_last_reload_success_timestamp_seconds` | gauge | | when the last one ended in which nothing was rejected |
/// | `hotreload_last_reload_duration_seconds` | gauge | | how long the last one took |
/// | `hotreload_phase_duration_seconds` | timer | `phase` | how long each ``ReloadPhase`` took |
/// | `hotreload_generation` | gauge | | the generation in force |
/// | `hotreload_running` | gauge | | 1 until the manager is shut down, then 0 |
/// | `hotreload_degraded` | gauge | | 1 if ``HotReloadStatus/health`` is degraded, else 0 |
/// | `hotreload_paused` | gauge | | 1 while paused |
/// | `hotreload_baking` | gauge | | 1 while what is in force is on trial |
/// | `hotreload_rejected_units` | gauge | | configs and file groups of which what is on disk is not in force |
/// | `hotreload_quarantined_contents` | gauge | | contents that were rolled back and may not come into force again |
/// | `hotreload_retire_overdue` | gauge | | products that a participant should have let go of |
/// | `hotreload_watched_folders` | gauge | | folders that the watcher knows |
/// | `hotreload_watched_files` | gauge | | files that the watcher knows |
/// | `hotreload_degraded_folders` | gauge | | folders that are polled or not seen because they could not be watched |
/// | `hotreload_watch_rescans_total` | counter | `reason` | times everything was compared anew, such as after the kernel dropped events (`overflow`) |
/// | `hotreload_queue_depth` | gauge | `queue` | what waits: `worker` work for the reload's thread, `jobs` registrations, `candidates` units and files of the next transaction, `handlers` and `sequences` events |
/// | `hotreload_dropped_events_total` | counter | `receiver` | events that `handlers` or `sequences` were too slow for |
///
/// Counters, timers and what is said of the last reload are up to date when ``HotReloadManager/reload()`` returns. The
/// others are refreshed after each transaction, every ``HotReloadManager/metricsInterval``, and by
/// ``HotReloadManager/status()``.
///
/// Two managers in one process that shall not share their metrics are given factories that add a dimension.
public enum ReloadMetric: String, Sendable, Hashable, CaseIterable {
  /// Units by what became of them.
  case reloads = "hotreload_reloads_total"
  /// Transactions that brought back what was in force before.
  case rollBacks = "hotreload_rollbacks_total"
  /// Whether the last reload was good.
  case lastSuccessful = "hotreload_last_reload_successful"
  /// When a reload was good the last time.
  case lastSuccess = "hotreload_last_reload_success_timestamp_seconds"
  /// How long the last reload took.
  case lastDuration = "hotreload_last_reload_duration_seconds"
  /// How long phases take.
  case phaseDuration = "hotreload_phase_duration_seconds"
  /// The generation in force.
  case generation = "hotreload_generation"
  /// Whether the manager runs.
  case running = "hotreload_running"
  /// Whether anything is not as it should be.
  case degraded = "hotreload_degraded"
  /// Whether the manager is paused.
  case paused = "hotreload_paused"
  /// Whether a bake is under way.
  case baking = "hotreload_baking"
  /// Units whose content on disk is not in force.
  case rejectedUnits = "hotreload_rejected_units"
  /// Contents in quarantine.
  case quarantinedContents = "hotreload_quarantined_contents"
  /// Products that are not let go of.
  case retireOverdue = "hotreload_retire_overdue"
  /// Folders that are known.
  case watchedFolders = "hotreload_watched_folders"
  /// Files that are known.
  case watchedFiles = "hotreload_watched_files"
  /// Folders that are not watched as they should be.
  case degradedFolders = "hotreload_degraded_folders"
  /// Times everything was compared with the file system anew.
  case watchRescans = "hotreload_watch_rescans_total"
  /// What waits in each queue.
  case queueDepth = "hotreload_queue_depth"
  /// Events that were dropped.
  case droppedEvents = "hotreload_dropped_events_total"
}
