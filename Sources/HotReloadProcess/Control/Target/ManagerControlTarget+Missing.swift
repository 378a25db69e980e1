import HotReload
import SystemPackage

/// What the manager cannot do yet. Each function becomes one call of it when it can.
extension ManagerControlTarget {
  /// The folder of the manager's journal, in which its control socket belongs too; nil without one.
  static func journalFolder(of manager: HotReloadManager) -> FilePath? { nil }

  /// Whether changes on disk wait.
  var isPaused: Bool {
    get async { false }
  }

  /// Lets changes wait.
  public func pause() async throws -> ControlPausing { throw notAvailable("pause") }

  /// Applies what waited.
  public func resume() async throws -> ControlPausing { throw notAvailable("resume") }

  /// What happened to a config, or to all.
  public func history(of config: String?, limit: Int) async throws -> ControlHistory {
    throw notAvailable("history")
  }

  /// What differs between two generations of a config.
  public func diff(of config: String, from: UInt64?, to: UInt64?) async throws -> ControlDiff {
    throw notAvailable("diff")
  }

  /// Puts what a config was in a generation in force again.
  public func restore(_ config: String, generation: UInt64) async throws -> ControlReport {
    throw notAvailable("restore")
  }

  /// Checks what is on disk with the instance's types and validators.
  public func check(_ configs: [String]) async throws -> ControlCheck {
    throw notAvailable("check")
  }

  private func notAvailable(_ request: String) -> ControlError {
    ControlError(
      code: .notAvailable,
      message: "the instance was built with a version of HotReload that cannot \(request)")
  }
}
