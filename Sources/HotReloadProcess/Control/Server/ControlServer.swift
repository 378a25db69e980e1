public import Logging
public import ServiceLifecycle
import Synchronization
public import SystemPackage
import WorkspaceFiles
public import WorkspaceTools

/// Answers requests on a Unix socket in an instance's folder, from the same user and root only.
///
/// It has one thread for the sockets, and a task for each request that is under way. As a `Service` it runs until graceful
/// shutdown; otherwise ``start()`` and ``stop()`` begin and end it. All functions may be called from any thread or task.
public final class ControlServer: Service, Sendable {
  /// The instance's folder.
  public let folder: FilePath
  /// What clients may do.
  public let limits: ControlLimits

  private enum Phase {
    case idle
    case starting
    case running(ControlThread)
    case ended
  }

  private struct State {
    var phase = Phase.idle
    var isStopAsked = false
    var tasks: [UInt64: Task<Void, Never>] = [:]
    var lastTask: UInt64 = 0
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let target: any ControlTarget
  private let rules: RedactionRules
  private let logger: Logger
  private let state = Mutex(State())

  /// A server that is not started yet.
  ///
  /// - Parameters:
  ///   - folder: the instance's folder, `data/hotreload/INSTANCE` of the workspace; made if it is missing.
  ///   - target: what does what is asked.
  ///   - limits: what clients may do.
  ///   - rules: what answers do not show unless they are asked to.
  ///   - logger: where it is said that somebody reloads, pauses or restores.
  public init(
    folder: FilePath, target: any ControlTarget, limits: ControlLimits = ControlLimits(),
    hiding rules: RedactionRules = .default, logger: Logger = Logger(label: "hotreload.control")
  ) {
    self.folder = folder
    self.target = target
    self.limits = limits
    self.rules = rules
    self.logger = logger
  }
}

// MARK: Life

extension ControlServer {
  /// Listens from now on.
  /// - Throws: ``ControlError`` with the code `inUse` if another process is this instance; `cannotListen`; `shutDown` if it
  ///   was started before.
  public func start() async throws {
    let isFirst = state.withLock { state in
      guard case .idle = state.phase, !state.isStopAsked else { return false }
      state.phase = .starting
      return true
    }
    guard isFirst else {
      throw ControlError(
        code: .shutDown, message: "a control server runs once only; make another one")
    }
    do {
      let folder = folder
      let listener = try await BlockingExecutor.shared.run {
        try ControlListener.open(folder, backlog: ControlThread.backlog)
      }
      try begin(listener)
    } catch {
      finish()
      throw error
    }
  }

  private func begin(_ listener: ControlListener) throws {
    do {
      let thread = try ControlThread(
        listener: listener, limits: limits,
        callbacks: ControlThread.Callbacks(
          perform: { self.perform($0, for: $1) }, ended: { self.finish() }))
      // Before it starts, so that its first request finds it.
      let isStopAsked = state.withLock { state in
        state.phase = .running(thread)
        return state.isStopAsked
      }
      try thread.start()
      if isStopAsked { thread.stop() }
      logger.debug("control socket opened", metadata: ["folder": "\(folder)"])
    } catch {
      listener.close()
      throw ControlError(
        code: .cannotListen, message: "the control socket's thread cannot be started: \(error)")
    }
  }

  /// Takes no more requests, lets those that are under way end within ``ControlLimits/stopTime``, removes the socket, and
  /// returns when that is done. Further calls wait for the first.
  public func stop() async {
    askToStop()
    await waitForEnd()
  }

  /// Listens until the service group shuts down gracefully, the task is cancelled, or ``stop()`` is called.
  /// - Throws: as ``start()``.
  public func run() async throws {
    try await start()
    await withTaskCancellationOrGracefulShutdownHandler {
      await waitForEnd()
    } onCancelOrGracefulShutdown: {
      self.askToStop()
    }
  }

  private func askToStop() {
    let thread: ControlThread? = state.withLock { state in
      state.isStopAsked = true
      switch state.phase {
      case .idle: state.phase = .ended
      case .running(let thread): return thread
      case .starting, .ended: break
      }
      return nil
    }
    thread?.stop()
  }

  private func waitForEnd() async {
    await withCheckedContinuation { continuation in
      let hasEnded = state.withLock { state in
        if case .ended = state.phase { return true }
        state.waiters.append(continuation)
        return false
      }
      if hasEnded { continuation.resume() }
    }
  }

  /// Requests that are still under way have had their time: they are cancelled, and nobody waits for them.
  private func finish() {
    let (tasks, waiters) = state.withLock { state in
      state.phase = .ended
      defer {
        state.tasks = [:]
        state.waiters = []
      }
      return (state.tasks, state.waiters)
    }
    if !tasks.isEmpty {
      logger.warning(
        "control requests do not end; the control socket is closed without them",
        metadata: ["requests": "\(tasks.count)"])
    }
    for task in tasks.values { task.cancel() }
    for waiter in waiters { waiter.resume() }
  }
}

// MARK: Requests

extension ControlServer {
  /// How many requests may be under way, those counted whose clients are gone: a client that asks and leaves again and
  /// again must not pile up work.
  static let maximumRequests = 64

  /// Called on the thread: begins to work on a request.
  private func perform(_ line: [UInt8], for client: ControlThread.ClientID) {
    state.withLock { state in
      guard case .running(let thread) = state.phase else { return }
      guard state.tasks.count < Self.maximumRequests else {
        let error = ControlError(
          code: .busy,
          message: "\(state.tasks.count) requests are under way already; try again later")
        return thread.answer(ControlCodec.line(.error(error)), to: client)
      }
      state.lastTask += 1
      let id = state.lastTask
      // It takes the lock when it ends, so not before it is entered here.
      state.tasks[id] = Task {
        let answer = await self.answer(to: line)
        self.state.withLock { _ = $0.tasks.removeValue(forKey: id) }
        thread.answer(answer, to: client)
      }
    }
  }

  private func answer(to line: [UInt8]) async -> [UInt8] {
    var showSecrets = false
    var answer: ControlAnswer
    do throws(ControlError) {
      let message = try ControlCodec.message(from: line)
      showSecrets = message.showSecrets
      log(message)
      answer = try await target.answer(to: message.request)
    } catch {
      answer = .error(error)
    }
    if !showSecrets { answer = answer.redacted(by: rules) }
    return ControlCodec.line(answer, limit: limits.answerBytes)
  }

  private func log(_ message: ControlMessage) {
    let metadata: Logger.Metadata = ["request": "\(message.request.name)"]
    switch message.request {
    case .reload, .pause, .resume, .restore:
      logger.notice("asked for through the control socket", metadata: metadata)
    case .ping, .status, .history, .diff, .check:
      logger.debug("asked for through the control socket", metadata: metadata)
    }
  }
}
