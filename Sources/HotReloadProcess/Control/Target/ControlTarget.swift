public import HotReload

/// What a control server asks to do what its clients want. ``ManagerControlTarget`` is one for a hot reload manager.
///
/// Functions are called from any task, several at once. What they throw is the answer: a ``ControlError`` as it is, any other
/// error as one with the code `failed`. Answers hold real values; the server hides secrets.
public protocol ControlTarget: Sendable {
  /// Which process this is. Must not wait.
  func instance() -> ControlInstance
  /// How it is doing.
  func status() async throws -> ControlStatus
  /// Loads every config again.
  func reload() async throws -> ReloadReport.Document
  /// Lets changes wait until ``resume()``.
  func pause() async throws -> ControlPausing
  /// Applies what waited, and goes on.
  func resume() async throws -> ControlPausing
  /// What happened to a config, or to all, the newest first, at most `limit` entries.
  func history(of config: String?, limit: Int) async throws -> ControlHistory
  /// What differs between two generations of a config; see ``ControlRequest/diff(config:from:to:)`` for nil.
  func diff(of config: String, from: UInt64?, to: UInt64?) async throws -> ControlDiff
  /// Puts what a config was in a generation in force again.
  func restore(_ config: String, generation: UInt64) async throws -> ReloadReport.Document
  /// Checks what is on disk, without applying it. Every config if none is named.
  func check(_ configs: [String]) async throws -> ControlCheck
}

extension ControlTarget {
  func answer(to request: ControlRequest) async throws(ControlError) -> ControlAnswer {
    do {
      switch request {
      case .ping: return .pong(instance())
      case .status: return .status(try await status())
      case .reload: return .report(try await reload())
      case .pause: return .pausing(try await pause())
      case .resume: return .pausing(try await resume())
      case .history(let config, let limit):
        return .history(try await history(of: config, limit: limit))
      case .diff(let config, let from, let to):
        return .diff(try await diff(of: config, from: from, to: to))
      case .restore(let config, let generation):
        return .report(try await restore(config, generation: generation))
      case .check(let configs): return .check(try await check(configs))
      }
    } catch let error as ControlError {
      throw error
    } catch {
      throw ControlError(code: .failed, message: "\(request.name) failed: \(error)")
    }
  }
}
