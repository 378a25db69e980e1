import Synchronization

/// Lets one update of a config through at a time, in the order they came, within one workspace's copies.
///
/// The file lock excludes updates of other processes, but is asked for again and again, which is neither
/// quick nor fair among many tasks; behind this gate one task a config asks for it.
final class UpdateGate: Sendable, WorkspaceSharedKey {
  typealias Value = UpdateGate

  /// The largest number of updates that wait for one config.
  static let maximumWaiting = 4_096

  /// Why nobody was let through.
  enum Refusal: Error {
    case full
    case late
  }

  private struct State {
    var nextTicket: UInt64 = 0
    /// Those that wait for a config that somebody updates, first come first.
    var lines: [String: [(ticket: UInt64, continuation: CheckedContinuation<Void, any Error>)]] =
      [:]
    /// The tickets that are given out; with an error where it came before its holder stood in line.
    var tickets: [UInt64: (any Error)?] = [:]
  }

  private let state = Mutex(State())

  /// Runs `body` when no other is at work on `name`.
  ///
  /// - Throws: ``Refusal``, `CancellationError`, or what `body` throws.
  func run<R: Sendable>(
    _ name: String, until deadline: ContinuousClock.Instant,
    _ body: @Sendable () async throws -> R
  ) async throws -> R {
    try await enter(name, until: deadline)
    defer { leave(name) }
    return try await body()
  }

  private func enter(_ name: String, until deadline: ContinuousClock.Instant) async throws {
    let ticket = state.withLock { state -> UInt64? in
      guard state.lines[name] != nil else {
        state.lines[name] = []
        return nil
      }
      state.nextTicket += 1
      state.tickets[state.nextTicket] = .some(nil)
      return state.nextTicket
    }
    guard let ticket else { return }
    let timer = Task {
      try await Task.sleep(until: deadline, clock: .continuous)
      withdraw(ticket, from: name, Refusal.late)
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
        state.lines[name] = []
        return .success(())
      }
      if line.count >= Self.maximumWaiting { return .failure(Refusal.full) }
      state.lines[name]?.append((ticket, continuation))
      return nil
    }
    if let answer { continuation.resume(with: answer) }
  }

  private func withdraw(_ ticket: UInt64, from name: String, _ error: any Error) {
    let waiting = state.withLock { state -> CheckedContinuation<Void, any Error>? in
      guard let place = state.lines[name]?.firstIndex(where: { $0.ticket == ticket }) else {
        // Not in line yet, or already let through, which nothing takes back.
        if state.tickets[ticket] != nil { state.tickets[ticket] = .some(error) }
        return nil
      }
      return state.lines[name]?.remove(at: place).continuation
    }
    waiting?.resume(throwing: error)
  }

  private func leave(_ name: String) {
    let next = state.withLock { state -> CheckedContinuation<Void, any Error>? in
      guard let line = state.lines[name], !line.isEmpty else {
        state.lines[name] = nil
        return nil
      }
      return state.lines[name]?.removeFirst().continuation
    }
    next?.resume()
  }
}
