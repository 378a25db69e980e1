import FileWatching
import Metrics
import Synchronization

/// What is counted and measured, handed to the program's metrics backend. See ``ReloadMetric``.
final class ReloadMetrics: Sendable {
  private let reloads: [ReloadOutcome.Kind: Counter]
  private let phases: [ReloadPhase: Metrics.Timer]
  private let meters: [ReloadMetric: Meter]
  private let queues: [HotReloadStatus.Queues.Name: Meter]
  private let rescans: [WatchNotice.RescanReason: Counter]
  private let rollBacks: Counter
  private let droppedByHandlers: Counter
  private let droppedBySequences: Counter
  /// The drops that the counters have been told of.
  private let told = Mutex(EventCounts())

  /// Has an element when a refresh is due; never more than one.
  let news: AsyncStream<Void>
  private let teller: AsyncStream<Void>.Continuation

  /// Nil if the factory's metrics go nowhere.
  init?(_ factory: any MetricsFactory) {
    if factory is NOOPMetricsHandler { return nil }
    func counter(_ metric: ReloadMetric, _ dimensions: (String, String)...) -> Counter {
      Counter(label: metric.rawValue, dimensions: dimensions, factory: factory)
    }
    reloads = Self.table(ReloadOutcome.Kind.allCases) {
      counter(.reloads, ("outcome", $0.rawValue))
    }
    phases = Self.table(ReloadPhase.allCases) { phase in
      Metrics.Timer(
        label: ReloadMetric.phaseDuration.rawValue, dimensions: [("phase", phase.rawValue)],
        preferredDisplayUnit: .seconds, factory: factory)
    }
    rescans = Self.table(WatchNotice.RescanReason.allCases) {
      counter(.watchRescans, ("reason", $0.rawValue))
    }
    meters = Self.table(ReloadMetric.plainGauges) { Meter(label: $0.rawValue, factory: factory) }
    queues = Self.table(HotReloadStatus.Queues.Name.allCases) { queue in
      Meter(
        label: ReloadMetric.queueDepth.rawValue, dimensions: [("queue", queue.rawValue)],
        factory: factory)
    }
    rollBacks = counter(.rollBacks)
    droppedByHandlers = counter(.droppedEvents, ("receiver", "handlers"))
    droppedBySequences = counter(.droppedEvents, ("receiver", "sequences"))
    (news, teller) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  private static func table<Key: Hashable, Value>(
    _ keys: some Sequence<Key>, _ value: (Key) -> Value
  ) -> [Key: Value] {
    Dictionary(uniqueKeysWithValues: keys.map { ($0, value($0)) })
  }

  /// Takes in what a transaction did. One that neither loaded nor told anything is not counted.
  func note(_ report: ReloadReport, at time: Int64) {
    guard report.hasEffect else { return }
    for phase in report.phases { phases[phase.phase]?.record(duration: phase.duration) }
    meters[.generation]?.set(report.generation)
    guard !report.units.isEmpty else { return }
    for unit in report.units { reloads[unit.outcome.kind]?.increment() }
    if report.units.contains(where: { $0.outcome.kind == .rolledBack }) { rollBacks.increment() }
    meters[.lastDuration]?.set(Double(report.duration.nanosecondsClamped) / 1e9)
    meters[.lastSuccessful]?.set(report.isAccepted ? 1 : 0)
    if report.isAccepted { meters[.lastSuccess]?.set(Double(time) / 1e9) }
  }

  /// Takes in what the watcher said of itself.
  func note(_ notices: [WatchNotice]) {
    for case .rescanned(let reason) in notices { rescans[reason]?.increment() }
  }

  /// Takes in how many events were dropped so far.
  func note(_ counts: EventCounts) {
    let (handlers, sequences) = told.withLock { told in
      defer {
        told.droppedByHandlers = max(told.droppedByHandlers, counts.droppedByHandlers)
        told.droppedBySequences = max(told.droppedBySequences, counts.droppedBySequences)
      }
      return (
        counts.droppedByHandlers - told.droppedByHandlers,
        counts.droppedBySequences - told.droppedBySequences
      )
    }
    if handlers > 0 { droppedByHandlers.increment(by: handlers) }
    if sequences > 0 { droppedBySequences.increment(by: sequences) }
  }

  /// Refreshes everything that stands for a state.
  func refresh(_ status: HotReloadStatus) {
    func set(_ metric: ReloadMetric, _ value: Int) { meters[metric]?.set(value) }
    meters[.generation]?.set(status.generation)
    set(.running, status.isRunning ? 1 : 0)
    set(.degraded, status.health == .healthy ? 0 : 1)
    set(.paused, status.isPaused ? 1 : 0)
    set(.baking, status.isBaking ? 1 : 0)
    set(.rejectedUnits, status.rejected.count)
    set(.quarantinedContents, status.units.reduce(0) { $0 + $1.quarantined })
    set(.retireOverdue, status.retireOverdue.count)
    if let watch = status.watch {
      set(.watchedFolders, watch.directories)
      set(.watchedFiles, watch.files)
    }
    set(.degradedFolders, status.degradedFolders.count)
    for (name, meter) in queues { meter.set(status.queues[name]) }
  }

  /// Asks for a refresh, from any thread.
  func tellNews() {
    teller.yield()
  }
}

extension ReloadMetric {
  /// The gauges without dimensions.
  fileprivate static let plainGauges: [ReloadMetric] = [
    .lastSuccessful, .lastSuccess, .lastDuration, .generation, .running, .degraded, .paused,
    .baking, .rejectedUnits, .quarantinedContents, .retireOverdue, .watchedFolders, .watchedFiles,
    .degradedFolders,
  ]
}

extension ReloadReport {
  /// Whether it loaded or told anything. One that somebody only waited with did neither.
  var hasEffect: Bool { !units.isEmpty || !changes.isEmpty }
}
