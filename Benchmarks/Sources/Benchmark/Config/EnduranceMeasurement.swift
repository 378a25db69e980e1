import Foundation
import Glibc
import HotReload
import HotReloadTesting
import WorkspaceTools

/// Makes a list of the config's numbers, so that each reload makes a product and lets one go.
private struct ListMaker: ReloadParticipant {
  func prepare(_ change: ReloadChange) async throws -> [Int] {
    Array(repeating: try change.decode("app", as: SampleConfig.self).number, count: 1_000)
  }
}

extension Measurement {
  /// What many reloads leave behind.
  static let endurance = Measurement(
    name: "endurance",
    purpose:
      "descriptors, threads and memory after 10,000 reloads with a stream, a handler and a participant"
  ) { report, scale in
    let (warmUp, count) = (scale.count(1_000), scale.count(10_000))
    let live = try await LiveWorkspace(try SampleConfig.json(0))
    let stream = try await live.manager.watchConfigChanges("app", as: SampleConfig.self)
    let lists = try await live.manager.register(ListMaker(), for: [.config("app")])
    try live.manager.registerReloadHandler(matching: "**") { _ in }
    func reload(_ numbers: ClosedRange<Int>) async throws {
      for number in numbers {
        try live.scratch.replace(live.file, try SampleConfig.json(number))
        try await live.manager.sync()
        guard stream.current.number == number, lists.current.first == number else {
          throw WrongResult(message: "reload \(number) did not come into force")
        }
      }
    }
    try await reload(1...warmUp)
    let before = try await Holdings.settled()
    try await reload((warmUp + 1)...count)
    let after = try await Holdings.settled()
    try await live.manager.shutdown()
    report.row(
      "descriptors more than after \(warmUp) reloads",
      Double(after.descriptors - before.descriptors), unit: .count, target: .atMost(0))
    report.row(
      "threads more", Double(after.threads - before.threads), unit: .count, target: .atMost(0))
    report.row(
      "resident memory more", Double(after.memory - before.memory), unit: .memory,
      target: .atMost(2 * 1_048_576))
  }
}

/// What this process holds.
private struct Holdings {
  var descriptors: Int
  var threads: Int
  var memory: Int

  /// After what is under way has had the time to end, and the allocator has given back what is free: it keeps a pool for
  /// each thread, and which of them are touched is chance.
  static func settled() async throws -> Holdings {
    try await Task.sleep(for: .seconds(1))
    trim()
    return Holdings(
      descriptors: try entries("/proc/self/fd"), threads: try entries("/proc/self/task"),
      memory: try ResidentMemory.resident())
  }

  /// `malloc_trim`, which the C library has and its module does not show.
  private static func trim() {
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> CInt).self)(0)
  }

  private static func entries(_ folder: String) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: folder).count
  }
}
