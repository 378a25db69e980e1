import Glibc
import Synchronization
public import WorkspaceFiles

/// A server that did not do what a test takes for granted.
public struct ClientFailure: Error, CustomStringConvertible {
  /// What it did instead.
  public let description: String

  /// Creates it.
  public init(_ description: String) { self.description = description }
}

/// One HTTP answer as it came, with what followed it left for later.
public struct RawAnswer: Sendable {
  /// The status code.
  public var status: Int
  /// The whole head, lower-case.
  public var head: String
  /// What has the length that the head says; empty if it says none.
  public var body: String

  /// Whether a header field is there, given as `name: value` or the beginning of it.
  public func has(_ field: String) -> Bool { head.contains("\r\n" + field.lowercased()) }
}

/// A WebSocket frame of the server.
public struct RawFrame: Sendable, Equatable {
  /// The four bits that say what it is.
  public var opcode: UInt8
  /// What it carries.
  public var payload: [UInt8]

  /// Creates a frame to compare with.
  public init(opcode: UInt8, payload: [UInt8]) {
    self.opcode = opcode
    self.payload = payload
  }

  /// The payload as text.
  public var text: String { String(decoding: payload, as: UTF8.self) }
  /// The code of a close frame.
  public var code: Int? {
    opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil
  }
}

/// One connection over a plain blocking socket, which sends exactly the bytes that it is given.
///
/// Its functions block; a test calls them within ``talk(_:_:)``, on a thread that may wait.
public final class RawClient: Sendable {
  /// A server that says nothing for so long has failed.
  public static let limitSeconds = 30
  /// Enough for all tests of a run.
  public static let executor = BlockingExecutor(threads: 48)

  private let descriptor: CInt
  private let buffer = Mutex<[UInt8]>([])

  /// - Parameter receiveBuffer: how much the system takes for a client that does not read, in bytes; nil: what it likes.
  public init(_ port: Int, receiveBuffer: CInt? = nil) throws {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw ClientFailure("socket: errno \(errno)") }
    var limit = timeval(tv_sec: Self.limitSeconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    if var size = receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw ClientFailure("connect: errno \(errno)") }
  }

  deinit { close(descriptor) }

  /// Lets a client talk to a server on a thread of its own.
  public static func talk<R: Sendable>(
    _ port: Int, receiveBuffer: CInt? = nil,
    _ body: @escaping @Sendable (RawClient) throws -> R
  ) async throws -> R {
    try await executor.run { try body(RawClient(port, receiveBuffer: receiveBuffer)) }
  }

  /// Goes on with a client that another call has opened.
  public func talk<R: Sendable>(_ body: @escaping @Sendable (RawClient) throws -> R) async throws
    -> R
  {
    try await Self.executor.run { try body(self) }
  }

  // MARK: Bytes

  /// Sends these bytes and no others.
  public func send(_ text: String) throws { try send(Array(text.utf8)) }

  /// Sends these bytes and no others.
  public func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      guard sent > 0 else { throw ClientFailure("send: errno \(errno)") }
      rest = rest.dropFirst(sent)
    }
  }

  /// - Returns: false if the server has closed.
  private func fill() throws -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
    if count < 0, errno == ECONNRESET { return false }
    guard count >= 0 else { throw ClientFailure("recv: errno \(errno)") }
    buffer.withLock { $0 += chunk[..<count] }
    return count > 0
  }

  private func take<R>(_ parse: (inout [UInt8]) throws -> R?) throws -> R {
    while true {
      if let result = try buffer.withLock({ try parse(&$0) }) { return result }
      guard try fill() else { throw ClientFailure("the server closed too early") }
    }
  }

  /// Everything until the server closes.
  public func receiveAll() throws -> String {
    while try fill() {}
    return buffer.withLock { buffer in
      defer { buffer = [] }
      return String(decoding: buffer, as: UTF8.self)
    }
  }

  /// Whether the server closes next, without another byte.
  public func isClosed() throws -> Bool { try receiveAll().isEmpty }

  // MARK: HTTP

  /// The next line, with its line end.
  public func receiveLine() throws -> String {
    try take { buffer in
      guard let end = buffer.firstIndex(of: 10) else { return nil }
      defer { buffer.removeFirst(end + 1) }
      return String(decoding: buffer[..<end], as: UTF8.self)
    }
  }

  /// The head of the next answer; its body is left.
  public func receiveHead() throws -> RawAnswer {
    try take { buffer in
      guard let end = buffer.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else { return nil }
      let head = String(decoding: buffer[..<end], as: UTF8.self).lowercased()
      let words = head.prefix { $0 != "\r\n" }.split(separator: " ")
      guard words.count > 1, let status = Int(words[1]) else {
        throw ClientFailure("no HTTP: \(head)")
      }
      buffer.removeFirst(end)
      return RawAnswer(status: status, head: head, body: "")
    }
  }

  /// The next answer, with a body that has a `Content-Length`.
  public func receive() throws -> RawAnswer {
    var answer = try receiveHead()
    let name = "\r\ncontent-length: "
    guard let start = answer.head.firstRange(of: name)?.upperBound,
      let length = Int(answer.head[start...].prefix { $0.isNumber })
    else { return answer }
    answer.body = try take { buffer in
      guard buffer.count >= length else { return nil }
      defer { buffer.removeFirst(length) }
      return String(decoding: buffer[..<length], as: UTF8.self)
    }
    return answer
  }

  /// Sends a request, and reads its answer.
  public func request(
    _ target: String = "/", method: String = "GET", host: String? = "localhost",
    _ fields: [String] = [], body: String = ""
  ) throws -> RawAnswer {
    let host = host.map { "Host: \($0)\r\n" } ?? ""
    let length = body.isEmpty && method == "GET" ? "" : "Content-Length: \(body.utf8.count)\r\n"
    let others = fields.map { $0 + "\r\n" }.joined()
    try send("\(method) \(target) HTTP/1.1\r\n\(host)\(length)\(others)\r\n\(body)")
    return try receive()
  }

  // MARK: WebSocket

  /// What asks for a WebSocket.
  public static let handshakeFields = [
    "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ]

  /// Opens a socket; its messages follow.
  @discardableResult
  public func upgrade(_ target: String, _ fields: [String] = []) throws -> RawAnswer {
    let answer = try request(target, Self.handshakeFields + fields)
    guard answer.status == 101 else { throw ClientFailure("not a socket: \(answer)") }
    return answer
  }

  /// Sends a frame with a mask, as clients must.
  public func sendFrame(
    _ opcode: UInt8, _ payload: [UInt8] = [], fin: Bool = true, masked: Bool = true
  ) throws {
    let mask: [UInt8] = [1, 2, 3, 4]
    let bit: UInt8 = masked ? 0x80 : 0
    var bytes = [(fin ? 0x80 : 0) | opcode]
    if payload.count < 126 {
      bytes.append(bit | UInt8(payload.count))
    } else {
      bytes += [bit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    }
    if masked { bytes += mask }
    bytes += payload.enumerated().map { masked ? $1 ^ mask[$0 % 4] : $1 }
    try send(bytes)
  }

  /// Sends a text message.
  public func sendText(_ text: String) throws { try sendFrame(1, Array(text.utf8)) }

  /// The next frame.
  public func receiveFrame() throws -> RawFrame {
    try take { buffer in
      guard buffer.count >= 2 else { return nil }
      var length = Int(buffer[1] & 0x7F)
      var start = 2
      if length >= 126 {
        let count = length == 126 ? 2 : 8
        start += count
        guard buffer.count >= start else { return nil }
        length = buffer[2..<start].reduce(0) { $0 << 8 | Int($1) }
      }
      guard buffer.count >= start + length else { return nil }
      let frame = RawFrame(
        opcode: buffer[0] & 0x0F, payload: Array(buffer[start..<start + length]))
      buffer.removeFirst(start + length)
      return frame
    }
  }

  /// The next text, whatever pings are between.
  public func receiveText() throws -> String {
    while true {
      let frame = try receiveFrame()
      if frame.opcode == 1 { return frame.text }
      guard frame.opcode == 9 else { throw ClientFailure("not a text: \(frame)") }
    }
  }

  /// The code with which the server closes, whatever it says before.
  public func receiveClose() throws -> Int? {
    while true {
      let frame = try receiveFrame()
      guard frame.opcode == 8 else { continue }
      let code = frame.code
      guard try isClosed() else { throw ClientFailure("the server still speaks") }
      return code
    }
  }
}
