import WorkspaceFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The clients of a control server and their sockets. Used by its thread only.
struct ControlClients {
  private struct Client {
    var id: ControlThread.ClientID
    var socket: UnixSocket
    var connection: ControlConnection
  }

  private let limits: ControlLimits
  private var clients: [Client] = []
  private var requests: [(line: [UInt8], client: ControlThread.ClientID)] = []
  private var lastID: ControlThread.ClientID = 0
  private var buffer = [UInt8](repeating: 0, count: 16 << 10)

  init(limits: ControlLimits) { self.limits = limits }

  var isEmpty: Bool { clients.isEmpty }

  /// When the next of them has had its time.
  var nextDeadline: ContinuousClock.Instant? { clients.map(\.connection.deadline).min() }

  /// What to wait for, in the order of the clients. A client that is gone is told of in any case.
  var wanted: [pollfd] {
    clients.map { client in
      var events: CInt = 0
      if client.connection.wantsInput { events |= CInt(POLLIN) }
      if !client.connection.pending.isEmpty { events |= CInt(POLLOUT) }
      return pollfd(fd: client.socket.descriptor, events: Int16(events), revents: 0)
    }
  }

  /// Takes a client in, if it may ask and there is room; else it is told why not.
  mutating func add(_ socket: UnixSocket) {
    // Whoever has the same rights anyway: the folder and the socket keep the others out already.
    guard let user = socket.peerUser, user == geteuid() || user == 0 else {
      return refuse(
        socket,
        ControlError(
          code: .notPermitted, message: "only the instance's own user and root may ask it"))
    }
    if clients.count >= limits.connections { dropGone() }
    guard clients.count < limits.connections else {
      return refuse(
        socket,
        ControlError(
          code: .busy,
          message: "\(clients.count) clients are connected already; try again later"))
    }
    lastID += 1
    clients.append(
      Client(
        id: lastID, socket: socket, connection: ControlConnection(limits: limits, now: .now)))
  }

  /// Looks once more at all, so that those who have left by now make room.
  private mutating func dropGone() {
    var ready = wanted
    if poll(&ready, nfds_t(ready.count), 0) > 0 { transfer(ready[...]) }
  }

  private func refuse(_ socket: UnixSocket, _ error: ControlError) {
    // A new socket has room for a line.
    _ = socket.write(ControlCodec.line(.error(error))[...])
    socket.close()
  }

  /// Reads and writes where it is possible. `ready` is what ``wanted`` was, after the waiting.
  mutating func transfer(_ ready: ArraySlice<pollfd>) {
    var gone: Set<Int> = []
    for (position, descriptor) in ready.enumerated() where descriptor.revents != 0 {
      if transfer(at: position, CInt(descriptor.revents)) == .close { gone.insert(position) }
    }
    remove(gone)
  }

  private mutating func transfer(at position: Int, _ events: CInt) -> ControlConnection.Action {
    let (socket, id) = (clients[position].socket, clients[position].id)
    var action = ControlConnection.Action.nothing
    if clients[position].connection.wantsInput, events & CInt(POLLIN | POLLHUP) != 0 {
      let room = clients[position].connection.room
      switch socket.read(into: &buffer, atMost: room) {
      case .bytes(let count):
        action = clients[position].connection.receive(buffer[..<count], now: .now)
      case .ended: action = clients[position].connection.inputEnded(now: .now)
      case .later: break
      }
    } else if events & CInt(POLLHUP | POLLERR | POLLNVAL) != 0 {
      // It has closed, so nobody will read the answer. What it asked for goes on.
      return .close
    }
    return follow(action, id, at: position)
  }

  /// Hands over answers, and sends what can be sent at once.
  mutating func answer(_ line: [UInt8], to id: ControlThread.ClientID) {
    guard let position = clients.firstIndex(where: { $0.id == id }) else { return }
    clients[position].connection.answer(line, now: .now)
    if follow(.nothing, id, at: position) == .close { remove([position]) }
  }

  /// Does what a connection asks for, and sends as long as that gives something to do.
  private mutating func follow(
    _ first: ControlConnection.Action, _ id: ControlThread.ClientID, at position: Int
  ) -> ControlConnection.Action {
    var action = first
    while true {
      switch action {
      case .close: return .close
      case .perform(let line):
        requests.append((line, id))
        return .nothing
      case .nothing:
        let pending = clients[position].connection.pending
        if pending.isEmpty { return .nothing }
        switch clients[position].socket.write(pending) {
        case .bytes(let count): action = clients[position].connection.sent(count, now: .now)
        case .later: return .nothing
        case .ended: return .close
        }
      }
    }
  }

  /// Takes the requests that are complete.
  mutating func takeRequests() -> [(line: [UInt8], client: ControlThread.ClientID)] {
    defer { requests = [] }
    return requests
  }

  /// Lets go of those who have had their time.
  mutating func expire() {
    var gone: Set<Int> = []
    for position in clients.indices {
      let action = clients[position].connection.advance(to: .now)
      if follow(action, clients[position].id, at: position) == .close { gone.insert(position) }
    }
    remove(gone)
  }

  /// Lets go of those for whom nothing is being done, and of those whose request was not taken yet.
  mutating func dropIdle() {
    let unasked = Set(requests.map(\.client))
    requests = []
    let idle = clients.indices.filter { position in
      let client = clients[position]
      return unasked.contains(client.id)
        || (!client.connection.isWorking && client.connection.pending.isEmpty)
    }
    remove(Set(idle))
  }

  mutating func closeAll() { remove(Set(clients.indices)) }

  private mutating func remove(_ positions: Set<Int>) {
    guard !positions.isEmpty else { return }
    for position in positions { clients[position].socket.close() }
    clients = clients.enumerated().filter { !positions.contains($0.offset) }.map(\.element)
  }
}
