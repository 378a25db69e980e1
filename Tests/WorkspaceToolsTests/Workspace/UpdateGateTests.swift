import HotReloadTesting
import Synchronization
import Testing

@testable import WorkspaceTools

@Suite("The gate of updates")
struct UpdateGateTests {
  private final class Record: Sendable {
    let inside = Atomic(0)
    let most = Atomic(0)
    let done = Atomic(0)
  }

  /// Longer than any machine needs.
  private let patience = Duration.seconds(60)

  @Test("One is inside at a time, and all get in")
  func exclusive() async throws {
    let gate = UpdateGate(clock: .continuous)
    let record = Record()
    let patience = patience
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<200 {
        group.addTask {
          try await gate.run("app", patience: patience) { _ in
            let inside = record.inside.add(1, ordering: .relaxed).newValue
            record.most.max(inside, ordering: .relaxed)
            await Task.yield()
            record.inside.subtract(1, ordering: .relaxed)
            record.done.add(1, ordering: .relaxed)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(record.most.load(ordering: .relaxed) == 1)
    #expect(record.done.load(ordering: .relaxed) == 200)
  }

  @Test("Another config's update is not waited for")
  func apart() async throws {
    let gate = UpdateGate(clock: .continuous)
    let patience = patience
    let answer = try await gate.run("a", patience: patience) { _ in
      try await gate.run("b", patience: patience) { _ in 7 }
    }
    #expect(answer == 7)
  }

  @Test("Who waits too long is refused, and does not hold up the others")
  func late() async throws {
    let gate = UpdateGate(clock: .continuous)
    let patience = patience
    let ended = try await gate.run("app", patience: patience) { turn in
      _ = turn.begin()
      await #expect(throws: UpdateRefusal.self) {
        try await gate.run("app", patience: .zero) { _ in }
      }
      return true
    }
    #expect(ended)
    #expect(try await gate.run("app", patience: patience) { _ in 1 } == 1)
  }

  @Test("Who is cancelled while waiting leaves the line")
  func cancelled() async throws {
    let gate = UpdateGate(clock: .continuous)
    let patience = patience
    let ended = try await gate.run("app", patience: patience) { _ in
      let waiting = Task { try await gate.run("app", patience: patience) { _ in 1 } }
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
      return true
    }
    #expect(ended)
    #expect(try await gate.run("app", patience: patience) { _ in 1 } == 1)
  }

  @Test("An update that throws lets the next one in")
  func throwing() async throws {
    struct Refused: Error {}
    let gate = UpdateGate(clock: .continuous)
    let patience = patience
    await #expect(throws: Refused.self) {
      try await gate.run("app", patience: patience) { _ in throw Refused() }
    }
    #expect(try await gate.run("app", patience: patience) { _ in 1 } == 1)
  }

  @Test("Who waits in a line that moves is let in, however long the line")
  func longLine() async throws {
    let clock = ManualClock()
    let gate = UpdateGate(clock: clock)
    let record = Record()
    let done = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          try await gate.run("app", patience: .seconds(5)) { turn in
            let place = record.done.add(1, ordering: .relaxed).newValue
            _ = turn.begin()
            await clock.waitForSleepers(4 - place)
            clock.advance(by: .seconds(4))
            turn.finish()
            return 1
          }
        }
      }
      return try await group.reduce(0) { $0 + $1 }
    }
    #expect(done == 4)
    #expect(clock.now.offset == .seconds(16))
  }

  @Test(
    "The time until a thread takes the work up is no waiting for the lock", .timeLimit(.minutes(5)))
  func busyThreads() async throws {
    let clock = ManualClock()
    let gate = UpdateGate(clock: clock)
    let next = try await gate.run("app", patience: .seconds(5)) { turn in
      let next = Task { try await gate.run("app", patience: .seconds(5)) { _ in 1 } }
      await clock.waitForSleepers()
      clock.advance(by: .seconds(60))
      // Looks again, and sleeps on.
      await clock.waitForSleepers()
      #expect(turn.begin().offset == .seconds(65))
      return next
    }
    #expect(try await next.value == 1)
  }

  @Test("When nothing moves, all in line are refused")
  func stuck() async throws {
    let clock = ManualClock()
    let gate = UpdateGate(clock: clock)
    let isRefused = try await gate.run("app", patience: .seconds(5)) { turn in
      _ = turn.begin()
      var others: [Task<Int, any Error>] = []
      for _ in 0..<3 {
        others.append(Task { try await gate.run("app", patience: .seconds(5)) { _ in 1 } })
      }
      await clock.waitForSleepers(3)
      clock.advance(by: .seconds(5))
      for other in others {
        await #expect(throws: UpdateRefusal.self) { try await other.value }
      }
      return clock.now >= turn.begin()
    }
    #expect(isRefused)
  }

  @Test("Work that is done renews the patience of the next, and giving up does not")
  func renewal() async throws {
    for isDone in [true, false] {
      let clock = ManualClock()
      let gate = UpdateGate(clock: clock)
      let next = try await gate.run("app", patience: .seconds(5)) { turn in
        #expect(turn.begin().offset == .seconds(5))
        let next = Task {
          try await gate.run("app", patience: .seconds(5)) { $0.begin().offset }
        }
        await clock.waitForSleepers()
        clock.advance(by: .seconds(4))
        if isDone { turn.finish() }
        return next
      }
      #expect(try await next.value == .seconds(isDone ? 9 : 5))
    }
  }
}
