import Dispatch
import Testing
import WorkspaceFiles

@Suite("Blocking executor", .timeLimit(.minutes(5))) struct BlockingExecutorTests {
  private struct Refused: Error, Equatable {}

  @Test("Work returns its result and throws its error")
  func results() async throws {
    #expect(try await BlockingExecutor.shared.run { 41 + 1 } == 42)
    await #expect(throws: Refused()) { try await BlockingExecutor.shared.run { throw Refused() } }
  }

  @Test("No more jobs run at once than there are threads, and all run")
  func bounded() async throws {
    let executor = BlockingExecutor(threads: 3)
    let running = Locked<(now: Int, most: Int, total: Int)>((0, 0, 0))
    try await withThrowingTaskGroup { group in
      for _ in 0..<500 {
        group.addTask {
          try await executor.run {
            running.withLock {
              $0.now += 1
              $0.most = max($0.most, $0.now)
              $0.total += 1
            }
            for _ in 0..<200 { _ = running.withLock { $0.now } }
            running.withLock { $0.now -= 1 }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(running.withLock { $0.total } == 500)
    #expect(running.withLock { $0.most } <= 3)
  }

  @Test("A job that waits is cancelled and never runs; one that runs ends, and its result counts")
  func cancellation() async throws {
    let executor = BlockingExecutor(threads: 1)
    let (began, beganSignal) = AsyncStream.makeStream(of: Void.self)
    let release = DispatchSemaphore(value: 0)
    let running = Task {
      try await executor.run {
        beganSignal.yield()
        release.wait()
        return "done"
      }
    }
    for await _ in began { break }
    let hasRun = Locked(false)
    let waiting = Task { try await executor.run { hasRun.withLock { $0 = true } } }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    running.cancel()
    release.signal()
    #expect(try await running.value == "done")
    #expect(try await executor.run { true })
    #expect(!hasRun.withLock { $0 })
  }

  @Test("A full queue refuses, and says so")
  func full() async throws {
    let executor = BlockingExecutor(threads: 1, queueLimit: 1)
    let (began, beganSignal) = AsyncStream.makeStream(of: Void.self)
    let release = DispatchSemaphore(value: 0)
    let running = Task {
      try await executor.run {
        beganSignal.yield()
        release.wait()
      }
    }
    for await _ in began { break }
    // Of two jobs one waits and the other is refused, whichever comes first.
    let others = (0..<2).map { _ in Task { try await executor.run { 1 } } }
    var refused = 0
    let outcomes = AsyncStream.makeStream(of: Result<Int, any Error>.self)
    for other in others {
      Task { outcomes.continuation.yield(await other.result) }
    }
    var hasReleased = false
    var count = 0
    for await outcome in outcomes.stream {
      if case .failure(let error) = outcome {
        #expect(error as? BlockingExecutorError == .queueFull(limit: 1))
        refused += 1
      }
      if !hasReleased {
        hasReleased = true
        release.signal()
      }
      count += 1
      if count == 2 { break }
    }
    try await running.value
    #expect(refused == 1)
    #expect(BlockingExecutorError.queueFull(limit: 7).description.contains("7"))
  }

  @Test("Cancelling at any moment resumes each caller exactly once")
  func cancellationRace() async throws {
    let executor = BlockingExecutor(threads: 2)
    // All at once: one after another, each would wait its turn behind all other tests of the process.
    let finished = await withTaskGroup(of: Void.self) { group in
      for round in 0..<2_000 {
        group.addTask {
          let task = Task { try await executor.run { round } }
          if round % 3 == 0 { await Task.yield() }
          task.cancel()
          switch await task.result {
          case .success(let value): #expect(value == round)
          case .failure(let error): #expect(error is CancellationError)
          }
        }
      }
      return await group.reduce(into: 0) { count, _ in count += 1 }
    }
    #expect(finished == 2_000)
  }
}
