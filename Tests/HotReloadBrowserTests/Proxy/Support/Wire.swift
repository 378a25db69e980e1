import Glibc
import Synchronization
import WorkspaceFiles

struct WireFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// A message as it was on the wire, its body without the chunks' frames.
struct HTTPMessage: Sendable {
  var startLine: String
  /// Names in lower case.
  var headers: [(name: String, value: String)]
  var body: [UInt8]

  subscript(_ name: String) -> String? { headers.first { $0.name == name }?.value }

  func all(_ name: String) -> [String] { headers.filter { $0.name == name }.map(\.value) }

  var status: Int { Int(startLine.split(separator: " ").dropFirst().first ?? "") ?? 0 }
  var text: String { String(decoding: body, as: UTF8.self) }
}

/// One end of a TCP connection, over a plain blocking socket: exact bytes, no retries.
final class Wire: Sendable {
  /// Who says nothing for so long has failed.
  static let limitSeconds = 20
  static let executor = BlockingExecutor(threads: 256)

  let descriptor: CInt
  private let buffer = Mutex<[UInt8]>([])

  init(descriptor: CInt) {
    self.descriptor = descriptor
    var limit = timeval(tv_sec: Self.limitSeconds, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
  }

  /// Connects to a port of this machine.
  convenience init(port: Int) throws {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw WireFailure("socket: errno \(errno)") }
    let result = withLoopback(port) { connect(descriptor, $0, $1) }
    guard result == 0 else {
      Glibc.close(descriptor)
      throw WireFailure("connect: errno \(errno)")
    }
    self.init(descriptor: descriptor)
  }

  deinit { Glibc.close(descriptor) }

  /// Runs what blocks, away from the cooperative threads.
  static func blocking<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await executor.run(body)
  }

  /// Sends what fits now; nil if nothing did for so long, in milliseconds.
  func sendSome(_ bytes: ArraySlice<UInt8>, within limit: CInt) throws -> Int? {
    var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&wanted, 1, limit) > 0 else { return nil }
    let sent = bytes.withUnsafeBytes {
      Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
    }
    guard sent > 0 else { throw WireFailure("send: errno \(errno)") }
    return sent
  }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      guard sent > 0 else { throw WireFailure("send: errno \(errno)") }
      rest = rest.dropFirst(sent)
    }
  }

  /// Says that nothing more is sent.
  func endSending() { shutdown(descriptor, CInt(SHUT_WR)) }

  /// Ends both directions; whoever waits on this end goes on.
  func cut() { shutdown(descriptor, CInt(SHUT_RDWR)) }

  func read(_ count: Int) throws -> [UInt8] {
    while buffer.withLock({ $0.count < count }) {
      guard try fill() else { throw WireFailure("the other side ended early") }
    }
    return take(count)
  }

  /// All up to the other side's end, or reset.
  func readToEnd() throws -> [UInt8] {
    while try fill() {}
    return take(buffer.withLock { $0.count })
  }

  /// All up to and with these bytes.
  func read(through marker: String) throws -> String {
    let marker = Array(marker.utf8)
    while true {
      if let end = buffer.withLock({ $0.firstRange(of: marker)?.upperBound }) {
        return String(decoding: take(end), as: UTF8.self)
      }
      guard try fill() else { throw WireFailure("the other side ended early") }
    }
  }

  /// The next message's head, with an empty body.
  func readHead() throws -> HTTPMessage {
    let lines = try read(through: "\r\n\r\n").split(separator: "\r\n")
    let headers = lines.dropFirst().map { line in
      let pair = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      return (pair[0].lowercased(), pair.count > 1 ? String(pair[1].drop { $0 == " " }) : "")
    }
    return HTTPMessage(startLine: String(lines.first ?? ""), headers: headers, body: [])
  }

  /// The next message. A body that is framed by the connection's end is read to it.
  func readMessage(hasBody: Bool = true) throws -> HTTPMessage {
    var message = try readHead()
    let isAnswer = message.startLine.hasPrefix("HTTP/")
    if !hasBody || [204, 304, 100].contains(message.status) { return message }
    if let length = message["content-length"].flatMap({ Int($0) }) {
      message.body = try read(length)
    } else if message["transfer-encoding"]?.lowercased() == "chunked" {
      while let chunk = try readChunk() { message.body += chunk }
    } else if isAnswer {
      message.body = try readToEnd()
    }
    return message
  }

  /// The next chunk of a chunked body; nil for the last, empty one.
  func readChunk() throws -> [UInt8]? {
    guard let count = Int(try read(through: "\r\n").dropLast(1), radix: 16) else {
      throw WireFailure("not a chunk")
    }
    let chunk = try read(count)
    _ = try read(2)
    return count == 0 ? nil : chunk
  }

  private func take(_ count: Int) -> [UInt8] {
    buffer.withLock { buffer in
      defer { buffer.removeFirst(count) }
      return Array(buffer.prefix(count))
    }
  }

  private func fill() throws -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
    if count < 0, errno == ECONNRESET { return false }
    guard count >= 0 else { throw WireFailure("recv: errno \(errno)") }
    buffer.withLock { $0 += chunk[..<count] }
    return count > 0
  }
}

func withLoopback<R>(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = UInt16(port).bigEndian
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  return withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}
