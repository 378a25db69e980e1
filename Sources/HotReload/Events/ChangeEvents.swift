import Synchronization

/// Events as a sequence, which ends when the manager shuts down.
///
/// Those that come before the consumer asks for them are kept, up to a bound; then the oldest are dropped, and
/// ``dropped`` counts them. One consumer: a second iterator takes events away from the first. When the
/// last copy is gone, nothing is kept any more.
///
/// ``published`` are the same events with their circumstances, among them where events were dropped.
public struct ChangeEvents: AsyncSequence, Sendable {
  /// An event.
  public typealias Element = ChangeEvent
  /// It never fails.
  public typealias Failure = Never

  let subscription: EventSubscription

  /// How many events were dropped because the consumer was slower than they came.
  public var dropped: Int { subscription.buffer.dropped }

  /// The same events with generation, time, name, and how many were dropped right before each. It takes them from
  /// the same buffer.
  public var published: PublishedEvents { PublishedEvents(subscription: subscription) }

  /// Iterates over events.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let subscription: EventSubscription

    /// The next event; waits for it. Nil at the end, or when the task is cancelled.
    public mutating func next() async -> ChangeEvent? {
      await next(isolation: #isolation)
    }

    /// The same, on the given actor.
    public mutating func next(isolation actor: isolated (any Actor)?) async -> ChangeEvent? {
      await subscription.buffer.next(isolation: actor)?.event
    }
  }

  /// Starts with the oldest event that was not taken yet.
  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(subscription: subscription)
  }
}

/// Events with their circumstances, as a sequence; see ``ChangeEvents``.
///
/// A consumer that must not miss anything looks at ``PublishedEvent/droppedBefore``: if it is not 0, it reads
/// ``HotReloadManager/snapshot()`` anew.
public struct PublishedEvents: AsyncSequence, Sendable {
  /// An event and its circumstances.
  public typealias Element = PublishedEvent
  /// It never fails.
  public typealias Failure = Never

  let subscription: EventSubscription

  /// Iterates over events.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let subscription: EventSubscription

    /// The next event; waits for it. Nil at the end, or when the task is cancelled.
    public mutating func next() async -> PublishedEvent? {
      await next(isolation: #isolation)
    }

    /// The same, on the given actor.
    public mutating func next(isolation actor: isolated (any Actor)?) async -> PublishedEvent? {
      await subscription.buffer.next(isolation: actor)
    }
  }

  /// Starts with the oldest event that was not taken yet.
  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(subscription: subscription)
  }
}

/// Keeps the buffer on the bus for as long as somebody may read from it.
final class EventSubscription: Sendable {
  let buffer: EventBuffer
  private let bus: EventBus
  private let id: UInt64

  init(pattern: EventPattern, capacity: Int, bus: EventBus) throws(HotReloadError) {
    buffer = EventBuffer(pattern: pattern, capacity: capacity)
    self.bus = bus
    id = try bus.add(buffer)
  }

  deinit {
    bus.remove(id)
  }
}

/// Events that wait for their consumer.
final class EventBuffer: EventReceiver {
  private struct State {
    var queue: EventQueue<PublishedEvent>
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    var lastWaiter: UInt64 = 0
    var isFinished = false
  }

  let pattern: EventPattern
  private let state: Mutex<State>

  init(pattern: EventPattern, capacity: Int) {
    self.pattern = pattern
    state = Mutex(State(queue: EventQueue(capacity: capacity)))
  }

  var dropped: Int { state.withLock { $0.queue.dropped } }
  var waiting: Int { state.withLock { $0.queue.count } }

  func receive(_ event: PublishedEvent) {
    let woken: [CheckedContinuation<Void, Never>] = state.withLock { state in
      guard !state.isFinished else { return [] }
      state.queue.append(event)
      defer { state.waiters.removeAll() }
      return Array(state.waiters.values)
    }
    for continuation in woken { continuation.resume() }
  }

  func end() -> Latch? {
    let woken = state.withLock { state in
      state.isFinished = true
      defer { state.waiters.removeAll() }
      return Array(state.waiters.values)
    }
    for continuation in woken { continuation.resume() }
    return nil
  }

  private enum Next {
    case event(PublishedEvent)
    case end
    case wait(UInt64)
  }

  func next(isolation: isolated (any Actor)?) async -> PublishedEvent? {
    while true {
      let next: Next = state.withLock { state in
        if let event = state.queue.takeFirst() { return .event(event) }
        if state.isFinished || Task.isCancelled { return .end }
        state.lastWaiter += 1
        return .wait(state.lastWaiter)
      }
      switch next {
      case .event(let event): return event
      case .end: return nil
      case .wait(let id): await wait(as: id, isolation: isolation)
      }
    }
  }

  private func wait(as id: UInt64, isolation: isolated (any Actor)?) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state in
          if state.isFinished || Task.isCancelled || !state.queue.isEmpty { return true }
          state.waiters[id] = continuation
          return false
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
    }
  }
}
