import Glibc

/// An answer with its headers, in lower case, and its body.
struct RawAnswer: Sendable {
  var status: Int
  var headers: [String: String]
  var body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }

  /// - Parameter bytes: all that a server sent before it closed the connection.
  init?(_ bytes: [UInt8]) {
    guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    self.status = status
    headers = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { return nil }
      headers[line[..<colon].lowercased()] =
        line[line.index(after: colon)...]
        .drop { $0 == " " }.description
    }
    body = Array(bytes[end.upperBound...])
  }
}

/// Sends bytes on a connection of their own and takes what comes until the server closes it.
enum RawExchange {
  /// A GET with `Connection: close`.
  static func get(
    _ target: String, _ port: Int, headers: [String] = [], method: String = "GET"
  ) async throws -> RawAnswer {
    let lines = ["\(method) \(target) HTTP/1.1", "Host: localhost", "Connection: close"] + headers
    let bytes = try await send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8), port)
    guard let answer = RawAnswer(bytes) else {
      throw ClientFailure("no answer: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
    }
    return answer
  }

  static func send(_ bytes: [UInt8], _ port: Int) async throws -> [UInt8] {
    try await Client.executor.run {
      let client = try Client(port: port)
      try client.send(String(decoding: bytes, as: UTF8.self))
      return try client.readToEnd()
    }
  }
}

/// How many descriptors of this process lead to files below a folder.
func openFiles(below folder: String) -> Int {
  var count = 0
  guard let handle = opendir("/proc/self/fd") else { return -1 }
  defer { closedir(handle) }
  while let entry = readdir(handle) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    var target = [UInt8](repeating: 0, count: 4_096)
    let length = target.withUnsafeMutableBytes { buffer in
      buffer.baseAddress.map { readlink("/proc/self/fd/\(name)", $0, buffer.count) } ?? -1
    }
    if length > 0, String(decoding: target[..<length], as: UTF8.self).hasPrefix(folder) {
      count += 1
    }
  }
  return count
}
