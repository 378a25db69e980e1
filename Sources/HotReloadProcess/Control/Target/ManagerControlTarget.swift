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
  private let startedAt = nanosecondsSince1970()
  private let started = ContinuousClock.now

  /// - Parameters:
  ///   - manager: who is asked.
  ///   - name: the instance's name.
  public init(_ manager: HotReloadManager, name: String) {
    self.manager = manager
    self.name = name
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
    // A reason is a sentence in which no secret could be hidden later.
    let shown = status.redacted(by: .default)
    var reasons: [String] = []
    if case .degraded(let sentences) = shown.health { reasons = sentences }
    return ControlStatus(
      instance: instance(), health: reasons.isEmpty ? .healthy : .degraded, reasons: reasons,
      isRunning: status.isRunning, isPaused: status.isPaused, generation: status.generation,
      configs: Self.configs(status), streams: status.streams,
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

  private static func configs(_ status: HotReloadStatus) -> [ControlStatus.Config] {
    status.units.compactMap { unit in
      guard let name = unit.unit.eventName else { return nil }
      let state: ControlStatus.Config.State =
        unit.errors.isEmpty ? .inForce : unit.generation == nil ? .missing : .rejected
      return ControlStatus.Config(
        name: name, state: state, generation: unit.generation,
        since: unit.rejectedSince ?? unit.inForceSince ?? nanosecondsSince1970(),
        errors: unit.errors.map { ControlDiagnostic($0) })
    }
  }

  /// Lets changes wait.
  public func pause() async throws -> ControlPausing {
    manager.pause()
    return ControlPausing(isPaused: true, generation: manager.snapshot().generation)
  }

  /// Applies what waited, and goes on.
  public func resume() async throws -> ControlPausing {
    try await asking {
      manager.resume()
      try await manager.sync()
      let status = await manager.status()
      return ControlPausing(
        isPaused: status.isPaused, generation: status.generation,
        report: status.lastReport.map { ControlReport($0) })
    }
  }

  /// Checks what is on disk with the instance's types and validators.
  public func check(_ configs: [String]) async throws -> ControlCheck {
    try await asking {
      let found = try await manager.check(configs.isEmpty ? nil : configs)
      return ControlCheck(
        configs: found.sorted { $0.key < $1.key }.map { name, errors in
          ControlCheck.Config(name: name, errors: errors.map { ControlDiagnostic($0) })
        })
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
        case .noJournal: .notAvailable
        default: .failed
        }
      throw ControlError(
        code: code, message: error.message, errors: error.diagnostics.map { ControlDiagnostic($0) })
    } catch let error as ConfigError {
      throw ControlError(
        code: .failed, message: error.advice.isEmpty ? "config \(error.config)" : error.advice,
        errors: error.diagnostics.map { ControlDiagnostic($0) })
    } catch let error as JournalError {
      throw ControlError(
        code: error.code == .unknownContent ? .notFound : .failed, message: error.message)
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
          unit: unit.unit.description, outcome: unit.outcome.kind.rawValue,
          isChanged: unit.isChanged,
          errors: unit.outcome.diagnostics.map { ControlDiagnostic($0) })
      },
      phases: report.phases.map { phase in
        Phase(phase: phase.phase.rawValue, duration: nanoseconds(phase.duration))
      })
  }
}

/// A duration as whole nanoseconds.
func nanoseconds(_ duration: Duration) -> Int64 {
  let (seconds, attoseconds) = duration.components
  let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
  return overflow ? .max : whole + attoseconds / 1_000_000_000
}
