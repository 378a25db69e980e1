import Synchronization
import SystemPackage

/// Who receives events. To receive one must not wait, nor call anything of the program's.
protocol EventReceiver: AnyObject, Sendable {
  var pattern: EventPattern { get }
  func receive(_ event: PublishedEvent)
  /// Takes no more events. Returns what is still under way, and opens when that has ended; nil if nothing is.
  func end() -> Latch?
  /// Goes on without what is still under way.
  func abandon()
}

extension EventReceiver {
  func end() -> Latch? { nil }
  func abandon() {}
}

/// Hands events to those who asked for them, in the order in which they are published.
final class EventBus: Sendable {
  /// How many handlers and event sequences there can be.
  static let maximumReceivers = 10_000

  /// An event before it has a time and a name.
  struct Announcement: Sendable {
    var event: ChangeEvent
    var generation: UInt64
    var paths: [FilePath]
    var unit: UnitID?
  }

  private struct State {
    var receivers: [(id: UInt64, receiver: any EventReceiver)] = []
    var last: UInt64 = 0
    var lastEvent: UInt64 = 0
    /// What receivers have dropped that are gone.
    var gone = EventCounts()
  }

  /// What the handlers run with.
  let surroundings = HandlerSurroundings()
  /// What tells this bus's events from those of others, and of other processes.
  private let name = String(UInt64.random(in: .min ... .max), radix: 16)
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

  /// How the handlers are doing.
  var handlers: [HandlerStatus] {
    receivers.compactMap { ($0 as? HandlerMailbox)?.status }
  }

  /// Adds a handler.
  /// - Parameter timeLimit: nil: as the handler says.
  func register(
    _ handler: any ReloadHandler, matching pattern: EventPattern, timeLimit: Duration?
  ) throws(HotReloadError) -> HandlerRegistration {
    let mailbox = try HandlerMailbox(
      pattern: pattern, handler: handler, timeLimit: timeLimit ?? handler.timeLimit,
      surroundings: surroundings)
    return HandlerRegistration(mailbox: mailbox, id: try add(mailbox), bus: self)
  }

  /// Gives each event to who wants it. One call at a time: the order of the calls is the order of the events.
  /// - Parameter isWanted: whether the caller wants the events even if there is no receiver.
  /// - Returns: the events; none if nobody wants them.
  @discardableResult
  func publish(_ announcements: [Announcement], isWanted: Bool = false) -> [PublishedEvent] {
    guard !announcements.isEmpty else { return [] }
    let (receivers, first) = state.withLock { state in
      defer { state.lastEvent += UInt64(announcements.count) }
      return (state.receivers.map(\.receiver), state.lastEvent + 1)
    }
    guard !receivers.isEmpty || isWanted else { return [] }
    let time = nanosecondsSince1970()
    let events = announcements.enumerated().map { offset, announcement in
      PublishedEvent(
        announcement.event, generation: announcement.generation, paths: announcement.paths,
        unit: announcement.unit, time: time, id: "\(name)-\(first + UInt64(offset))")
    }
    for receiver in receivers {
      for event in events where receiver.pattern.matches(event) { receiver.receive(event) }
    }
    return events
  }

  /// Removes and ends all receivers, and returns when they have ended or that much time has passed.
  func endReceivers(within limit: Duration) async {
    let receivers = state.withLock { state in
      defer { state.receivers.removeAll() }
      for entry in state.receivers { state.gone.addDropped(by: entry.receiver) }
      return state.receivers.map(\.receiver)
    }
    let busy = receivers.compactMap { $0.end() }
    if !busy.isEmpty {
      let clock = surroundings.clock
      let latch = Latch()
      let waiting = Task {
        for latch in busy { await latch.wait() }
        latch.open()
      }
      let end = clock.now() + limit
      let timer = Task {
        // A cancelled sleep means that all have ended.
        if (try? await clock.sleep(end)) != nil { latch.open() }
      }
      await latch.wait()
      timer.cancel()
      for receiver in receivers { receiver.abandon() }
      await waiting.value
      await timer.value
    }
    surroundings.threads.endIdleThreads()
  }
}
