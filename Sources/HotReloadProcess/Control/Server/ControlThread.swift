import Synchronization
import SystemPackage
import WorkspaceFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A control server's thread: it alone touches the sockets, and never waits for a client, nor for the instance.
final class ControlThread: Sendable {
  /// Which client, of all that there ever were.
  typealias ClientID = UInt64

  /// What the thread tells its owner. Called on the thread; must not wait.
  struct Callbacks: Sendable {
    /// A client asks; the answer comes by ``ControlThread/answer(_:to:)``, once.
    var perform: @Sendable (_ line: [UInt8], _ client: ClientID) -> Void
    /// The thread has ended, and everything is closed.
    var ended: @Sendable () -> Void
  }

  private struct Inbox {
    var answers: [(client: ClientID, line: [UInt8])] = []
    /// Set by a stop: the moment until which requests that are under way may end.
    var stopDeadline: ContinuousClock.Instant?
    var hasEnded = false
  }

  private let listener: ControlListener
  private let limits: ControlLimits
  private let callbacks: Callbacks
  private let inbox = Mutex(Inbox())
  /// The thread waits at one end; a byte into the other wakes it.
  private let (alarm, bell): (UnixSocket, UnixSocket)

  init(listener: ControlListener, limits: ControlLimits, callbacks: Callbacks) throws(Errno) {
    (alarm, bell) = try UnixSocket.pair()
    self.listener = listener
    self.limits = limits
    self.callbacks = callbacks
  }

  /// Starts the thread, which keeps this object alive until it ends.
  func start() throws(Errno) {
    let result = startDetachedThread(name: "hotreload-ctl") { self.run() }
    guard result == 0 else {
      alarm.close()
      bell.close()
      throw Errno(rawValue: result)
    }
  }

  /// Hands over an answer. One for a client that is gone is dropped. There is at most one a client.
  func answer(_ line: [UInt8], to client: ClientID) {
    inbox.withLock { inbox in
      guard !inbox.hasEnded else { return }
      inbox.answers.append((client, line))
      ring()
    }
  }

  /// Takes no more clients nor requests, lets those that are under way end, and ends the thread.
  func stop() {
    inbox.withLock { inbox in
      guard !inbox.hasEnded, inbox.stopDeadline == nil else { return }
      inbox.stopDeadline = .now + limits.stopTime
      ring()
    }
  }

  /// Only under the lock: the bell is closed under it too.
  private func ring() { _ = bell.write([1]) }

  private func run() {
    var clients = ControlClients(limits: limits)
    var stopDeadline: ContinuousClock.Instant?
    var restUntil: ContinuousClock.Instant?
    while true {
      if let rest = restUntil, ContinuousClock.now >= rest { restUntil = nil }
      let listens = stopDeadline == nil && restUntil == nil
      var wanted = [
        pollfd(fd: alarm.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: listens ? listener.socket.descriptor : -1, events: Int16(POLLIN), revents: 0),
      ]
      wanted += clients.wanted
      let deadline = [clients.nextDeadline, stopDeadline, restUntil].compactMap(\.self).min()
      let ready = poll(&wanted, nfds_t(wanted.count), deadline.map(milliseconds) ?? -1)
      if ready > 0 {
        if wanted[0].revents != 0 { silence() }
        clients.transfer(wanted[2...])
        if wanted[1].revents != 0, !acceptAll(&clients) {
          restUntil = .now + Self.restWithoutDescriptors
        }
      }
      let (answers, deadlineOfStop) = inbox.withLock { inbox in
        defer { inbox.answers = [] }
        return (inbox.answers, inbox.stopDeadline)
      }
      for (client, line) in answers { clients.answer(line, to: client) }
      clients.expire()
      stopDeadline = deadlineOfStop
      if let stopDeadline {
        clients.dropIdle()
        if clients.isEmpty || ContinuousClock.now >= stopDeadline { break }
      } else {
        for (line, client) in clients.takeRequests() { callbacks.perform(line, client) }
      }
    }
    clients.closeAll()
    listener.close()
    inbox.withLock { inbox in
      inbox.hasEnded = true
      inbox.answers = []
      alarm.close()
      bell.close()
    }
    callbacks.ended()
  }

  private func silence() {
    var bytes = [UInt8](repeating: 0, count: 256)
    while case .bytes(256) = alarm.read(into: &bytes, atMost: bytes.count) {}
  }

  /// Takes those who wait, at most as many as the backlog holds, so that a flood of them does not hold up the others.
  /// - Returns: false if the process has no descriptor left for one who still waits.
  private func acceptAll(_ clients: inout ControlClients) -> Bool {
    for _ in 0..<Self.backlog {
      guard let socket = listener.socket.accept() else {
        return ![EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno)
      }
      clients.add(socket)
    }
    return true
  }

  /// How long nobody is let in when the process has no descriptor left: without a rest the thread would spin.
  private static let restWithoutDescriptors = Duration.milliseconds(100)

  /// How many connections the system keeps until they are taken.
  static let backlog = 16
}
