import Glibc
import HotReloadTesting
import Synchronization
import SystemPackage

/// An HTTP server on loopback that answers as a test tells it, also as no good server would.
///
/// It blocks in threads of its own, one a connection, which end when the other side or ``stop()`` closes.
final class ScriptedServer: Sendable {
  struct Request: Sendable {
    var method = ""
    var path = ""
    /// By lower-case name.
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    /// Counts connections from 1.
    var connection = 0
  }

  enum Answer: Sendable {
    case status(Int, [String: String] = [:], body: String = "")
    /// Nothing, until the other side closes.
    case silence
    /// Closes without a word.
    case close
    /// A head that never ends, a byte at a time.
    case slowHead
    /// A body that never ends, a byte at a time.
    case slowBody
    /// A body of so many bytes.
    case huge(Int)
  }

  private struct State {
    var answers: [Answer]
    var requests: [Request] = []
    var connections: [CInt] = []
    var accepted = 0
    var sent = 0
    var isStopped = false
  }

  let port: UInt16
  private let listener: CInt
  private let state: Mutex<State>

  /// Gives these answers in turn, the last one again and again.
  init(_ answers: Answer...) throws {
    state = Mutex(State(answers: answers))
    let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    self.listener = listener
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(listener, pointer, length) == 0 && listen(listener, 16) == 0
          && getsockname(listener, pointer, &length) == 0
      }
    }
    guard result else { throw Errno(rawValue: errno) }
    port = UInt16(bigEndian: address.sin_port)
    Self.onThread { self.accept() }
  }

  func url(_ path: String = "/hook") -> String { "http://127.0.0.1:\(port)\(path)" }

  var requests: [Request] { state.withLock { $0.requests } }
  /// How many connections are open.
  var open: Int { state.withLock { $0.connections.count } }
  /// How many bytes of slow and huge answers were sent.
  var sent: Int { state.withLock { $0.sent } }

  deinit {
    close(listener)
  }

  func stop() {
    state.withLock { state in
      state.isStopped = true
      for descriptor in state.connections { _ = shutdown(descriptor, CInt(SHUT_RDWR)) }
    }
    _ = shutdown(listener, CInt(SHUT_RDWR))
  }

  /// A port on which nobody listens: it is bound as long as `body` runs.
  static func withClosedPort(_ body: (UInt16) async throws -> Void) async throws {
    let server = try ScriptedServer(.close)
    let port = server.port
    server.stop()
    // A listener that was shut down refuses connections and keeps its port from others.
    try await body(port)
  }

  private static func onThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Box(body)).toOpaque()
    pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, argument)
    pthread_detach(thread)
  }

  private func accept() {
    while true {
      var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
      guard poll(&entry, 1, -1) > 0 else { break }
      // No program that another test starts may inherit it.
      let descriptor = DescriptorInheritance.whileWriting {
        let descriptor = Glibc.accept(listener, nil, nil)
        if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return descriptor
      }
      guard descriptor >= 0 else { break }
      let number: Int = state.withLock { state in
        state.accepted += 1
        state.connections.append(descriptor)
        if state.isStopped { _ = shutdown(descriptor, CInt(SHUT_RDWR)) }
        return state.accepted
      }
      Self.onThread { self.serve(descriptor, number) }
    }
  }

  private func serve(_ descriptor: CInt, _ number: Int) {
    while var request = read(descriptor) {
      request.connection = number
      let answer = state.withLock { state in
        state.requests.append(request)
        return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
      }
      guard reply(answer, on: descriptor) else { break }
    }
    state.withLock { state in
      state.connections.removeAll { $0 == descriptor }
      close(descriptor)
    }
  }

  /// Returns whether the connection can be used again.
  private func reply(_ answer: Answer, on descriptor: CInt) -> Bool {
    switch answer {
    case .status(let status, let headers, let body):
      let lines = headers.map { "\($0): \($1)\r\n" }.joined()
      let head = "HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\(lines)\r\n"
      return send(Array((head + body).utf8), descriptor)
    case .silence:
      waitForClose(descriptor)
    case .close:
      break
    case .slowHead:
      guard send(Array("HTTP/1.1 200 OK\r\nX-Slow: ".utf8), descriptor) else { return false }
      dribble(descriptor)
    case .slowBody:
      let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"
      guard send(Array(head.utf8), descriptor) else { return false }
      dribble(descriptor)
    case .huge(let count):
      let head = "HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n"
      guard send(Array(head.utf8), descriptor) else { return false }
      let part = [UInt8](repeating: 120, count: 65_536)
      for _ in 0..<(count / part.count) where !send(part, descriptor, counted: true) {
        return false
      }
    }
    return false
  }

  private func dribble(_ descriptor: CInt) {
    repeat {} while send([120], descriptor, counted: true) && !isClosed(descriptor, within: 2)
  }

  private func waitForClose(_ descriptor: CInt) {
    while !isClosed(descriptor, within: 1_000) {}
  }

  private func isClosed(_ descriptor: CInt, within milliseconds: CInt) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, milliseconds) > 0
  }

  private func send(_ bytes: [UInt8], _ descriptor: CInt, counted: Bool = false) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
      if counted { state.withLock { $0.sent += count } }
    }
    return true
  }

  private func read(_ descriptor: CInt) -> Request? {
    var bytes: [UInt8] = []
    let end = Array("\r\n\r\n".utf8)
    while true {
      if let split = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) {
        var request = Self.parse(bytes[..<split])
        let length = request.headers["content-length"].flatMap(Int.init) ?? 0
        guard bytes.count < split + 4 + length else {
          request.body = Array(bytes[(split + 4)...])
          return request
        }
      }
      var buffer = [UInt8](repeating: 0, count: 16_384)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
    }
  }

  private static func parse(_ head: ArraySlice<UInt8>) -> Request {
    let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
    let words = lines.first?.split(separator: " ") ?? []
    var request = Request()
    if words.count == 3 { (request.method, request.path) = (String(words[0]), String(words[1])) }
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      request.headers[line[..<colon].lowercased()] = String(value)
    }
    return request
  }
}
