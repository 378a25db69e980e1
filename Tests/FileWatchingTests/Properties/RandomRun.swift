import FileWatching
import Glibc
import HotReloadTesting
import SystemPackage

/// One run of the property: another process changes files at random while the consumer replays what is
/// reported, and at points chosen at random everything must be right.
struct RandomRun: Sendable {
  var seed: UInt64
  var operations: Int
  var setting: Setting
  /// A bug planted between the watcher and the consumer.
  var bug: PlantedBug?
  /// Operations of the mutator to leave out. Writing to a file through a name that is excluded, outside, in a
  /// folder so new that it is not watched yet and gone again before it is read, or taken from the file while it
  /// is open, leaves no hint with anybody. So hard links are only made where no names are hidden, all folders
  /// stay, and no file stays open; and the mutator leaves a new name alone until it can have been seen.
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
    let recorder = if let bug { Recorder(bug: bug) } else { Recorder() }
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
    var random = SeededGenerator(seed: seed ^ 0xABCD)
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
  /// The first 6, unless `HOTRELOAD_SEED` or `HOTRELOAD_SEEDS` says otherwise.
  static let seeds = PropertySeeds(6)

  /// `HOTRELOAD_OPERATIONS` (default 200).
  static let operations: Int = {
    let asked = getenv("HOTRELOAD_OPERATIONS").flatMap { Int(String(cString: $0)) }
    return max(1, asked ?? 200)
  }()
}
