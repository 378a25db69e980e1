import HTTPTypes
import Hummingbird
import ServiceLifecycle
import Synchronization

extension LiveReload {
  /// The messages as server-sent events, for where WebSockets are blocked; nil if too many are connected.
  ///
  /// The response ends when the server ends, and when the client does not take what is written: its connection is
  /// closed by ``StallGuard``.
  func events() -> Response? {
    guard let seat = hub.takeSeat() else { return nil }
    let mailbox = EventMailbox(limits: options.limits)
    var headers = LiveAnswer.fields
    headers[.contentType] = "text/event-stream; charset=utf-8"
    // Proxies in front would collect the events.
    headers[.acceleratedBuffering] = "no"
    let body = ResponseBody { [hub] writer in
      defer { seat.leave() }
      hub.join(mailbox, in: seat)
      try await withGracefulShutdownHandler {
        for await _ in mailbox.signals {
          while let text = mailbox.next(catchUp: hub.catchUp) {
            try await writer.write(ByteBuffer(string: text))
            mailbox.sent(text)
          }
          if mailbox.isEnded { break }
        }
      } onGracefulShutdown: {
        mailbox.end()
      }
      try await writer.finish(nil)
    }
    return Response(status: .ok, headers: headers, body: body)
  }
}

/// What waits for one event stream.
final class EventMailbox: LiveClient {
  private struct State {
    var texts: [String] = []
    var outbox: LiveOutbox
    var missedSomething = false
    var isEnded = false
  }

  /// A line that means nothing: what a browser sends next says whether it is there.
  private static let comment = ":\n\n"

  /// One whenever there may be something to write.
  let signals: AsyncStream<Void>
  private let signal: AsyncStream<Void>.Continuation
  private let state: Mutex<State>

  init(limits: LiveLimits) {
    (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    state = Mutex(State(outbox: LiveOutbox(limits)))
  }

  /// Whether nothing follows.
  var isEnded: Bool { state.withLock { $0.isEnded } }

  func deliver(_ message: WireMessage) { put(message, always: false) }

  private func put(_ message: WireMessage, always: Bool) {
    // The JSON is one line, so it is one `data` field.
    put("data: \(message.json)\n\n", always: always)
  }

  func keepAlive() {
    let isIdle = state.withLock { $0.outbox.isEmpty }
    if isIdle { put(Self.comment) }
  }

  private func put(_ text: String, always: Bool = false) {
    state.withLock { state in
      guard !state.isEnded, state.outbox.admits(text.utf8.count, always: always) else { return }
      state.texts.append(text)
    }
    signal.yield()
  }

  func end() {
    state.withLock { state in
      state.isEnded = true
      state.texts = []
    }
    signal.yield()
    signal.finish()
  }

  /// What is to be written next.
  /// - Parameter catchUp: what a client is told that missed something.
  func next(catchUp: () -> [WireMessage]) -> String? {
    let isCatchingUp = state.withLock { state in
      defer { state.missedSomething = false }
      return state.missedSomething
    }
    if isCatchingUp { for message in catchUp() { put(message, always: true) } }
    return state.withLock { $0.texts.isEmpty ? nil : $0.texts.removeFirst() }
  }

  func sent(_ text: String) {
    state.withLock { state in
      if state.outbox.sent(text.utf8.count) { state.missedSomething = true }
    }
  }
}
