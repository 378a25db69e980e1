import Foundation
import Logging
import Synchronization
import Testing

@testable import HotReloadProcess

/// Signals are the whole process's, so these run one after the other, with signals that nothing else here uses.
@Suite("Reload on a signal", .serialized, .timeLimit(.minutes(5)))
struct ReloadOnSignalTests {
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  @Test("Each signal that comes between reloads leads to one, a storm during one to one more")
  func coalescing() async throws {
    let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
    let (gate, opening) = AsyncStream.makeStream(of: Void.self)
    let (listening, heard) = AsyncStream.makeStream(of: Void.self)
    let count = Mutex(0)
    let reloading = ReloadOnSignal(signal: SIGUSR2, logger: logger) {
      count.withLock { $0 += 1 }
      beginning.yield()
      for await _ in gate { return }
    }
    let running = Task { try await reloading.run { heard.yield() } }
    for await _ in listening { break }
    var begins = begun.makeAsyncIterator()
    kill(getpid(), SIGUSR2)
    await begins.next()
    for _ in 0..<50 { kill(getpid(), SIGUSR2) }
    opening.yield()
    await begins.next()
    opening.yield()
    kill(getpid(), SIGUSR2)
    await begins.next()
    opening.yield()
    running.cancel()
    try await running.value
    #expect((3...5).contains(count.withLock { $0 }))
  }

  @Test("Afterwards the signal does what it did before, the second time too")
  func disposition() async throws {
    for _ in 0..<2 {
      let before = SignalDisposition.address(of: SIGUSR2)
      let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
      let (listening, heard) = AsyncStream.makeStream(of: Void.self)
      let reloading = ReloadOnSignal(signal: SIGUSR2, logger: logger) { beginning.yield() }
      let running = Task { try await reloading.run { heard.yield() } }
      for await _ in listening { break }
      kill(getpid(), SIGUSR2)
      for await _ in begun { break }
      #expect(SignalDisposition.address(of: SIGUSR2) != before)
      running.cancel()
      try await running.value
      #expect(SignalDisposition.address(of: SIGUSR2) == before)
    }
  }

  @Test("A reload that throws does not end the listening")
  func failure() async throws {
    struct Refused: Error {}
    let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
    let (listening, heard) = AsyncStream.makeStream(of: Void.self)
    let reloading = ReloadOnSignal(signal: SIGUSR2, logger: logger) {
      beginning.yield()
      throw Refused()
    }
    let running = Task { try await reloading.run { heard.yield() } }
    for await _ in listening { break }
    var begins = begun.makeAsyncIterator()
    for _ in 0..<3 {
      kill(getpid(), SIGUSR2)
      await begins.next()
    }
    running.cancel()
    try await running.value
  }
}
