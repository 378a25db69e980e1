import Synchronization

/// Why ``UpdateGate`` let somebody not through.
enum UpdateRefusal: Error {
  /// ``UpdateGate/maximumWaiting`` wait already.
  case full
  /// Nothing moved for too long.
  case late
}

/// Lets one update of a config through at a time, in the order they came, within one workspace's copies.
///
/// The file lock excludes updates of other processes, but is asked for again and again, which is neither
/// quick nor fair among many tasks; behind this gate one task a config asks for it.
///
/// Waiting is bounded by the time in which nothing moves: a long line on a busy machine is no failure, a line
/// whose first does not get on is one for all in it, at once.
final class UpdateGate<Time: Clock>: Sendable, WorkspaceSharedKey
where Time.Duration == Duration {
  typealias Value = UpdateGate

  /// The largest number of updates that wait for one config.
  static var maximumWaiting: Int { 4_096 }

  /// Those that are at work on one config, or wait for that.
  private struct Line {
    /// Since when one after another tries and none got its work done; nil while nobody tries.
    var triesSince: Time.Instant?
    /// First come first.
    var waiting: [(ticket: UInt64, continuation: CheckedContinuation<Void, any Error>)] = []
  }

  private struct State {
    var nextTicket: UInt64 = 0
    /// The configs that somebody updates.
    var lines: [String: Line] = [:]
    /// The tickets that are given out; with an error where it came before its holder stood in line.
    var tickets: [UInt64: (any Error)?] = [:]
  }

  private let clock: Time
  private let state = Mutex(State())

  init(clock: Time) {
    self.clock = clock
  }

  /// One's time at the head of the line.
  struct Turn: Sendable {
    fileprivate let gate: UpdateGate
    fileprivate let name: String
    fileprivate let came: Time.Instant
    fileprivate let patience: Duration

    /// Says that the work is tried now.
    /// - Returns: the moment to give up at.
    func begin() -> Time.Instant {
      gate.state.withLock { state in
        let now = gate.clock.now
        let since = state.lines[name]?.triesSince ?? now
        state.lines[name]?.triesSince = since
        return max(came, since).advanced(by: patience)
      }
    }

    /// Says that the work is done. Who gives up does not say so: those behind it have waited as long.
    func finish() {
      gate.state.withLock { $0.lines[name]?.triesSince = nil }
    }
  }

  /// Runs `body` when no other is at work on `name`.
  ///
  /// - Parameters:
  ///   - patience: how long work may be tried and none get done. The time until a thread takes the work up does
  ///     not count: on a busy machine that is long, and no lock's fault.
  ///   - body: does the work, and says when it begins and ends.
  /// - Returns: what `body` does.
  /// - Throws: ``UpdateRefusal``, `CancellationError`, or what `body` throws.
  func run<R: Sendable>(
    _ name: String, patience: Duration, _ body: @Sendable (Turn) async throws -> R
  ) async throws -> R {
    let turn = Turn(gate: self, name: name, came: clock.now, patience: patience)
    try await enter(turn)
    defer { leave(name) }
    return try await body(turn)
  }

  /// When somebody in line gives up if nothing moves, or looks again if there is no saying yet.
  private func deadline(_ turn: Turn) -> Time.Instant {
    state.withLock { state in
      let since = state.lines[turn.name]?.triesSince ?? clock.now
      return max(turn.came, since).advanced(by: turn.patience)
    }
  }

  private func enter(_ turn: Turn) async throws {
    let name = turn.name
    let ticket = state.withLock { state -> UInt64? in
      guard state.lines[name] != nil else {
        state.lines[name] = Line()
        return nil
      }
      state.nextTicket += 1
      state.tickets[state.nextTicket] = .some(nil)
      return state.nextTicket
    }
    guard let ticket else { return }
    let timer = Task {
      var deadline = deadline(turn)
      repeat {
        try await Task.sleep(until: deadline, clock: clock)
        deadline = self.deadline(turn)
      } while clock.now < deadline
      withdraw(ticket, from: name, UpdateRefusal.late)
    }
    defer {
      timer.cancel()
      state.withLock { _ = $0.tickets.removeValue(forKey: ticket) }
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        stand(in: name, ticket, continuation)
      }
    } onCancel: {
      withdraw(ticket, from: name, CancellationError())
    }
  }

  private func stand(
    in name: String, _ ticket: UInt64, _ continuation: CheckedContinuation<Void, any Error>
  ) {
    let answer = state.withLock { state -> Result<Void, any Error>? in
      if let error = state.tickets[ticket] ?? nil { return .failure(error) }
      guard let line = state.lines[name] else {
        // The one before has left meanwhile.
        state.lines[name] = Line()
        return .success(())
      }
      if line.waiting.count >= Self.maximumWaiting { return .failure(UpdateRefusal.full) }
      state.lines[name]?.waiting.append((ticket, continuation))
      return nil
    }
    if let answer { continuation.resume(with: answer) }
  }

  private func withdraw(_ ticket: UInt64, from name: String, _ error: any Error) {
    let waiting = state.withLock { state -> CheckedContinuation<Void, any Error>? in
      guard let place = state.lines[name]?.waiting.firstIndex(where: { $0.ticket == ticket })
      else {
        // Not in line yet, or already let through, which nothing takes back.
        if state.tickets[ticket] != nil { state.tickets[ticket] = .some(error) }
        return nil
      }
      return state.lines[name]?.waiting.remove(at: place).continuation
    }
    waiting?.resume(throwing: error)
  }

  private func leave(_ name: String) {
    let next = state.withLock { state -> CheckedContinuation<Void, any Error>? in
      guard let line = state.lines[name], !line.waiting.isEmpty else {
        state.lines[name] = nil
        return nil
      }
      return state.lines[name]?.waiting.removeFirst().continuation
    }
    next?.resume()
  }
}
