import CSystemShims
import Glibc
import SystemPackage
import Testing

@testable import HotReloadProcess

@Suite("Helper programs")
struct HelperProgramTests {
  private func run(
    _ script: String, input: String = "", output: HelperProgram.Output = .captured,
    timeout: Duration = .seconds(30), environment: [String: String?] = [:]
  ) async throws -> HelperOutcome {
    try await withQuietStarts {
      try await HelperProgram(
        invocation: ProgramInvocation(["sh", "-c", script], environment: environment),
        input: Array(input.utf8), output: output, timeout: timeout
      ).run()
    }
  }

  @Test("They get their input, and what they print is kept in order")
  func inputAndOutput() async throws {
    let outcome = try await run("cat; echo err >&2; echo out; exit 3", input: "hello\n")
    #expect(outcome.ending == .ended(.code(3)))
    #expect(outcome.tail.lines(10) == ["hello", "err", "out"])
    let errors = try await run("echo out; echo err >&2", output: .errorsCaptured)
    #expect(errors.isSuccess)
    #expect(errors.tail.lines(10) == ["err"])
  }

  @Test("A large input that is not read holds nobody up, and of much output the last is kept")
  func muchOfBoth() async throws {
    let outcome = try await run(
      "seq 1 200000", input: String(repeating: "x", count: 1_000_000))
    #expect(outcome.isSuccess)
    #expect(outcome.tail.lines(2) == ["199999", "200000"])
    #expect(outcome.tail.bytes.count <= 2 * OutputTail.capacity)
  }

  @Test("Variables are added and taken away")
  func variables() async throws {
    let outcome = try await run(
      "echo \"$HELPER_A,${PATH-none},${HOME-none}\"", environment: ["HELPER_A": "1 2", "HOME": nil])
    let line = try #require(outcome.tail.lines(1).first)
    #expect(line.hasPrefix("1 2,"))
    #expect(line.hasSuffix(",none"))
    #expect(!line.contains(",none,"))
  }

  @Test(
    "One that takes too long is ended with its whole group, even if it ignores the signal that asks"
  )
  func timeout() async throws {
    // How long the shell needs to get there nobody knows.
    for timeout in [Duration.milliseconds(200), .seconds(5), .seconds(60)] {
      let outcome = try await run(
        "trap '' TERM; sleep 100 & echo $!; while :; do sleep 0.05; done", timeout: timeout)
      #expect(outcome.ending == .timedOut)
      if outcome.tail.lines(1).isEmpty { continue }
      return try expectGone(outcome)
    }
    Issue.record("the shell never got to its second command")
  }

  @Test("When it ends, whoever it left behind in its group ends too")
  func orphans() async throws {
    let outcome = try await run("sleep 100 & echo $!")
    #expect(outcome.isSuccess)
    try expectGone(outcome)
  }

  @Test("A cancelled task ends it")
  func cancelling() async throws {
    let task = Task { try await run("sleep 100 & echo $!; wait") }
    task.cancel()
    let outcome = try await task.value
    #expect(outcome.ending == .cancelled)
  }

  @Test("A program that is not there is an error that says what to do")
  func missing() async throws {
    await #expect(throws: ProgramError(name: "/nowhere/at-all", errno: ENOENT)) {
      try await withQuietStarts {
        try await HelperProgram(
          invocation: ProgramInvocation(["/nowhere/at-all"]), timeout: .seconds(1)
        ).run()
      }
    }
  }

  /// The process that the script named has ended, or does within half a minute: the kill was sent.
  private func expectGone(_ outcome: HelperOutcome) throws {
    let number = try #require(outcome.tail.lines(1).first.flatMap { pid_t($0) })
    let descriptor = shim_process_descriptor(number)
    guard descriptor >= 0 else {
      #expect(errno == ESRCH)
      return
    }
    defer { close(descriptor) }
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    #expect(poll(&waiting, 1, 30_000) == 1)
  }
}
