// One process of a fleet, as a user would write it, for tests with many of them:
//
//   FleetServer ROOT INSTANCE PORT STORE [source] [NAME=SECONDS…]
//
// STORE is `sqlite:FILE` or `etcd:URL[,URL…]`, NAME one of lease, grace, expiry, apply, jitter, health. It serves the config `app` on a loopback port
// until SIGTERM. What the config says happens: a negative `number` is not valid, `healthy = false` fails the health check, `deadly = true` kills the
// process when it is applied, and `pool = 0` is refused by a participant. Lines on standard output:
//
//   up PORT NUMBER
//   running RELEASE|- PHASE NUMBER
//   left

import Foundation
import Glibc
import HotReload
import HotReloadFleet
import Hummingbird
import Logging
import ServiceLifecycle
import Synchronization
import SystemPackage
import WorkspaceTools

struct AppConfig: Decodable, Sendable, ValidatedConfig {
  var number: Int
  var healthy: Bool?
  var deadly: Bool?
  var pool: Int?

  func validate() throws {
    var problems = ConfigProblems()
    problems.require(number >= 0, "number", "must not be negative")
    try problems.throwIfAny()
  }
}

struct Unhealthy: Error, CustomStringConvertible {
  var description: String { "5 of 10 requests failed" }
}

struct Pool: ReloadParticipant {
  func prepare(_ change: ReloadChange) async throws -> Int {
    let config = try change.decode("app", as: AppConfig.self)
    if config.deadly == true {
      kill(getpid(), SIGKILL)
      while true { pause() }
    }
    let size = config.pool ?? 4
    guard size > 0 else { throw EmptyPool() }
    return size
  }
}

struct EmptyPool: Error, CustomStringConvertible {
  var description: String { "a pool of no connections serves nobody" }
}

@Sendable func say(_ text: String) {
  let bytes = Array((text + "\n").utf8)
  if bytes.withUnsafeBytes({ write(1, $0.baseAddress, $0.count) }) != bytes.count { exit(1) }
}

/// What was asked for on the command line.
struct Arguments {
  var root: FilePath
  var instance: String
  var port: Int
  var options: FleetOptions

  init?(_ words: [String]) {
    guard words.count >= 5, let port = Int(words[3]) else { return nil }
    root = FilePath(words[1])
    instance = words[2]
    self.port = port
    let store = words[4].split(separator: ":", maxSplits: 1).map(String.init)
    guard store.count == 2 else { return nil }
    options = FleetOptions(fleet: "shop", instance: instance, stages: RolloutStage.atOnce)
    options.store =
      store[0] == "etcd"
      ? .etcd(EtcdOptions(endpoints: store[1].split(separator: ",").map(String.init)))
      : .sqlite(FilePath(store[1]))
    for word in words.dropFirst(5) {
      let parts = word.split(separator: "=").map(String.init)
      if parts == ["source"] { options.isSource = true }
      guard parts.count == 2, let seconds = Double(parts[1]) else { continue }
      switch parts[0] {
      case "lease": options.times.lease = .seconds(seconds)
      case "grace": options.times.grace = .seconds(seconds)
      case "expiry": options.times.expiry = .seconds(seconds)
      case "apply": options.times.apply = .seconds(seconds)
      case "jitter": options.times.jitter = .seconds(seconds)
      case "health": options.times.healthInterval = .seconds(seconds)
      default: return nil
      }
    }
  }
}

/// Says how the instance is doing, each time that it changes.
struct Teller: Service {
  let member: FleetMember
  let config: ConfigStream<AppConfig>

  func run() async throws {
    var last = ""
    for await status in member.statuses().cancelOnGracefulShutdown() {
      let report = status.report
      let running = report.running.map { String($0.number) } ?? "-"
      let line = "running \(running) \(report.phase.rawValue) \(config.current.number)"
      if line != last { say(line) }
      last = line
    }
  }
}

@main
struct FleetServer {
  static func main() async throws {
    guard let arguments = Arguments(CommandLine.arguments) else { exit(64) }
    var logger = Logger(label: "fleet-server") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .info
    let workspace = try Workspace(
      root: arguments.root, environment: WorkspaceEnvironment(name: "test"))
    let stream = Mutex<ConfigStream<AppConfig>?>(nil)
    var options = arguments.options
    options.healthCheck = { _ in
      if stream.withLock({ $0 })?.current.healthy == false { throw Unhealthy() }
    }
    let member = try await workspace.joinFleet(
      options, configuration: HotReloadConfiguration(logger: logger))
    let config = try await member.manager.watchConfigChanges("app", as: AppConfig.self)
    stream.withLock { $0 = config }
    try await member.manager.register(Pool(), for: [.config("app")], name: "pool")

    let router = Router()
    router.get("/") { _, _ in "\(config.current.number)\n" }
    let server = Application(
      router: router,
      configuration: ApplicationConfiguration(
        address: .hostname("127.0.0.1", port: arguments.port)),
      onServerRunning: { channel in
        say("up \(channel.localAddress?.port ?? 0) \(config.current.number)")
      }, logger: logger)
    try await ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(service: member), .init(service: Teller(member: member, config: config)),
          .init(service: server),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    ).run()
    say("left")
  }
}
