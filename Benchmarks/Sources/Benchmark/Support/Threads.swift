import Foundation
import Synchronization

/// Runs `body` on a thread of its own, so that what blocks in it takes no thread from Swift's tasks.
func onThread<Result: Sendable>(
  _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread {
      continuation.resume(with: Swift.Result(catching: body))
    }
  }
}

/// Runs `body` on so many threads at once, which begin together.
/// - Returns: the mean of what they returned.
func onThreads(
  _ count: Int, _ body: @escaping @Sendable () -> Double
) async throws -> Double {
  let gate = StartingGate(count: count)
  return try await withThrowingTaskGroup(of: Double.self) { group in
    for _ in 0..<count {
      group.addTask {
        try await onThread {
          gate.pass()
          return body()
        }
      }
    }
    var sum = 0.0
    for try await value in group { sum += value }
    return sum / Double(count)
  }
}

/// Holds threads up until all of them are there.
private final class StartingGate: Sendable {
  private let missing: Atomic<Int>

  init(count: Int) {
    missing = Atomic(count)
  }

  func pass() {
    missing.subtract(1, ordering: .acquiringAndReleasing)
    while missing.load(ordering: .acquiring) > 0 { sched_yield() }
  }
}

/// Waits for something that has no signal of its own.
/// - Returns: false if it did not happen within `limit`.
func wait(
  atMost limit: Duration = .seconds(5), until isTrue: () -> Bool
) async throws -> Bool {
  let deadline = ContinuousClock.now + limit
  while !isTrue() {
    if ContinuousClock.now > deadline { return false }
    try await Task.sleep(for: .milliseconds(1))
  }
  return true
}
