import HotReloadTesting
import Synchronization
import SystemPackage

/// A watched folder in which prepared files are renamed over others, one at a time, and who noticed when.
///
/// The replacements wait in a folder that nobody watches, so that a rename is the only thing that happens.
final class RenameLane: Sendable {
  private struct Times {
    var sent: [Int64]
    var received: [Int64]
    var next = 0
  }

  /// The watched folder.
  let folder: FilePath
  private let scratch: TemporaryWorkspace
  private let staging: FilePath
  private let times: Mutex<Times>

  /// Prepares so many renames.
  init(_ name: String, renames: Int) throws {
    scratch = try ScratchFolder.make(name)
    folder = scratch.path("watched")
    staging = scratch.path("staging")
    times = Mutex(
      Times(
        sent: Array(repeating: 0, count: renames), received: Array(repeating: 0, count: renames)))
    for index in 0..<renames {
      try scratch.write(folder.appending("\(index)"), "before")
      try scratch.write(staging.appending("\(index)"), "after")
    }
  }

  /// Does the next renames, with a pause before each. Blocks.
  func rename(_ count: Int, pause: ClosedRange<Int>) throws {
    let first = times.withLock { times in
      defer { times.next += count }
      return times.next
    }
    for index in first..<(first + count) {
      let (old, new) = ("\(staging)/\(index)", "\(folder)/\(index)")
      sleepThread(microseconds: .random(in: pause))
      let now = monotonicNanoseconds()
      try renameFile(old, to: new)
      times.withLock { $0.sent[index] = now }
    }
  }

  /// Notes that the entry's change was heard of; only the first time counts.
  func received(_ name: String, at now: Int64) {
    guard let index = Int(name) else { return }
    times.withLock { times in
      guard times.received.indices.contains(index), times.received[index] == 0 else { return }
      times.received[index] = now
    }
  }

  /// Whether all renames up to now were heard of.
  var isCaughtUp: Bool {
    times.withLock { times in times.received[..<times.next].allSatisfy { $0 != 0 } }
  }

  /// From just before each rename to the consumer, in nanoseconds.
  var latencies: Samples {
    times.withLock { times in
      Samples(
        zip(times.sent, times.received).compactMap { sent, received in
          received == 0 ? nil : Double(received - sent)
        })
    }
  }

  /// Renames that nobody heard of.
  var lost: Int {
    times.withLock { times in times.received[..<times.next].count { $0 == 0 } }
  }
}

extension RenameLane {
  /// Does `rounds` times `count` renames in each lane in turn, and waits for the consumers after each turn.
  static func run(
    _ lanes: [RenameLane], rounds: Int, count: Int, pause: ClosedRange<Int>
  ) async throws {
    for round in 0..<rounds {
      for turn in lanes.indices {
        let lane = lanes[(round + turn) % lanes.count]
        try await onThread { try lane.rename(count, pause: pause) }
        _ = try await wait { lane.isCaughtUp }
      }
    }
  }
}
