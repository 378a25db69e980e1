import Glibc

/// A failed request, with what went wrong.
struct RequestFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// An answer that arrived whole.
struct HTTPAnswer {
  let status: Int
  let body: String
  /// Whether the server keeps the connection open for more.
  let keepsConnection: Bool
}

/// One HTTP/1.1 connection to a server on this machine, over a plain blocking socket: what a simple client sees, no retries.
final class HTTPConnection {
  /// A server that says nothing for this long has failed.
  static let answerLimitSeconds = 10
  /// No answer of the example server is longer.
  static let maximumAnswerBytes = 1 << 20

  private let descriptor: CInt
  private var buffer: [UInt8] = []

  init(port: UInt16) throws {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw RequestFailure("socket: errno \(errno)") }
    var limit = timeval(tv_sec: Self.answerLimitSeconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var on: CInt = 1
    setsockopt(
      descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    // The deinitialiser closes the socket in any case.
    guard connected == 0 else { throw RequestFailure("connect: errno \(errno)") }
  }

  deinit { close(descriptor) }

  /// Sends a request and waits for the whole answer.
  func request(
    _ method: String = "GET", _ path: String, body: String = "", keepAlive: Bool = true
  ) throws -> HTTPAnswer {
    try send(method, path, body: body, keepAlive: keepAlive)
    return try receive()
  }

  /// Sends a request without waiting for the answer.
  func send(
    _ method: String = "GET", _ path: String, body: String = "", keepAlive: Bool = true
  ) throws {
    var text = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if !keepAlive { text += "Connection: close\r\n" }
    if !body.isEmpty { text += "Content-Length: \(body.utf8.count)\r\n" }
    text += "\r\n\(body)"
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      guard sent > 0 else { throw RequestFailure("send: errno \(errno)") }
      rest = rest.dropFirst(sent)
    }
  }

  /// Waits for the whole answer to the oldest request that has none yet.
  func receive() throws -> HTTPAnswer {
    let end = Array("\r\n\r\n".utf8)
    var headEnd: Int?
    while headEnd == nil {
      headEnd = buffer.firstRange(of: end)?.upperBound
      if headEnd == nil { try fill() }
    }
    let bodyStart = headEnd ?? buffer.count
    let lines = String(decoding: buffer[..<bodyStart], as: UTF8.self).split(separator: "\r\n")
    guard let first = lines.first?.split(separator: " "), first.count >= 2, first[0] == "HTTP/1.1",
      let status = Int(first[1])
    else { throw RequestFailure("not an HTTP/1.1 answer: \(lines.first ?? "")") }
    var length: Int?
    var keeps = true
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { throw RequestFailure("malformed header: \(line)") }
      let value = parts[1].drop { $0 == " " }
      switch parts[0].lowercased() {
      case "content-length": length = Int(value)
      case "connection": keeps = value.lowercased() != "close"
      default: break
      }
    }
    guard let length, length >= 0, length <= Self.maximumAnswerBytes else {
      throw RequestFailure("an answer without a usable Content-Length")
    }
    while buffer.count < bodyStart + length { try fill() }
    let body = String(decoding: buffer[bodyStart..<bodyStart + length], as: UTF8.self)
    buffer.removeFirst(bodyStart + length)
    return HTTPAnswer(status: status, body: body, keepsConnection: keeps)
  }

  private func fill() throws {
    guard buffer.count <= Self.maximumAnswerBytes else {
      throw RequestFailure("the answer is longer than \(Self.maximumAnswerBytes) bytes")
    }
    var chunk = [UInt8](repeating: 0, count: 4_096)
    let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
    if count > 0 {
      buffer += chunk[..<count]
    } else if count == 0 {
      throw RequestFailure("the server closed the connection before the answer was whole")
    } else if errno != EINTR {
      throw RequestFailure("recv: errno \(errno)")
    }
  }
}
