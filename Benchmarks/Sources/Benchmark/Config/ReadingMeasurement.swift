import HotReload
import Synchronization

extension Measurement {
  /// What it takes to read the value in force.
  static let reading = Measurement(
    name: "reading", purpose: "the value in force; floor: a field behind a Mutex, read the same way"
  ) { report, scale in
    let text = #"{"port": 8080, "greeting": "a text that is too long to be stored inline"}"#
    let live = try await LiveWorkspace(text)
    let stream = try await live.manager.watchConfigChanges("app", as: ReadConfig.self)
    let field = MutexField(stream.current)

    for threads in [1, 2] {
      let count = repetitions(threads: threads)
      let samples = try await interleave(
        rounds: scale.count(threads == 1 ? 75 : 25),
        [
          { try await onThreads(threads) { readPort(of: field, count) } },
          { try await onThreads(threads) { readPort(of: stream, count) } },
          { try await onThreads(threads) { readPortWithCursor(of: stream, count) } },
          { try await onThreads(threads) { readAll(of: field, count) } },
          { try await onThreads(threads) { readAll(of: stream, count) } },
        ])
      let name = threads == 1 ? "1 thread" : "2 threads"
      report.row(
        "stream.current, a number in it, \(name)", samples[1].median, floor: samples[0].median,
        target: .atMost(threads == 1 ? 12 : 60))
      report.row(
        "stream.current, with a reference, \(name)", samples[4].median, floor: samples[3].median,
        target: .atMost(threads == 1 ? 12 : 60))
      report.row(
        "cursor's current, a number in it, \(name)", samples[2].median, floor: samples[0].median,
        target: .atMost(threads == 1 ? 4 : 6))
    }
    try await live.manager.shutdown()
    try await readVariants(report, scale)
  }

  /// What it takes to read the value in force for a subject.
  private static func readVariants(_ report: Report, _ scale: Scale) async throws {
    let settings = #""experiment": {"weights": {"control": 50, "treatment": 50}}"#
    let live = try await LiveWorkspace(#"{"port": 8080, "greeting": "", \#(settings)}"#)
    try live.scratch.write("config/app@treatment.json", #"{"port": 8081}"#)
    try await live.manager.sync()
    let stream = try await live.manager.watchConfigChanges("app", as: ReadConfig.self)
    // As long as a UUID.
    let subjects = (0..<1_000).map { "0f8fad5b-d9cb-469f-a165-\(100_000_000_000 + $0)" }
    for threads in [1, 2] {
      let count = repetitions(threads: threads) / 10
      let samples = try await interleave(
        rounds: scale.count(25),
        [
          { try await onThreads(threads) { readPort(of: stream, count) } },
          { try await onThreads(threads) { readPort(of: stream, for: subjects, count) } },
        ])
      report.row(
        "stream.current(for: subject), \(threads == 1 ? "1 thread" : "2 threads")",
        samples[1].median, floor: samples[0].median, target: .atMost(1_000))
    }
    try await live.manager.shutdown()
  }
}

private struct ReadConfig: Decodable, Sendable {
  var port: Int
  var greeting: String
}

private final class MutexField: Sendable {
  let value: Mutex<ReadConfig>

  init(_ value: ReadConfig) {
    self.value = Mutex(value)
  }
}

/// Reads in a round: alone few enough to end before the scheduler lets others in, together enough to overlap.
private func repetitions(threads: Int) -> Int {
  threads == 1 ? 200_000 : 2_000_000
}

/// Nanoseconds a read. Generic code would be specialised or not; these are what a program has.
@inline(never)
private func readPort(of field: MutexField, _ count: Int) -> Double {
  measure(count) { field.value.withLock { $0.port } }
}

@inline(never)
private func readPort(of stream: ConfigStream<ReadConfig>, _ count: Int) -> Double {
  measure(count) { stream.current.port }
}

@inline(never)
private func readPort(
  of stream: ConfigStream<ReadConfig>, for subjects: [String], _ count: Int
) -> Double {
  var next = 0
  return measure(count) {
    next = next + 1 == subjects.count ? 0 : next + 1
    return stream.current(for: subjects[next]).port
  }
}

@inline(never)
private func readPortWithCursor(of stream: ConfigStream<ReadConfig>, _ count: Int) -> Double {
  var cursor = stream.cursor()
  return measure(count) { cursor.current.port }
}

@inline(never)
private func readAll(of field: MutexField, _ count: Int) -> Double {
  var config = field.value.withLock { $0 }
  defer { keep(config.port) }
  return measure(count) {
    config = field.value.withLock { $0 }
    return config.port
  }
}

@inline(never)
private func readAll(of stream: ConfigStream<ReadConfig>, _ count: Int) -> Double {
  var config = stream.current
  defer { keep(config.port) }
  return measure(count) {
    config = stream.current
    return config.port
  }
}

@inline(__always)
private func measure(_ count: Int, _ read: () -> Int) -> Double {
  var sum = 0
  let time = nanoseconds {
    for _ in 0..<count { sum &+= read() }
  }
  keep(sum)
  return time / Double(count)
}
