import Glibc

/// Why a request of the load failed.
struct LoadFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// One HTTP/1.1 connection over a plain blocking socket, without retries.
final class LoadConnection {
  /// A server that says nothing for so long has failed.
  static let limitSeconds = 5

  let port: UInt16
  private let descriptor: CInt
  private var buffer = [UInt8](repeating: 0, count: 4_096)

  init(port: UInt16) throws {
    self.port = port
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw LoadFailure("socket: errno \(errno)") }
    var limit = timeval(tv_sec: Self.limitSeconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var on: CInt = 1
    setsockopt(
      descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw LoadFailure("connect: errno \(errno)") }
  }

  deinit { close(descriptor) }

  /// Whether the server has closed the connection, which nobody uses at the moment. A client that looks before it sends
  /// loses nothing by that.
  var isClosed: Bool {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
    return count == 0 || (count < 0 && errno != EAGAIN)
  }

  /// Asks for `/`. The body is `v` and a number.
  /// - Returns: the number, and whether the server keeps the connection.
  func ask(close: Bool) throws -> (version: Int, keeps: Bool) {
    let request = Self.requests[close ? 1 : 0]
    let sent = request.withUnsafeBytes {
      send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
    }
    guard sent == request.count else { throw LoadFailure("send: errno \(errno)") }
    var filled = 0
    while true {
      let count = buffer.withUnsafeMutableBytes {
        recv(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled, 0)
      }
      guard count > 0 else {
        throw LoadFailure(
          count == 0 ? "closed after \(filled) bytes of the answer" : "recv: errno \(errno)")
      }
      filled += count
      if let answer = try Self.parse(buffer[..<filled]) { return answer }
      guard filled < buffer.count else { throw LoadFailure("the answer is too long") }
    }
  }

  private static let requests = ["", "Connection: close\r\n"].map {
    Array("GET / HTTP/1.1\r\nHost: localhost\r\n\($0)\r\n".utf8)
  }

  private static func parse(_ bytes: ArraySlice<UInt8>) throws -> (version: Int, keeps: Bool)? {
    let text = String(decoding: bytes, as: UTF8.self)
    let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let head = parts[0].lowercased()
    guard let field = head.range(of: "content-length: ") else {
      throw LoadFailure("an answer without a length: \(head)")
    }
    let length = head[field.upperBound...].prefix { $0.isNumber }
    guard parts[1].utf8.count >= Int(length) ?? 0 else { return nil }
    guard head.hasPrefix("http/1.1 200") else { throw LoadFailure(String(head.prefix(40))) }
    let number = parts[1].dropFirst().prefix { $0.isNumber }
    guard parts[1].hasPrefix("v"), let version = Int(number) else {
      throw LoadFailure("the answer \(parts[1])")
    }
    return (version, !head.contains("connection: close"))
  }
}

extension StringProtocol {
  fileprivate func range(of text: String) -> Range<Index>? { firstRange(of: text) }
}
