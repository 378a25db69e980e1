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

  private var soon: ContinuousClock.Instant { .now.advanced(by: .seconds(60)) }

  @Test("One is inside at a time, and all get in")
  func exclusive() async throws {
    let gate = UpdateGate()
    let record = Record()
    let deadline = soon
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<200 {
        group.addTask {
          try await gate.run("app", until: deadline) {
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
    let gate = UpdateGate()
    let deadline = soon
    let answer = try await gate.run("a", until: deadline) {
      try await gate.run("b", until: deadline) { 7 }
    }
    #expect(answer == 7)
  }

  @Test("Who waits too long is refused, and does not hold up the others")
  func late() async throws {
    let gate = UpdateGate()
    let deadline = soon
    let ended: Bool = try await gate.run("app", until: deadline) {
      await #expect(throws: UpdateGate.Refusal.self) {
        try await gate.run("app", until: .now) {}
      }
      return true
    }
    #expect(ended)
    #expect(try await gate.run("app", until: deadline) { 1 } == 1)
  }

  @Test("Who is cancelled while waiting leaves the line")
  func cancelled() async throws {
    let gate = UpdateGate()
    let deadline = soon
    let ended: Bool = try await gate.run("app", until: deadline) {
      let waiting = Task { try await gate.run("app", until: deadline) { 1 } }
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
      return true
    }
    #expect(ended)
    #expect(try await gate.run("app", until: deadline) { 1 } == 1)
  }

  @Test("An update that throws lets the next one in")
  func throwing() async throws {
    struct Refused: Error {}
    let gate = UpdateGate()
    let deadline = soon
    await #expect(throws: Refused.self) {
      try await gate.run("app", until: deadline) { throw Refused() }
    }
    #expect(try await gate.run("app", until: deadline) { 1 } == 1)
  }
}
