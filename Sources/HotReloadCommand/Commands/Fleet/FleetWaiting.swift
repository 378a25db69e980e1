import ArgumentParser
import HotReload
import HotReloadFleet
import Synchronization

/// Follows a proposal to its end, and ends the command with what became of it.
struct FleetWaiting: Sendable {
  /// It was rolled back.
  static let rolledBack = ExitCode(2)
  /// It was refused, or another one took its place.
  static let refused = ExitCode(3)
  /// It waits for people.
  static let paused = ExitCode(4)
  /// Its end was not seen.
  static let unfinished = ExitCode(5)

  let client: FleetClient
  let proposal: Proposal
  let renderer: FleetRenderer
  let limit: Duration
  let stopsWhenPaused: Bool
  private let output = StandardOutput()
  private let last = LastState()

  /// What was told last.
  private final class LastState: Sendable {
    private let state = Mutex<ProposalProgress.State?>(nil)
    var value: ProposalProgress.State? { state.withLock { $0 } }
    func set(_ new: ProposalProgress.State) { state.withLock { $0 = new } }
  }

  init(
    client: FleetClient, proposal: Proposal, renderer: FleetRenderer, limit: Duration,
    stopsWhenPaused: Bool
  ) {
    self.client = client
    self.proposal = proposal
    self.renderer = renderer
    self.limit = limit
    self.stopsWhenPaused = stopsWhenPaused
  }

  private func nanoseconds(_ limit: Duration) -> Int64 { Int64(limit / .nanoseconds(1)) }

  /// Returns if the fleet runs it, and throws an exit code or a failure if not.
  func run() async throws {
    let ending = await Ending()
    let following = Task {
      do {
        let isOver = try await followWithinLimit()
        ending.end()
        return isOver
      } catch {
        ending.end(with: error)
        throw error
      }
    }
    try await ending.wait()
    following.cancel()
    let isOver = try await following.value
    try await end(isOver: isOver)
  }

  /// Returns whether the time is over.
  private func followWithinLimit() async throws -> Bool {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await follow()
        return false
      }
      group.addTask {
        try? await Task.sleep(for: limit)
        return !Task.isCancelled
      }
      defer { group.cancelAll() }
      return try await group.next() ?? false
    }
  }

  /// Prints each state, to the last one or until the task is cancelled. A reader that went away does not end it: what the
  /// command ends with is what matters.
  private func follow() async throws {
    for try await state in client.progress(of: proposal, reachability: sayWhetherHeard) {
      last.set(state)
      try? output.write(renderer.progress(state, of: proposal, time: nanosecondsSince1970()))
      if case .paused = state, stopsWhenPaused { return }
    }
  }

  private func end(isOver: Bool) async throws {
    switch last.value {
    case .committed: return
    case .rolledBack: throw Self.rolledBack
    case .replaced: throw Self.refused
    case .refused:
      // An earlier proposal of the same content has come to its end.
      let overview = try? await client.overview()
      if overview?.committed?.content == proposal.content { return }
      throw Self.refused
    case .paused(let release, let reason) where isOver || stopsWhenPaused:
      throw FleetFailure(
        "paused",
        "\(release) waits for people: \(reason). Then 'hotreload fleet resume', or 'hotreload fleet rollback'",
        exitCode: Self.paused)
    case .rollingBack(let release, let failure) where isOver:
      throw FleetFailure(
        "rollingBack",
        "\(release) is being rolled back, but not everywhere within \(spanText(nanoseconds(limit))): \(failure). See 'hotreload fleet status'",
        exitCode: Self.rolledBack)
    case .waiting, .running, .paused, .rollingBack, nil:
      throw FleetFailure(
        isOver ? "timeout" : "interrupted",
        (isOver ? "the end was not seen within \(spanText(nanoseconds(limit)))" : "interrupted")
          + "; what was proposed goes on. See 'hotreload fleet status', or take it back with 'hotreload fleet rollback'",
        exitCode: Self.unfinished)
    }
  }
}
