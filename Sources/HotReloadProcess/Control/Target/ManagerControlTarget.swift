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
      uptime: started.duration(to: .now).nanosecondsClamped, root: manager.workspace.root.string,
      environment: manager.workspace.environment.name)
  }

  /// How the manager is doing.
  public func status() async throws -> ControlStatus {
    let status = await manager.status()
    var document = status.document(redacting: .none)
    // A reason is a sentence in which no secret could be hidden later.
    document.reasons = status.redacted(by: .default).health.reasons
    return ControlStatus(instance: instance(), status: document)
  }

  /// Lets changes wait.
  public func pause() async throws -> ControlPausing {
    manager.pause()
    return ControlPausing(isPaused: true, generation: manager.snapshot().generation)
  }

  /// Applies what waited, and goes on.
  public func resume() async throws -> ControlPausing {
    try await asking {
      let before = await manager.status()
      manager.resume()
      try await manager.sync()
      let status = await manager.status()
      // The last report is that of what waited only if anything came out since.
      let report = status.outcomes == before.outcomes ? nil : status.lastReport
      return ControlPausing(
        isPaused: status.isPaused, generation: status.generation,
        report: report.map { ReloadReport.Document($0) })
    }
  }

  /// Checks what is on disk with the instance's types and validators.
  public func check(_ configs: [String]) async throws -> ControlCheck {
    try await asking {
      let found = try await manager.check(configs.isEmpty ? nil : configs)
      return ControlCheck(
        configs: found.sorted { $0.key < $1.key }.map { name, errors in
          ControlCheck.Config(name: name, errors: errors.map { ConfigDiagnostic.Document($0) })
        })
    }
  }

  /// Loads every config again.
  public func reload() async throws -> ReloadReport.Document {
    try await asking { ReloadReport.Document(try await manager.reload()) }
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
        code: code, message: error.message,
        errors: error.diagnostics.map { ConfigDiagnostic.Document($0) })
    } catch let error as ConfigError {
      throw ControlError(
        code: .failed, message: error.advice.isEmpty ? "config \(error.config)" : error.advice,
        errors: error.diagnostics.map { ConfigDiagnostic.Document($0) })
    } catch let error as JournalError {
      throw ControlError(
        code: error.code == .unknownContent ? .notFound : .failed, message: error.message)
    }
  }
}
