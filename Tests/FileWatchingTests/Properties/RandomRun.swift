import FileWatching
import Glibc
import SystemPackage

/// One run of the property: another process changes files at random while the consumer replays what is
/// reported, and at points chosen at random everything must be right.
struct RandomRun: Sendable {
  var seed: UInt64
  var operations: Int
  var setting: Setting
  /// A bug planted between the watcher and the consumer.
  var distortion: (@Sendable (ChangeSet) -> [ChangeSet])?
  /// Operations of the mutator to leave out. No event comes for a file that is written through a name that is
  /// excluded or outside, so hard links are only made where neither is.
  var without = ["hardLink"]
  var exclude = ["**/ignored", "**/*.tmp"]

  /// What is wrong, as sentences, at the first point where something was; empty if all was right.
  func problems() async throws -> [String] {
    let temporary = try TemporaryFolder(in: setting.disk.path)
    let folder = temporary.folder
    for name in ["root", "outside", "root/config", "root/a"] as [FilePath] {
      try folder.makeFolder(name)
    }
    try folder.write("root/config/d.toml", "start")
    try folder.write("root/a/e.txt", "start")
    let root = folder.at("root")
    let mutator = try MutatorProcess(
      root: root, outside: folder.at("outside"), seed: seed, log: folder.at("log"),
      without: without)

    let include = ["**"]
    let demanded: [FilePath] = ["config/d.toml", "config/.hidden", "a/g.tmp", "b/c/d.toml"]
    let recorder = Recorder(distortion: distortion)
    recorder.begin(Scope(root: root, include: include, exclude: exclude, demanded: demanded))
    let watcher = try await FileWatcher.start(
      root: root,
      subscriptions: [
        FileWatcher.Subscription(
          include: include, exclude: exclude, demanded: demanded,
          quietPeriod: .milliseconds(1), debounce: .milliseconds(4), maxWait: .milliseconds(40),
          observer: { recorder.receive($0) })
      ],
      options: FileWatcher.Options(
        backend: setting.backend, pollInterval: .milliseconds(5), reconcileInterval: .seconds(60)))
    do {
      let found = try await check(mutator, watcher, recorder)
      await watcher.stop()
      return found
    } catch {
      await watcher.stop()
      throw error
    }
  }

  private func check(_ mutator: MutatorProcess, _ watcher: FileWatcher, _ recorder: Recorder)
    async throws -> [String]
  {
    var random = SplitMix(seed: seed ^ 0xABCD)
    var remaining = operations
    while remaining > 0 {
      let count = min(1 + random.below(30), remaining)
      remaining -= count
      let pause = [0, 0, 300, 2_000][random.below(4)]
      let syncs = random.below(3)
      try await mutator.perform(count, pause: pause) {
        for _ in 0..<syncs { try await watcher.sync() }
      }
      // The mutator waits for the next command, so that the comparison is exact.
      let pending = try await syncUntilNothingIsPending(watcher)
      var problems = recorder.problems()
      if !pending.isEmpty { problems.append("still pending: \(pending)") }
      if !problems.isEmpty {
        return problems + [
          "after operation \(operations - remaining), the last ones were:",
          mutator.lastOperations(count + 12), "the last sets were:", recorder.tail,
        ]
      }
    }
    return []
  }

  /// The command that repeats this run.
  var replay: String {
    "HOTRELOAD_SEED=\(seed) HOTRELOAD_OPERATIONS=\(operations) "
      + "swift test --filter FileWatchingTests.RandomChanges"
  }
}

/// How much the property tests do, from the environment.
enum Effort {
  /// `HOTRELOAD_SEED` alone, or the first `HOTRELOAD_SEEDS` ones (default 6).
  static let seeds: [UInt64] = {
    if let one = number("HOTRELOAD_SEED") { return [UInt64(one)] }
    return (1...UInt64(max(1, number("HOTRELOAD_SEEDS") ?? 6))).map { $0 }
  }()

  /// `HOTRELOAD_OPERATIONS` (default 200).
  static let operations = max(1, number("HOTRELOAD_OPERATIONS") ?? 200)

  private static func number(_ name: String) -> Int? {
    getenv(name).flatMap { Int(String(cString: $0)) }.flatMap { $0 >= 0 ? $0 : nil }
  }
}

/// A small random number generator whose whole state is its seed: Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(bound, 1), using: &self) }
}
