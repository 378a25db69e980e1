import Logging
import Synchronization

/// The events that wait for one handler, and the task that hands them over one by one.
///
/// The task exists only while there is something to hand over.
final class HandlerMailbox: EventReceiver {
  /// How many events wait at most.
  static let capacity = 1_024

  private struct State {
    var queue: EventQueue<ChangeEvent>
    var task: Task<Void, Never>?
    var handled = 0
    var failed = 0
    var isClosed = false
  }

  let pattern: EventPattern
  private let patternText: String
  private let handler: any ReloadHandler
  private let logger: Mutex<Logger>
  private let state: Mutex<State>

  init(
    pattern: String, handler: any ReloadHandler, logger: Logger, capacity: Int = capacity
  ) throws(HotReloadError) {
    self.pattern = try EventPattern(pattern)
    patternText = pattern
    self.handler = handler
    self.logger = Mutex(logger)
    state = Mutex(State(queue: EventQueue(capacity: capacity)))
  }

  var status: HandlerStatus {
    state.withLock { state in
      HandlerStatus(
        pattern: patternText, waiting: state.queue.count, handled: state.handled,
        failed: state.failed, dropped: state.queue.dropped)
    }
  }

  /// Logs failures here from now on.
  func use(_ logger: Logger) {
    self.logger.withLock { $0 = logger }
  }

  func receive(_ event: PublishedEvent) {
    let isFirstDrop = state.withLock { state in
      guard !state.isClosed else { return false }
      let dropped = state.queue.dropped
      state.queue.append(event.event)
      if state.task == nil { state.task = Task { await self.drain() } }
      return dropped == 0 && state.queue.dropped > 0
    }
    if isFirstDrop {
      logger.withLock { $0 }.warning(
        "a reload handler is too slow: its oldest events are dropped",
        metadata: ["pattern": "\(patternText)", "capacity": "\(Self.capacity)"])
    }
  }

  /// Takes no more events and forgets those that wait.
  func close() {
    state.withLock { state in
      state.isClosed = true
      state.queue.removeAll()
    }
  }

  /// Closes, and cancels what the handler is busy with.
  func end() -> Task<Void, Never>? {
    close()
    let task = state.withLock { $0.task }
    task?.cancel()
    return task
  }

  private func drain() async {
    while true {
      let event: ChangeEvent? = state.withLock { state in
        let event = state.queue.popFirst()
        if event == nil { state.task = nil }
        return event
      }
      guard let event else { return }
      await deliver(event)
    }
  }

  private func deliver(_ event: ChangeEvent) async {
    let handler = handler
    do {
      let isHandled = try await Reentrancy.run {
        guard handler.canHandle(event) else { return false }
        try await handler.handle(event)
        return true
      }
      if isHandled { state.withLock { $0.handled += 1 } }
    } catch {
      state.withLock { state in
        state.handled += 1
        state.failed += 1
      }
      logger.withLock { $0 }.error(
        "a reload handler failed", metadata: ["pattern": "\(patternText)", "error": "\(error)"])
    }
  }
}
