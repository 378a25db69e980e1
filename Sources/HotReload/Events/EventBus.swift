import Logging
import Synchronization

/// Who receives events. To receive one must not wait, nor call anything of the program's.
protocol EventReceiver: AnyObject, Sendable {
  var pattern: EventPattern { get }
  func receive(_ event: PublishedEvent)
  /// Takes no more events; returns what is still under way.
  func end() -> Task<Void, Never>?
}

/// Hands events to those who asked for them, in the order in which they are published.
final class EventBus: Sendable {
  /// How many handlers and event sequences there can be.
  static let maximumReceivers = 10_000

  private struct State {
    var receivers: [(id: UInt64, receiver: any EventReceiver)] = []
    var last: UInt64 = 0
    /// What receivers have dropped that are gone.
    var gone = EventCounts()
  }

  private let state = Mutex(State())

  /// Adds a receiver and returns the number under which it can be removed.
  func add(_ receiver: any EventReceiver) throws(HotReloadError) -> UInt64 {
    let id: UInt64? = state.withLock { state in
      guard state.receivers.count < Self.maximumReceivers else { return nil }
      state.last += 1
      state.receivers.append((state.last, receiver))
      return state.last
    }
    guard let id else {
      throw HotReloadError(
        code: .tooManyReceivers,
        message: "there are \(Self.maximumReceivers) handlers and event sequences already; "
          + "unregister those that are not needed")
    }
    return id
  }

  func remove(_ id: UInt64) {
    state.withLock { state in
      for entry in state.receivers where entry.id == id {
        state.gone.addDropped(by: entry.receiver)
      }
      state.receivers.removeAll { $0.id == id }
    }
  }

  func removeAll() -> [any EventReceiver] {
    state.withLock { state in
      defer { state.receivers.removeAll() }
      for entry in state.receivers { state.gone.addDropped(by: entry.receiver) }
      return state.receivers.map(\.receiver)
    }
  }

  /// What waits and what was dropped.
  var counts: EventCounts {
    state.withLock { state in
      var counts = state.gone
      for entry in state.receivers { counts.add(entry.receiver) }
      return counts
    }
  }

  var receivers: [any EventReceiver] {
    state.withLock { $0.receivers.map(\.receiver) }
  }

  /// Adds a handler.
  func register(
    _ handler: any ReloadHandler, matching pattern: String, logger: Logger
  ) throws(HotReloadError) -> HandlerRegistration {
    let mailbox = try HandlerMailbox(pattern: pattern, handler: handler, logger: logger)
    return HandlerRegistration(mailbox: mailbox, id: try add(mailbox), bus: self)
  }

  func publish(_ events: [PublishedEvent]) {
    guard !events.isEmpty else { return }
    for receiver in receivers {
      for event in events where receiver.pattern.matches(event) { receiver.receive(event) }
    }
  }
}
