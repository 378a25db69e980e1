import Testing

@testable import HotReloadProcess

@Suite("A control connection's states")
struct ControlConnectionTests {
  private let start = ContinuousClock.now
  private let limits: ControlLimits

  init() {
    var limits = ControlLimits()
    limits.requestBytes = 32
    self.limits = limits
  }

  private func connection() -> ControlConnection { ControlConnection(limits: limits, now: start) }

  private func code(_ connection: ControlConnection) -> String? {
    guard case .error(let error)? = try? ControlCodec.answer(from: Array(connection.pending)) else {
      return nil
    }
    return error.code.description
  }

  @Test("A line that comes byte by byte is one request, whole at its newline")
  func byteByByte() {
    var connection = connection()
    for byte in "ping".utf8 {
      #expect(connection.receive([byte], now: start) == .nothing)
    }
    #expect(connection.receive("\n".utf8, now: start) == .perform(Array("ping".utf8)))
  }

  @Test("A second request waits until the first one's answer is sent")
  func oneAtATime() {
    var connection = connection()
    #expect(connection.receive("a\nb\n".utf8, now: start) == .perform(Array("a".utf8)))
    #expect(!connection.wantsInput)
    connection.answer(Array("answer\n".utf8), now: start)
    #expect(connection.sent(3, now: start) == .nothing)
    #expect(connection.pending == Array("wer\n".utf8)[...])
    #expect(connection.sent(4, now: start) == .perform(Array("b".utf8)))
    connection.answer([0], now: start)
    #expect(connection.sent(1, now: start) == .nothing)
    #expect(connection.wantsInput)
  }

  @Test("A line as long as the limit is taken, a longer one refused and the connection closed")
  func longLine() {
    var fitting = connection()
    let line = [UInt8](repeating: 65, count: 31)
    #expect(fitting.receive(line + [10], now: start) == .perform(line))
    var long = connection()
    #expect(long.room == 32)
    #expect(long.receive(line, now: start) == .nothing)
    #expect(long.room == 1)
    #expect(long.receive([65], now: start) == .nothing)
    #expect(code(long) == "tooLong")
    #expect(!long.wantsInput)
    #expect(long.sent(long.pending.count, now: start) == .close)
  }

  @Test(
    "The end between requests closes, in a line it is an error, during work the answer still comes")
  func endOfInput() {
    var idle = connection()
    #expect(idle.inputEnded(now: start) == .close)

    var half = connection()
    _ = half.receive("{\"ver".utf8, now: start)
    #expect(half.inputEnded(now: start) == .nothing)
    #expect(code(half) == "malformed")
    #expect(half.sent(half.pending.count, now: start) == .close)

    var working = connection()
    _ = working.receive("a\n".utf8, now: start)
    #expect(working.inputEnded(now: start) == .nothing)
    working.answer([1, 10], now: start)
    #expect(working.sent(2, now: start) == .close)
  }

  @Test("Each wait has its own limit, and bytes that trickle in do not lengthen it")
  func deadlines() {
    var slow = connection()
    _ = slow.receive("a".utf8, now: start + limits.idleTime / 2)
    #expect(slow.advance(to: start + limits.idleTime - .milliseconds(1)) == .nothing)
    #expect(slow.advance(to: start + limits.idleTime) == .close)

    var hanging = connection()
    _ = hanging.receive("a\n".utf8, now: start)
    #expect(hanging.advance(to: start + limits.workTime) == .nothing)
    #expect(code(hanging) == "timedOut")
    // An answer that comes too late is not put behind the error.
    let sent = hanging.pending
    hanging.answer([1], now: start + limits.workTime)
    #expect(hanging.pending == sent)

    var deaf = connection()
    _ = deaf.receive("a\n".utf8, now: start)
    deaf.answer([UInt8](repeating: 65, count: 100), now: start)
    _ = deaf.sent(99, now: start + limits.readingTime / 2)
    #expect(deaf.advance(to: start + limits.readingTime) == .close)
  }

  @Test("Empty lines are no requests")
  func emptyLines() {
    var connection = connection()
    #expect(connection.receive("\n \r\n\na\n".utf8, now: start) == .perform(Array("a".utf8)))
  }
}
