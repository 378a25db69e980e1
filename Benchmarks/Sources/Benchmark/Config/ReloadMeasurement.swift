import Foundation
import HotReload
import HotReloadTesting
import Synchronization
import SystemPackage
import WorkspaceTools

extension Measurement {
  /// How soon after a save the program sees the new value.
  static let reload = Measurement(
    name: "reload",
    purpose: "rename -> typed value in `current`, quiet period 0; floor: event + read + parse"
  ) { report, scale in
    let (rounds, count) = (scale.count(20), 25)
    let live = try await LiveWorkspace(try SampleConfig.json(0))
    let stream = try await live.manager.watchConfigChanges("app", as: SampleConfig.self)
    let plain = try PlainReload()
    try live.scratch.makeDirectory("staging")
    let lanes = [
      ReloadLane(folder: plain.folder, file: plain.file) { plain.number },
      ReloadLane(folder: live.scratch.path("staging"), file: live.file) { stream.current.number },
    ]
    var phases: [ReloadPhase: Samples] = [:]
    for round in 0..<rounds {
      for turn in lanes.indices {
        let lane = lanes[(round + turn) % lanes.count]
        try await onThread { try lane.run(count) }
      }
      try await live.manager.sync()
      for phase in await live.manager.status().lastReport?.phases ?? [] {
        phases[phase.phase, default: Samples()].add(Double(phase.duration / .nanoseconds(1)))
      }
    }
    plain.stop()
    try await live.manager.shutdown()

    let (floor, figure) = (lanes[0].latencies, lanes[1].latencies)
    report.row(
      "rename -> new value in current, p50", figure.median, floor: floor.median, target: .ratio(4))
    report.row(
      "rename -> new value in current, p99", figure.percentile(0.99),
      floor: floor.percentile(0.99))
    for phase in ReloadPhase.allCases {
      if let samples = phases[phase] { report.row("  \(phase.rawValue)", samples.median) }
    }
  }
}

/// Replaces a config again and again and watches, by looking, for the value to appear.
private final class ReloadLane: Sendable {
  private static let patience: Int64 = 2_000_000_000

  private let staged: FilePath
  private let file: FilePath
  private let current: @Sendable () -> Int
  private let times = Mutex<(last: Int, latencies: [Double])>((0, []))

  init(folder: FilePath, file: FilePath, current: @escaping @Sendable () -> Int) {
    staged = folder.appending("next.json")
    self.file = file
    self.current = current
  }

  var latencies: Samples { Samples(times.withLock { $0.latencies }) }

  /// Replaces it so many times, 5 to 20 ms apart. Blocks.
  func run(_ count: Int) throws {
    for _ in 0..<count {
      let number = times.withLock { times in
        times.last += 1
        return times.last
      }
      try Data(SampleConfig.json(number).utf8).write(to: URL(fileURLWithPath: staged.string))
      let (old, new) = (staged.string, file.string)
      sleepThread(microseconds: .random(in: 5_000...20_000))
      let start = monotonicNanoseconds()
      try renameFile(old, to: new)
      while current() != number {
        guard monotonicNanoseconds() - start < Self.patience else {
          throw WrongResult(message: "\(file) was replaced, and nothing happened")
        }
        // Looks often, but gives way to whoever is to do the work.
        sched_yield()
      }
      let latency = Double(monotonicNanoseconds() - start)
      times.withLock { $0.latencies.append(latency) }
    }
  }
}

/// The floor: a thread that blocks in `read`, then reads and parses the file, with nothing proved and no type.
private final class PlainReload: Sendable {
  /// More than the config has.
  private static let maximumSize = 16_384

  /// Where files are prepared.
  let folder: FilePath
  /// The config.
  let file: FilePath
  private let scratch: TemporaryWorkspace
  private let thread: InotifyThread
  private let parsed = Number()

  init() throws {
    scratch = try ScratchFolder.make("plain")
    folder = scratch.path("staging")
    try scratch.makeDirectory(folder)
    try scratch.makeDirectory("config")
    file = scratch.path("config/app.json")
    thread = try InotifyThread(watching: scratch.path("config")) { [file, parsed] _, _ in
      guard let bytes = try? Self.content(of: file),
        let tree = try? ConfigFormat.json.parse(bytes, file: "app.json"),
        case .integer(let number)? = tree.table?["number"]?.value
      else { return }
      parsed.value.store(Int(number), ordering: .releasing)
    }
  }

  /// The number in the config that was parsed last.
  var number: Int { parsed.value.load(ordering: .acquiring) }

  func stop() {
    thread.stop()
  }

  private static func content(of path: FilePath) throws -> [UInt8] {
    let file = try FileDescriptor.open(path, .readOnly)
    defer { try? file.close() }
    return try Array(unsafeUninitializedCapacity: maximumSize) { buffer, count in
      count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// What the thread shares with who looks.
  private final class Number: Sendable {
    let value = Atomic(0)
  }
}
