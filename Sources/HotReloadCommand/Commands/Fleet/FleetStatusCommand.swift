import ArgumentParser
import HotReload
import HotReloadFleet

/// How a fleet is doing.
struct FleetStatusCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Prints how a fleet is doing, and how far a rollout is.",
    discussion: """
      Ends with 0 if nothing is wrong, with 1 if the fleet is degraded: no instance lives, a rollout is paused or rolled back at \
      this moment, instances refuse what they are to run, are not healthy or still run what was rolled back, own files differ from \
      what the fleet agreed on, or nobody leads while something waits. Also with 1 if the store does not answer. A rollout \
      that goes on, and what is in quarantine, is nothing wrong.

      With --watch it goes on until SIGINT or SIGTERM, and then ends with 0: on a terminal the table is drawn anew at each \
      change, elsewhere each change gives another table or line. A store that is away is waited for.

      EXAMPLES
        hotreload fleet status
        hotreload fleet status --watch
        hotreload fleet status --json | jq .instances

      JSON LINE
        {"event":"fleet","time":N,"fleet":"shop",
         "health":"healthy|degraded","reasons":["..."],
         "committed":{"number":7,"content":"DIGEST"},
         "rollout":{"release":{"number":8,"content":"DIGEST"},
          "base":{...},"state":"running|paused|rollingBack|committed|
           rolledBack","phase":"applying|baking","reason":"...",
          "stage":2,"stages":[{"percent":1,"bake":N},...],
          "targets":2,"population":20,"running":2,"bake":N,
          "proposal":"ID","proposedBy":"ann@build-1","startedAt":N,
          "movedAt":N,"unreverted":0},
         "controller":"web-3",
         "instances":{"total":20,"there":18,"behind":2,"failed":0,
          "drifted":0},
         "behind":["web-7"],"failed":[{"instance":"...","error":"..."}],
         "drifted":["..."],
         "proposal":{"proposal":"ID","content":"DIGEST",
          "proposedBy":"..."},
         "quarantine":["DIGEST"]}
      Times are ns since 1970 by the clock of the instance that leads, durations ns. What does not apply is left out. "stage" \
      counts from 1; "running" instances have the change.
      """)

  @OptionGroup var fleet: FleetStoreOptions

  @Flag(help: "Go on, and show each change.")
  var watch = false

  func run(_ access: FleetAccess) async throws {
    if watch { return try await FleetWatching(access, fleet.renderer).run() }
    let overview = try await access.client.overview()
    try write(
      fleet.renderer.status(
        overview, of: access.client.fleet, time: nanosecondsSince1970()))
    if !overview.problems.isEmpty { throw ExitCode.failure }
  }
}

/// Shows a fleet at each change, until somebody asks to end.
private struct FleetWatching: Sendable {
  private let client: FleetClient
  private let renderer: FleetRenderer
  private let output = StandardOutput()

  init(_ access: FleetAccess, _ renderer: FleetRenderer) {
    client = access.client
    self.renderer = renderer
  }

  func run() async throws {
    let ending = await Ending()
    let following = Task {
      do {
        try await follow()
        ending.end()
      } catch {
        ending.end(with: error)
      }
    }
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await ending.wait()) } catch { outcome = .failure(error) }
    following.cancel()
    await following.value
    try outcome.get()
  }

  private func follow() async throws {
    var block = renderer.isJSON ? nil : TerminalBlock(of: output)
    var isFirst = true
    for try await overview in client.overviews(reachability: sayWhetherHeard) {
      let time = nanosecondsSince1970()
      let lines = try renderer.status(overview, of: client.fleet, time: time)
      if block != nil {
        try output.write(block?.replacing(with: lines) ?? [])
      } else {
        let gap = isFirst || renderer.isJSON ? [] : [UInt8(ascii: "\n")]
        try output.write(gap + lines)
      }
      isFirst = false
    }
  }
}

/// Says on standard error that a store is away, and that it is back.
@Sendable func sayWhetherHeard(_ error: StoreError?) {
  guard let error else { return logLine("hotreload: the fleet's store answers again") }
  logLine("hotreload: the fleet's store is away, and is waited for: \(printable(error.message))")
}
