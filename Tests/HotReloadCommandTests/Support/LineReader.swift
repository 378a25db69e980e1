import Dispatch
import Foundation
import Synchronization
import SystemPackage

/// Lines from a descriptor, each waited for with a limit.
final class LineReader: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var seen: [String] = []
    var isAtEnd = false
  }

  private let descriptor: CInt
  private let queue: DispatchQueue
  private let state = Mutex(State())

  init(descriptor: CInt, label: String) {
    self.descriptor = descriptor
    queue = DispatchQueue(label: label)
  }

  deinit { close(descriptor) }

  /// From now on the writer gets EPIPE.
  func closeReading() { shutdown(descriptor, CInt(SHUT_RDWR)) }

  /// The next line without its newline, as bytes; nil at the end.
  func nextBytes() async throws -> [UInt8]? {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try self.read() }) }
    }
  }

  /// The next line; nil at the end.
  func next() async throws -> String? {
    try await nextBytes().map { String(decoding: $0, as: UTF8.self) }
  }

  /// The next line that fits; those before it are skipped.
  func next(where fits: (String) -> Bool) async throws -> String {
    while let line = try await next() {
      if fits(line) { return line }
    }
    throw Timeout(what: "a line, and the output ended", lines: state.withLock { $0.seen })
  }

  /// The next line as a JSON object.
  func nextObject() async throws -> JSONObject {
    guard let line = try await next() else {
      throw Timeout(what: "a line, and the output ended", lines: state.withLock { $0.seen })
    }
    return try JSONObject(line)
  }

  /// The next JSON object whose `event` this is; others are skipped.
  func nextObject(event: String) async throws -> JSONObject {
    while true {
      let object = try await nextObject()
      if object["event"] as? String == event { return object }
    }
  }

  /// All lines up to the end.
  func rest() async throws -> [String] {
    var lines: [String] = []
    while let line = try await next() { lines.append(line) }
    return lines
  }

  private func read() throws -> [UInt8]? {
    let end = ContinuousClock.now + CommandProcess.limit
    while true {
      if let line = takeLine() { return line }
      if state.withLock({ $0.isAtEnd }) { return nil }
      let left = (end - ContinuousClock.now) / .milliseconds(1)
      guard left > 0 else {
        throw Timeout(what: "a line", lines: state.withLock { $0.seen })
      }
      var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&wanted, 1, CInt(left)) > 0 else { continue }
      var chunk = [UInt8](repeating: 0, count: 65_536)
      let count = chunk.withUnsafeMutableBytes {
        Foundation.read(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      state.withLock {
        if count > 0 { $0.bytes += chunk[..<count] } else { $0.isAtEnd = true }
      }
    }
  }

  private func takeLine() -> [UInt8]? {
    state.withLock { state in
      guard let newline = state.bytes.firstIndex(of: UInt8(ascii: "\n")) else {
        guard state.isAtEnd, !state.bytes.isEmpty else { return nil }
        defer { state.bytes = [] }
        return state.bytes
      }
      let line = Array(state.bytes[..<newline])
      state.bytes.removeFirst(newline + 1)
      state.seen.append(String(decoding: line, as: UTF8.self))
      return line
    }
  }
}

/// A JSON object as another implementation reads it.
struct JSONObject {
  let line: String
  let members: [String: Any]

  init(_ line: String) throws {
    self.line = line
    let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
    guard let members = value as? [String: Any] else { throw CocoaError(.propertyListReadCorrupt) }
    self.members = members
  }

  subscript(key: String) -> Any? { members[key] }

  func string(_ key: String) -> String? { members[key] as? String }

  func integer(_ key: String) -> Int64? { (members[key] as? NSNumber)?.int64Value }
}
