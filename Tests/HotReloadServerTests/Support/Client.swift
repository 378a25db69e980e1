import Glibc
import Synchronization
import WorkspaceFiles

struct ClientFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

struct Answer: Sendable, Equatable {
  var status: Int
  var body: String
  var saysClose: Bool
}

/// One HTTP/1.1 connection over a plain blocking socket, without retries: what it loses was lost.
///
/// Its functions block; from a task they are called through ``request(_:)`` and ``receive()``, which use a thread.
final class Client: Sendable {
  /// A server that says nothing for so long has failed.
  static let limitSeconds = 20
  /// Enough for all tests of a run.
  static let executor = BlockingExecutor(threads: 32)

  private let descriptor: CInt
  private let buffer = Mutex<[UInt8]>([])

  init(port: Int) throws {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw ClientFailure("socket: errno \(errno)") }
    var limit = timeval(tv_sec: Self.limitSeconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
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

  static func open(_ port: Int) async throws -> Client {
    try await executor.run { try Client(port: port) }
  }

  /// Sends a request and waits for the whole answer.
  func request(_ path: String = "/", close: Bool = false) async throws -> Answer {
    try await Self.executor.run { try self.requestNow(path, close: close) }
  }

  func receive() async throws -> Answer {
    try await Self.executor.run { try self.receiveNow() }
  }

  /// Returns when the server has closed the connection; what it says before is a failure.
  func waitForClose() async throws {
    try await Self.executor.run {
      guard try self.fill() == 0 else { throw ClientFailure("the server still speaks") }
    }
  }

  func requestNow(_ path: String = "/", close: Bool = false) throws -> Answer {
    try send("GET \(path) HTTP/1.1\r\nHost: t\r\n\(close ? "Connection: close\r\n" : "")\r\n")
    return try receiveNow()
  }

  func send(_ text: String) throws {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      guard sent > 0 else { throw ClientFailure("send: errno \(errno)") }
      rest = rest.dropFirst(sent)
    }
  }

  /// All that comes until the server closes; a reset ends it too.
  func readToEnd() throws -> [UInt8] {
    while true {
      do {
        if try fill() == 0 { break }
      } catch  where errno == ECONNRESET { break }
    }
    return buffer.withLock { $0 }
  }

  /// Reads so many bytes at least.
  func read(atLeast count: Int) throws -> [UInt8] {
    while buffer.withLock({ $0.count }) < count {
      if try fill() == 0 { throw ClientFailure("the server closed after fewer bytes") }
    }
    return buffer.withLock { $0 }
  }

  func receiveNow() throws -> Answer {
    while true {
      if let answer = try buffer.withLock({ try Self.parse(&$0) }) { return answer }
      if try fill() == 0 { throw ClientFailure("the server closed before the answer was whole") }
    }
  }

  private func fill() throws -> Int {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
    guard count >= 0 else { throw ClientFailure("recv: errno \(errno)") }
    buffer.withLock { $0 += chunk[..<count] }
    return count
  }

  private static func parse(_ buffer: inout [UInt8]) throws -> Answer? {
    guard let end = buffer.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else { return nil }
    let lines = String(decoding: buffer[..<end], as: UTF8.self).lowercased()
      .split(separator: "\r\n")
    guard let first = lines.first?.split(separator: " "), first.count > 1,
      let status = Int(first[1]),
      let length = lines.first(where: { $0.hasPrefix("content-length: ") }),
      let length = Int(length.dropFirst("content-length: ".count))
    else { throw ClientFailure("an answer without status or length: \(lines)") }
    guard buffer.count >= end + length else { return nil }
    let body = String(decoding: buffer[end..<end + length], as: UTF8.self)
    buffer.removeFirst(end + length)
    return Answer(
      status: status, body: body, saysClose: lines.contains("connection: close"))
  }
}
