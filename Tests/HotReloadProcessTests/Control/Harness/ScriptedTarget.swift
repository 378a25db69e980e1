import HotReload
import Synchronization
import WorkspaceTools

@testable import HotReloadProcess

/// A target whose answers are fixed, except that a reload waits until the test lets it go on.
final class ScriptedTarget: ControlTarget {
  private struct State {
    var reloads = 0
    var finished = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
    var isOpen = false
    var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    var differences: [ControlDiff.Difference] = []
  }

  private let state = Mutex(State())

  init(differences: [ControlDiff.Difference] = []) {
    state.withLock { $0.differences = differences }
  }

  /// How many reloads have ended.
  var finishedReloads: Int { state.withLock { $0.finished } }

  /// Lets all reloads, and those that come, go on.
  func open() {
    let waiting = state.withLock { state in
      state.isOpen = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Returns when so many reloads have begun.
  func waitForReloads(_ count: Int) async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if state.reloads >= count { return true }
        state.watchers.append((count, continuation))
        return false
      }
      if isThere { continuation.resume() }
    }
  }

  func instance() -> ControlInstance {
    ControlInstance(
      name: "scripted", pid: 1, startedAt: 2, uptime: 3, root: "/srv", environment: "test")
  }

  func reload() async throws -> ReloadReport.Document {
    await withCheckedContinuation { continuation in
      let (isOpen, ready) = state.withLock { state in
        state.reloads += 1
        if !state.isOpen { state.waiting.append(continuation) }
        let ready = state.watchers.filter { $0.count <= state.reloads }
        state.watchers.removeAll { $0.count <= state.reloads }
        return (state.isOpen, ready)
      }
      for watcher in ready { watcher.continuation.resume() }
      if isOpen { continuation.resume() }
    }
    state.withLock { $0.finished += 1 }
    return ReloadReport.Document(
      producers: ["reload"], generation: 7, isAccepted: true, duration: 1, units: [], phases: [])
  }

  func diff(of config: String, from: UInt64?, to: UInt64?) async throws -> ControlDiff {
    ControlDiff(
      config: config, from: from ?? 1, to: to ?? 2, differences: state.withLock { $0.differences })
  }

  func status() async throws -> ControlStatus { throw Unscripted() }
  func pause() async throws -> ControlPausing { ControlPausing(isPaused: true, generation: 7) }
  func resume() async throws -> ControlPausing { ControlPausing(isPaused: false, generation: 8) }
  func history(of config: String?, limit: Int) async throws -> ControlHistory {
    ControlHistory(entries: [])
  }
  func restore(_ config: String, generation: UInt64) async throws -> ReloadReport.Document {
    throw ControlError(code: .notFound, message: "there is no generation \(generation)")
  }
  func check(_ configs: [String]) async throws -> ControlCheck {
    ControlCheck(configs: configs.map { ControlCheck.Config(name: $0, errors: []) })
  }

  struct Unscripted: Error {}
}
