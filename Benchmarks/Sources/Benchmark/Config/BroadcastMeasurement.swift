import HotReload
import Synchronization
import SystemPackage

extension Measurement {
  /// How long it takes until everybody who waits for a config has it.
  static let broadcast = Measurement(
    name: "broadcast",
    purpose: "decoded -> the last of 10,000 streams has it; floor: a thread resumes 10,000 tasks"
  ) { report, scale in
    let rounds = scale.count(15)
    let live = try await LiveWorkspace(#"{"number": 0}"#)
    let stream = try await live.manager.watchConfigChanges("app", as: StampedConfig.self)
    let arrivals = Arrivals(expected: receivers)
    let consumers = (0..<receivers).map { _ in
      let stream = stream.subscribe()
      return Task.detached { for await _ in stream { arrivals.arrived() } }
    }
    let bell = Bell()
    let resumptions = Arrivals(expected: receivers)
    let waiters = (0..<receivers).map { _ in
      Task.detached { while await bell.wait() { resumptions.arrived() } }
    }

    var number = 0
    let samples = try await interleave(
      rounds: rounds,
      [
        {
          guard try await wait(until: { bell.waiting == receivers }) else {
            throw WrongResult(message: "not all tasks wait")
          }
          let start = try await onThread {
            defer { bell.ring() }
            return monotonicNanoseconds()
          }
          return try await time(from: start, until: resumptions)
        },
        {
          number += 1
          let staged = try live.stage(#"{"number": \#(number)}"#, as: "\(number).json")
          try renameFile(staged.string, to: live.file.string)
          let start = { [number] in
            stream.current.number == number ? stream.current.decodedAt : nil
          }
          guard try await wait(until: { start() != nil }), let start = start() else {
            throw WrongResult(message: "the new value did not come into force")
          }
          return try await time(from: start, until: arrivals)
        },
      ])
    report.row(
      "publish -> the last of \(receivers) streams", samples[1].median, floor: samples[0].median,
      target: .atMost(10e6))

    bell.end()
    try await live.manager.shutdown()
    for task in consumers + waiters { await task.value }
  }

  private static let receivers = 10_000

  private static func time(from start: Int64, until arrivals: Arrivals) async throws -> Double {
    guard try await wait(until: { arrivals.completed != nil }), let end = arrivals.completed else {
      throw WrongResult(message: "not all of \(receivers) were reached")
    }
    arrivals.reset()
    // Until all of them wait again, and the memory of what was replaced is free.
    try await Task.sleep(for: .milliseconds(100))
    return Double(end - start)
  }
}

/// A value that knows when it was decoded, which is the last thing that happens before it is published.
private struct StampedConfig: Decodable, Sendable {
  enum CodingKeys: CodingKey {
    case number
  }

  let number: Int
  let decodedAt: Int64

  init(from decoder: any Decoder) throws {
    number = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .number)
    decodedAt = monotonicNanoseconds()
  }
}

/// The least with which one thread can wake many tasks.
private final class Bell: Sendable {
  private struct State {
    var waiters: [UnsafeContinuation<Bool, Never>] = []
    var hasEnded = false
  }

  private let state = Mutex(State())

  /// How many tasks wait.
  var waiting: Int { state.withLock { $0.waiters.count } }

  /// Waits for the next ring; false at the end.
  func wait() async -> Bool {
    await withUnsafeContinuation { continuation in
      let hasEnded = state.withLock { state in
        if !state.hasEnded { state.waiters.append(continuation) }
        return state.hasEnded
      }
      if hasEnded { continuation.resume(returning: false) }
    }
  }

  /// Wakes all.
  func ring() {
    for waiter in take() { waiter.resume(returning: true) }
  }

  /// Wakes all, for the last time.
  func end() {
    state.withLock { $0.hasEnded = true }
    for waiter in take() { waiter.resume(returning: false) }
  }

  private func take() -> [UnsafeContinuation<Bool, Never>] {
    state.withLock { state in
      defer { state.waiters = [] }
      return state.waiters
    }
  }
}
