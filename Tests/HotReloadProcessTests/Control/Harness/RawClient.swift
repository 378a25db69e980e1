import Dispatch
import Foundation
import Logging
import SystemPackage

@testable import HotReloadProcess

/// A client that sends and reads whatever bytes a test wants. It blocks threads of its own only.
final class RawClient: Sendable {
  /// Anything that a test waits for takes far less.
  static let limit = Duration.seconds(30)

  /// What a client found at the end of a line or of the connection.
  enum Reading: Hashable {
    case line(String)
    case ended
  }

  private let socket: UnixSocket
  private let queue = DispatchQueue(label: "raw client")

  init(_ folder: FilePath) throws {
    socket = try UnixSocket.connect(in: folder)
  }

  deinit { socket.close() }

  /// Sends all of it; false if the server takes no more.
  @discardableResult
  func send(_ text: String) async throws -> Bool { try await send(Array(text.utf8)) }

  @discardableResult
  func send(_ bytes: [UInt8]) async throws -> Bool {
    try await blocking { [socket] in
      var rest = bytes[...]
      let deadline = ContinuousClock.now + Self.limit
      while !rest.isEmpty {
        switch socket.write(rest) {
        case .bytes(let count): rest = rest.dropFirst(count)
        case .later:
          guard socket.wait(for: CInt(POLLOUT), until: deadline) else { throw Late() }
        case .ended: return false
        }
      }
      return true
    }
  }

  /// The next line.
  func read() async throws -> Reading {
    try await blocking { [socket] in
      let deadline = ContinuousClock.now + Self.limit
      var line: [UInt8] = []
      var byte: [UInt8] = [0]
      while true {
        switch socket.read(into: &byte, atMost: 1) {
        case .bytes(let count) where count > 0:
          if byte[0] == UInt8(ascii: "\n") { return .line(String(decoding: line, as: UTF8.self)) }
          line += byte
        case .bytes, .later:
          guard socket.wait(for: CInt(POLLIN), until: deadline) else { throw Late() }
        case .ended: return .ended
        }
      }
    }
  }

  /// Waits until the server has closed without reading anything, then reads what is left: how many bytes there were.
  func readAfterHangup() async throws -> Int {
    try await blocking { [socket] in
      // A hang-up is told of whatever is asked for.
      guard socket.wait(for: 0, until: .now + Self.limit) else { throw Late() }
      var buffer = [UInt8](repeating: 0, count: 1 << 20)
      var count = 0
      while case .bytes(let more) = socket.read(into: &buffer, atMost: buffer.count), more > 0 {
        count += more
      }
      return count
    }
  }

  /// The code of the error that comes next.
  func readError() async throws -> String {
    guard case .line(let line) = try await read() else { return "the connection ended" }
    guard case .error(let error) = try ControlCodec.answer(from: Array(line.utf8)) else {
      return line
    }
    return error.code.description
  }

  /// Sends no more, but reads on.
  func endSending() { _ = shutdown(socket.descriptor, CInt(SHUT_WR)) }

  private func blocking<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try body() }) }
    }
  }

  /// Something did not happen in time.
  struct Late: Error {}
}

/// Calls `body` with a server on a folder, and stops the server afterwards.
func withServer(
  in folder: FilePath, target: any ControlTarget = ScriptedTarget(),
  limits: ControlLimits = ControlLimits(),
  _ body: (ControlServer, ControlClient) async throws -> Void
) async throws {
  let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  let server = ControlServer(folder: folder, target: target, limits: limits, logger: logger)
  try await server.start()
  do {
    try await body(server, ControlClient(folder: folder))
  } catch {
    await server.stop()
    throw error
  }
  await server.stop()
}
