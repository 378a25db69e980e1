import Synchronization
import WorkspaceFiles
import WorkspaceTools

/// The one manager that all copies of a workspace share, and the handlers that wait for it.
final class HotReloadBox: Sendable {
  enum Key: WorkspaceSharedKey {
    typealias Value = HotReloadBox
  }

  private enum Phase {
    case idle
    case starting(Task<HotReloadManager, any Error>, HotReloadConfiguration)
    case running(HotReloadManager, HotReloadConfiguration)
  }

  let bus = EventBus()
  private let phase = Mutex(Phase.idle)

  /// The manager that runs, or a new one.
  /// - Parameter configuration: nil to take any that runs, and the default if none does.
  func manager(
    of workspace: Workspace, configuration: HotReloadConfiguration?, changes: ChangeSourceFactory,
    clock: ReloadClock
  ) async throws -> HotReloadManager {
    while let ending = endingManager {
      // One that is about to end is nobody's any more.
      await ending.waitForEnd()
      end(ending)
    }
    let (task, running) = phase.withLock { phase in
      switch phase {
      case .starting(let task, let running): return (task, running)
      case .running(let manager, let running): return (Task { manager }, running)
      case .idle:
        let asked = configuration ?? HotReloadConfiguration()
        let task = Task {
          try await self.start(workspace, asked, changes: changes, clock: clock)
        }
        phase = .starting(task, asked)
        return (task, asked)
      }
    }
    if let differences = configuration?.differences(from: running), !differences.isEmpty {
      throw HotReloadError(
        code: .alreadyStarted,
        message: "the hot reload of this workspace runs already, with other values of "
          + "\(differences.joined(separator: ", ")); start it before the first stream is asked for, "
          + "or shut it down first")
    }
    return try await task.value
  }

  private var endingManager: HotReloadManager? {
    phase.withLock { phase in
      guard case .running(let manager, _) = phase, manager.isEnding else { return nil }
      return manager
    }
  }

  private func start(
    _ workspace: Workspace, _ asked: HotReloadConfiguration, changes: ChangeSourceFactory,
    clock: ReloadClock
  ) async throws -> HotReloadManager {
    do {
      let configuration = try await BlockingExecutor.shared.run {
        try asked.settled(for: workspace)
      }
      bus.surroundings.use(configuration.logger, clock)
      let manager = try await HotReloadManager.start(
        workspace, configuration: configuration, source: changes, clock: clock, bus: bus,
        onEnd: { manager in self.end(manager) })
      phase.withLock { $0 = .running(manager, asked) }
      return manager
    } catch {
      phase.withLock { $0 = .idle }
      throw error
    }
  }

  private func end(_ ended: HotReloadManager) {
    phase.withLock { phase in
      if case .running(let manager, _) = phase, manager === ended { phase = .idle }
    }
  }
}
