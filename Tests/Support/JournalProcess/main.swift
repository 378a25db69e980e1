// Applies one content after the other through a journal, in a process of its own that a test lets die:
//
//   JournalProcess ROOT COUNT at FAILPOINT   dies when it comes to the place of that name
//   JournalProcess ROOT COUNT after MICROS   dies so long after it has opened the journal
//   JournalProcess ROOT COUNT clean          ends as it should
//
// With a last word "same" it is the same content each time.
// Each line that it prints is written before the next thing is begun: "opened GENERATION", "good GENERATION" when
// that is durable, "reached FAILPOINT", "closed".

import Glibc
import HotReload
import Synchronization
import SystemPackage
import WorkspaceTools

@Sendable func say(_ text: String) {
  let bytes = Array((text + "\n").utf8)
  if bytes.withUnsafeBytes({ write(1, $0.baseAddress, $0.count) }) != bytes.count { exit(1) }
}

@Sendable func die() -> Never {
  kill(getpid(), SIGKILL)
  while true { pause() }
}

let arguments = CommandLine.arguments
guard arguments.count >= 4, let count = UInt64(arguments[2]) else { exit(64) }
let isSame = arguments.last == "same"
let failpoint = arguments[3] == "at" ? arguments[4] : nil

let workspace = try Workspace(
  root: FilePath(arguments[1]),
  environment: WorkspaceEnvironment(name: "production", variables: [:]))
let journal = Journal.open(
  in: workspace,
  options: JournalOptions(
    // Small enough that it is written anew within a run.
    limits: JournalLimits(maximumFileSize: 4096, maximumEntries: 40),
    failpoint: { point in
      guard point.rawValue == failpoint else { return }
      say("reached \(point.rawValue)")
      die()
    }))
let first = journal.opening.nextGeneration
say("opened \(first)")
if arguments[3] == "after", let delay = UInt32(arguments[4]) {
  Thread.detach(after: delay)
}

let loader = ConfigLoader(workspace: workspace)
for generation in first..<(first + count) {
  let layer = RecordedLayer(
    path: "config/app.toml", layer: .base, format: .toml, mode: [.ownerReadWrite],
    bytes: Array("a = \(isSame ? 0 : generation)\n".utf8))
  let loaded = try loader.load("app", from: [layer])
  let fingerprint = loaded.fingerprint
  let content = KeptContent(
    loaded, fingerprint: fingerprint, generation: generation, environment: "production")
  let attempt = journal.beginAttempt(generation: generation, units: [content.record.key])
  journal.record(.applied(content))
  journal.record(.lastGood(content))
  journal.closeAttempt(attempt, .survived)
  await journal.flush()
  say("good \(generation)")
}
await journal.close()
say("closed")

/// The thread that ends the process.
enum Thread {
  static func detach(after microseconds: UInt32) {
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
