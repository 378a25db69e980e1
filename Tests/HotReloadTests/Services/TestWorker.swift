import ServiceLifecycle
import Synchronization

@testable import HotReload

struct WorkerConfig: Codable, Sendable, Equatable {
  enum Fault: String, Codable, Sendable {
    case throwsBeforeReady, returnsBeforeReady, neverReady, refusesReadiness, cannotBeMade,
      ignoresShutdown
  }

  var a: Int
  var note: String?
  var fault: Fault?
}

struct WorkerFailure: Error, Equatable {
  var number: Int
}

/// What workers did, in order, and who is at work.
final class WorkLog: Sendable {
  private struct State {
    var lines: [String] = []
    var active: Set<Int> = []
    var mostActive = 0
    var running = 0
  }

  private let state = Mutex(State())

  var lines: [String] { state.withLock { $0.lines } }
  var mostActive: Int { state.withLock { $0.mostActive } }
  var running: Int { state.withLock { $0.running } }

  func add(_ line: String) { state.withLock { $0.lines.append(line) } }

  func take() -> [String] {
    state.withLock { state in
      defer { state.lines = [] }
      return state.lines
    }
  }

  func activated(_ number: Int, _ isActive: Bool) {
    state.withLock { state in
      if isActive { state.active.insert(number) } else { state.active.remove(number) }
      state.mostActive = max(state.mostActive, state.active.count)
      state.lines.append(isActive ? "active \(number)" : "inactive \(number)")
    }
  }

  func runs(_ number: Int, _ isRunning: Bool) {
    state.withLock { state in
      state.running += isRunning ? 1 : -1
      state.lines.append(isRunning ? "runs \(number)" : "ended \(number)")
    }
  }
}

/// A service that does what its config and the test say.
final class TestWorker: ReplaceableService {
  let config: WorkerConfig
  let log: WorkLog
  private let ready = Signal()
  private let broken = Signal()

  init(_ config: WorkerConfig, _ log: WorkLog) throws {
    if config.fault == .cannotBeMade { throw WorkerFailure(number: config.a) }
    self.config = config
    self.log = log
  }

  /// Lets `run()` throw.
  func fail() { broken.open() }

  func run() async throws {
    log.runs(config.a, true)
    defer { log.runs(config.a, false) }
    if config.fault == .throwsBeforeReady { throw WorkerFailure(number: config.a) }
    if config.fault == .returnsBeforeReady { return }
    if config.fault != .neverReady { ready.open() }
    if config.fault == .ignoresShutdown {
      await broken.wait()
    } else {
      await withTaskCancellationOrGracefulShutdownHandler {
        _ = await broken.wait()
      } onCancelOrGracefulShutdown: { [log, config, broken] in
        log.add("asked \(config.a)")
        broken.open()
      }
    }
    if !Task.isShuttingDownGracefully, !Task.isCancelled { throw WorkerFailure(number: config.a) }
  }

  func waitUntilReady() async throws {
    await ready.wait()
    if config.fault == .refusesReadiness { throw WorkerFailure(number: config.a) }
  }

  func activate() async { log.activated(config.a, true) }

  func deactivate() async { log.activated(config.a, false) }

  func willEnd(_ reason: ServiceEnding) async { log.add("\(reason) \(config.a)") }
}
