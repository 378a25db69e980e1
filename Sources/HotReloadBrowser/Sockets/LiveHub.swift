import HotReload
import Synchronization

/// Knows who is connected and what everyone has to know, and tells all of them in the same order.
///
/// All functions may be called from any thread.
final class LiveHub: Sendable {
  private struct State {
    var live: LiveState
    /// What a program behind a proxy is at: being compiled, or not compiled; nil if all is well.
    var build: LiveMessage?
    var clients: [UInt64: any LiveClient] = [:]
    var lastClient: UInt64 = 0
    var seats = 0
    var isClosed = false
  }

  /// Another one after each start of the server.
  let session: String
  private let limit: Int
  private let state: Mutex<State>

  init(session: String, limit: Int, state: LiveState) {
    self.session = session
    self.limit = limit
    self.state = Mutex(State(live: state))
  }

  /// How many clients are connected.
  var count: Int { state.withLock { $0.seats } }

  // MARK: Clients

  /// A place for one more client; nil if there is none, or the server ends.
  func takeSeat() -> LiveSeat? {
    state.withLock { state in
      guard !state.isClosed, state.seats < limit else { return nil }
      state.seats += 1
      state.lastClient += 1
      return LiveSeat(number: state.lastClient, hub: self)
    }
  }

  /// Tells a client what it has to know, and from now on what happens.
  func join(_ client: some LiveClient, in seat: LiveSeat) {
    let isClosed = state.withLock { state in
      if state.isClosed { return true }
      state.clients[seat.number] = client
      client.deliver(
        WireMessage(.hello(session: session, generation: state.live.generation)))
      for message in Self.current(state) { client.deliver(WireMessage(message)) }
      return false
    }
    if isClosed { client.end() }
  }

  fileprivate func leave(_ number: UInt64) {
    state.withLock { state in
      state.clients[number] = nil
      state.seats -= 1
    }
  }

  /// What a client is told that missed something.
  func catchUp() -> [WireMessage] {
    state.withLock { state in
      let update = LiveMessage.Update(generation: state.live.generation, all: true)
      return ([.update(update)] + Self.current(state)).map(WireMessage.init)
    }
  }

  private static func current(_ state: State) -> [LiveMessage] {
    state.live.current + [state.build].compactMap { $0 }
  }

  // MARK: Messages

  /// Changes what everyone has to know, and tells it.
  func publish(_ change: (inout LiveState) -> [LiveMessage]) {
    state.withLock { state in
      let messages = change(&state.live)
      Self.tell(messages, to: state)
    }
  }

  /// Tells everyone something that no transaction did.
  func announce(_ message: LiveMessage) {
    let message = message.bounded
    state.withLock { state in
      switch message {
      case .building, .built(false, _): state.build = message
      case .built(true, _): state.build = nil
      default: break
      }
      Self.tell([message], to: state)
    }
  }

  private static func tell(_ messages: [LiveMessage], to state: State) {
    for message in messages.map(WireMessage.init) {
      for client in state.clients.values { client.deliver(message) }
    }
  }

  /// Lets clients find out whether they are still there.
  func keepAlive() {
    let clients = state.withLock { Array($0.clients.values) }
    for client in clients { client.keepAlive() }
  }

  /// Ends all clients, and takes no more.
  func close() {
    let clients = state.withLock { state in
      state.isClosed = true
      return Array(state.clients.values)
    }
    for client in clients { client.end() }
  }
}

/// A client's place among the limited number of them, given back once, when it is left or forgotten.
final class LiveSeat: Sendable {
  let number: UInt64
  private let hub: LiveHub
  private let isLeft = Atomic(false)

  init(number: UInt64, hub: LiveHub) {
    self.number = number
    self.hub = hub
  }

  deinit { leave() }

  /// Nothing is delivered any more to who sat here.
  func leave() {
    if !isLeft.exchange(true, ordering: .acquiringAndReleasing) { hub.leave(number) }
  }
}
