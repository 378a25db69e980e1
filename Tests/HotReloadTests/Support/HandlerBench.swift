import Dispatch
import FileWatching
import HotReloadTesting
import Logging
import Synchronization
import SystemPackage

@testable import HotReload

/// A bus with handlers and without a manager, on a clock that stands still.
struct HandlerBench {
  let bus = EventBus()
  let clock = ManualClock()
  let log = LogLines()

  init() {
    bus.surroundings.use(log.logger, ReloadClock(clock))
  }

  func register(
    _ pattern: String = "**", timeLimit: Duration? = nil,
    _ body: @escaping @Sendable (ChangeEvent) async throws -> Void
  ) throws -> HandlerRegistration {
    try register(ClosureHandler(body: body), pattern, timeLimit: timeLimit)
  }

  func register(
    _ handler: any ReloadHandler, _ pattern: String = "**", timeLimit: Duration? = nil
  ) throws -> HandlerRegistration {
    try bus.register(handler, matching: EventPattern(pattern), timeLimit: timeLimit)
  }

  /// Publishes that files with these numbers as names were created.
  func publish(_ numbers: Int...) {
    for number in numbers {
      bus.publish([
        .init(
          event: .fileChanged(path: FilePath("\(number)"), change: .created),
          generation: UInt64(number), paths: [FilePath("\(number)")], unit: nil)
      ])
    }
  }

  /// Lets time pass, a second at a time, until a condition holds that needs it to.
  func pass(until condition: @Sendable () -> Bool) async {
    while !condition(), !Task.isCancelled {
      clock.advance(by: .seconds(1))
      await Task.yield()
    }
  }

  /// Ends all handlers while time passes.
  func end() async {
    let isOver = Latch()
    let ending = Task {
      await bus.endReceivers(within: HotReloadManager.handlerGracePeriod)
      isOver.open()
    }
    await pass { isOver.isOpen }
    await ending.value
  }
}

/// Blocks the threads of those who pass until it is opened.
final class Barrier: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)
  private let count = Atomic(0)

  /// How many have come to it.
  var arrived: Int { count.load(ordering: .acquiring) }

  /// Blocks. It is no function to call from a task, which is the point.
  func block() {
    count.add(1, ordering: .acquiringAndReleasing)
    semaphore.wait()
    semaphore.signal()
  }

  func open() { semaphore.signal() }
}

/// Keeps what is logged.
final class LogLines: Sendable {
  private struct Handler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      lines.state.withLock { $0.append("\(event.level) \(event.message)") }
    }
  }

  private let state = Mutex<[String]>([])

  var all: [String] { state.withLock { $0 } }
  var logger: Logger { Logger(label: "test", factory: { _ in Handler(lines: self) }) }

  func count(_ part: String) -> Int { all.count { $0.contains(part) } }
}
