#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One request and its answer over a connected socket. Blocks its thread until the deadline at most.
struct ControlExchange {
  let socket: UnixSocket
  let deadline: ContinuousClock.Instant
  /// What is said in the error about the deadline.
  let timeout: Duration

  func run(_ line: [UInt8]) throws(ControlError) -> ControlAnswer {
    try send(line)
    return try ControlCodec.answer(from: receive())
  }

  private func send(_ line: [UInt8]) throws(ControlError) {
    var rest = line[...]
    while !rest.isEmpty {
      switch socket.write(rest) {
      case .bytes(let count): rest = rest.dropFirst(count)
      case .later: try wait(for: CInt(POLLOUT))
      // It may have said why before it went.
      case .ended: return
      }
    }
  }

  private func receive() throws(ControlError) -> [UInt8] {
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while answer.count < ControlClient.maximumAnswerBytes {
      switch socket.read(into: &buffer, atMost: buffer.count) {
      case .bytes(let count):
        if let newline = buffer[..<count].firstIndex(of: UInt8(ascii: "\n")) {
          return answer + buffer[..<newline]
        }
        answer += buffer[..<count]
      case .later: try wait(for: CInt(POLLIN))
      case .ended:
        throw ControlError(
          code: .connectionLost,
          message: "the instance ended the connection before it answered; it may have ended itself")
      }
    }
    throw ControlError(
      code: .tooLong,
      message: "the answer is longer than \(ControlClient.maximumAnswerBytes) bytes")
  }

  private func wait(for events: CInt) throws(ControlError) {
    guard socket.wait(for: events, until: deadline) else {
      throw ControlError(
        code: .timedOut,
        message: "no answer within \(timeout); the instance may still do what it was asked to")
    }
  }
}
