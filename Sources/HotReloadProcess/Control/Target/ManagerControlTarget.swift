public import HotReload
import WorkspaceTools

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Lets a control server's clients ask a hot reload manager.
public struct ManagerControlTarget: ControlTarget {
  let manager: HotReloadManager
  private let name: String
  private let startedAt = wallClock()
  private let started = ContinuousClock.now
  private let times = ConfigTimes()

  /// - Parameters:
  ///   - manager: who is asked.
  ///   - name: the instance's name.
  public init(_ manager: HotReloadManager, name: String) {
    self.manager = manager
    self.name = name
  }

  /// Notes since when each config has been in its state, until the manager shuts down or the task is cancelled.
  func follow(_ events: ChangeEvents) async {
    _ = await configs(manager.status())
    for await event in events { times.note(event, at: wallClock()) }
  }

  /// This process.
  public func instance() -> ControlInstance {
    ControlInstance(
      name: name, pid: getpid(), startedAt: startedAt,
      uptime: nanoseconds(started.duration(to: .now)), root: manager.workspace.root.string,
      environment: manager.workspace.environment.name)
  }

  /// How the manager is doing.
  public func status() async throws -> ControlStatus {
    let status = await manager.status()
    let configs = configs(status)
    // A reason is a sentence in which no secret could be hidden later.
    var shown = status
    shown.rejected = status.rejected.mapValues { diagnostics in
      diagnostics.map { ControlDiagnostic($0).redacted(by: .default).diagnostic }
    }
    var reasons: [String] = []
    if case .degraded(let sentences) = shown.health { reasons = sentences }
    return ControlStatus(
      instance: instance(), health: reasons.isEmpty ? .healthy : .degraded, reasons: reasons,
      isRunning: status.isRunning, isPaused: await isPaused, generation: status.generation,
      configs: configs, streams: status.streams,
      handlers: status.handlers.map { handler in
        ControlStatus.Handler(
          pattern: handler.pattern, waiting: handler.waiting, handled: handler.handled,
          failed: handler.failed, dropped: handler.dropped)
      },
      watching: status.watch.map { watch in
        ControlStatus.Watching(
          backend: watch.backend, directories: watch.directories, files: watch.files,
          degraded: watch.degraded.sorted { $0.key.string < $1.key.string }.map {
            ControlStatus.Watching.Degraded(path: $0.key.string, reason: $0.value.description)
          })
      },
      lastReport: status.lastReport.map { ControlReport($0) })
  }

  private func configs(_ status: HotReloadStatus) -> [ControlStatus.Config] {
    let snapshot = manager.snapshot()
    let inForce = Set(status.configs)
    return inForce.union(status.rejected.keys).sorted().map { name in
      let errors = status.rejected[name] ?? []
      let state: ControlStatus.Config.State =
        errors.isEmpty ? .inForce : inForce.contains(name) ? .rejected : .missing
      return ControlStatus.Config(
        name: name, state: state, generation: snapshot.generation(of: name),
        since: times.since(name, isGood: errors.isEmpty, now: wallClock()),
        errors: errors.map { ControlDiagnostic($0) })
    }
  }

  /// Loads every config again.
  public func reload() async throws -> ControlReport {
    try await asking { ControlReport(try await manager.reload()) }
  }

  /// Makes the manager's errors those of the protocol.
  func asking<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
    do {
      return try await body()
    } catch let error as HotReloadError {
      let code: ControlError.Code =
        switch error.code {
        case .shutDown: .shutDown
        case .configRejected: .rejected
        default: .failed
        }
      throw ControlError(
        code: code, message: error.message, errors: error.diagnostics.map { ControlDiagnostic($0) })
    }
  }
}

extension ControlReport {
  /// What a report says.
  public init(_ report: ReloadReport) {
    self.init(
      producers: report.producers.map(\.description), generation: report.generation,
      isAccepted: report.isAccepted, duration: nanoseconds(report.duration),
      units: report.units.map { unit in
        Unit(
          unit: unit.unit.description, outcome: Self.name(of: unit.outcome),
          isChanged: unit.isChanged,
          errors: unit.outcome.diagnostics.map { ControlDiagnostic($0) })
      },
      phases: report.phases.map { phase in
        Phase(phase: phase.phase.rawValue, duration: nanoseconds(phase.duration))
      })
  }

  /// The case's name, without what it holds.
  private static func name(of outcome: ReloadOutcome) -> String {
    String("\(outcome)".prefix { $0 != "(" })
  }
}

/// Nanoseconds since 1970.
func wallClock() -> Int64 {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}

/// A duration as whole nanoseconds.
func nanoseconds(_ duration: Duration) -> Int64 {
  let (seconds, attoseconds) = duration.components
  let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
  return overflow ? .max : whole + attoseconds / 1_000_000_000
}
