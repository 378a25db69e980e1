// A program on a real workspace with a real manager, a bake and a validated stream, which a test lets die:
//
//   CrashingServer ROOT BAKE at FAILPOINT    dies when it comes to the place of that name, once it is up
//   CrashingServer ROOT BAKE boot FAILPOINT  the same, already while it comes up
//   CrashingServer ROOT BAKE after MICROS    dies so long after it was started
//   CrashingServer ROOT BAKE good            ends as it should when what it came up with has outlived its bake
//
// BAKE is in milliseconds. Each line that it prints is written before the next thing is begun:
//
//   from GENERATION        it starts from the last good content, which was that of this generation
//   up GENERATION NUMBER disk|last-good REASON
//   down REASON            there is nothing to come up with
//   serves GENERATION NUMBER
//   reached FAILPOINT
//   closed

import Glibc
import HotReload
import Logging
import Synchronization
import SystemPackage
import WorkspaceTools

/// What it serves. `b` says again what `a` says, so that what is mixed or cut off is refused.
struct AppConfig: Decodable, Sendable, ValidatedConfig {
  /// Names the content.
  var number: Int
  var a: Int
  var b: Int

  func validate() throws {
    var problems = ConfigProblems()
    problems.require(a < 100, "a", "must be below 100")
    problems.require(a == b, "b", "must be what a is")
    try problems.throwIfAny()
  }
}

/// The health check fails for it.
let sick: Int64 = 13

@Sendable func say(_ text: String) {
  let bytes = Array((text.replacing("\n", with: " ") + "\n").utf8)
  if bytes.withUnsafeBytes({ write(1, $0.baseAddress, $0.count) }) != bytes.count { exit(1) }
}

@Sendable func die() -> Never {
  kill(getpid(), SIGKILL)
  while true { pause() }
}

/// Passes on what the log says of where the last good content is from.
struct LastGoodHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.warning

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    if let generation = event.metadata?["lastGoodGeneration"] { say("from \(generation)") }
  }
}

struct Sick: Error {}

let arguments = CommandLine.arguments
guard arguments.count >= 4, let bake = Int(arguments[2]) else { exit(64) }
let mode = arguments[3]
let failpoint = mode == "at" || mode == "boot" ? arguments.dropFirst(4).first : nil
let isUp = Atomic(mode == "boot")
if mode == "after", let delay = UInt32(arguments[4]) { Killer.start(after: delay) }

let workspace = try Workspace(
  root: FilePath(arguments[1]),
  environment: WorkspaceEnvironment(name: "production", variables: [:]))
var configuration = HotReloadConfiguration(
  backupOnChange: true, journalLimits: JournalLimits(maximumFileSize: 16 << 10, maximumEntries: 60),
  quietPeriod: .zero, bake: .milliseconds(bake),
  healthCheck: { snapshot in
    if snapshot.config("app")?["a"]?.value == .integer(sick) { throw Sick() }
  }, healthCheckInterval: .milliseconds(max(1, bake / 4)),
  logger: Logger(label: "crashing", factory: { _ in LastGoodHandler() }))
configuration.failpoint = { point in
  guard point.rawValue == failpoint, isUp.load(ordering: .acquiring) else { return }
  say("reached \(point.rawValue)")
  die()
}

let manager = try await workspace.startHotReload(configuration: configuration)
let stream: ConfigStream<AppConfig>
do {
  stream = try await manager.watchConfigChanges("app", as: AppConfig.self)
} catch {
  say("down \(error)")
  await manager.flushJournal()
  exit(3)
}
// One view, so that what it says belongs together.
let first = manager.snapshot()
let status = await manager.status()
let errors = status.units.first { $0.unit == .config("app") }?.errors ?? []
let why = errors.first.map { "last-good \($0)" } ?? "disk"
say("up \(first.generation) \(first.value(of: stream)?.number ?? -1) \(why)")
isUp.store(true, ordering: .releasing)

if mode == "good" {
  // Its owner ends it when it is stopped by the end of the bake.
  while await manager.status().isBaking { usleep(1_000) }
  await manager.flushJournal()
  try await manager.shutdown()
  say("closed")
} else {
  for await config in stream { say("serves \(stream.generation) \(config.number)") }
}

/// The thread that ends the process.
enum Killer {
  static func start(after microseconds: UInt32) {
    var thread = pthread_t()
    let delay = UnsafeMutableRawPointer(bitPattern: UInt(microseconds) + 1)
    pthread_create(
      &thread, nil,
      { argument in
        usleep(UInt32(UInt(bitPattern: argument) - 1))
        die()
      }, delay)
  }
}
