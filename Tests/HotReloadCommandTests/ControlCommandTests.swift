import Foundation
import HotReloadTesting
import SystemPackage
import Testing

@Suite("hotreload status, reload and the like", .timeLimit(.minutes(5)))
struct ControlCommandTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.write("config/app.toml", "port = 80\n")
  }

  /// A running instance. Its first line says that it is there: the socket is opened before.
  private func follow(
    _ arguments: String..., root: FilePath? = nil
  ) async throws -> CommandProcess {
    let process = try CommandProcess(
      ["follow", "app", "--root", (root ?? workspace.root).string, "--json", "--control"]
        + arguments)
    #expect(try await process.output.nextObject().string("event") == "config")
    return process
  }

  private func run(
    _ arguments: String...
  ) async throws -> (code: CInt, output: [String], errors: [String]) {
    try await CommandProcess.run(arguments + ["--root", workspace.root.string])
  }

  @Test("The status of a running instance, healthy and degraded, as JSON and for people")
  func status() async throws {
    let instance = try await follow()
    let good = try await run("status", "--json")
    #expect(good.code == 0)
    let object = try JSONObject(#require(good.output.first))
    #expect(object.string("event") == "status")
    #expect(object.string("health") == "healthy")
    #expect(object.integer("generation") == 1)
    #expect((object.integer("time") ?? 0) > 1_600_000_000_000_000_000)

    try workspace.replace("config/app.toml", "port = ]\n")
    _ = try await instance.output.nextObject(event: "rejected")
    let bad = try await run("status")
    #expect(bad.code == 1)
    #expect(bad.errors.isEmpty)
    #expect(bad.output.contains { $0.hasPrefix("health ") && $0.hasSuffix(" degraded") })
    #expect(bad.output.contains { $0.contains("config/app.toml:1:8 port: ") })
    #expect(bad.output.allSatisfy { $0.last != " " })
    instance.signal(SIGTERM)
    #expect(try await instance.exitCode() == 0)
    #expect(!workspace.exists("data/hotreload/default/control.sock"))
  }

  @Test("A reload says what came of it, and its exit code whether all was accepted")
  func reload() async throws {
    let instance = try await follow()
    let good = try await run("reload", "--json")
    #expect(good.code == 0)
    #expect(try JSONObject(#require(good.output.first)).string("event") == "reloaded")
    try workspace.write("config/db.toml", "x = ]\n")
    let bad = try await run("reload")
    #expect(bad.code == 1)
    #expect(bad.output.contains { $0.contains("config/db.toml:1:5") })
    withExtendedLifetime(instance) {}
  }

  @Test("Two clients at once are both answered")
  func twoAtOnce() async throws {
    let instance = try await follow()
    async let first = run("status", "--json")
    async let second = run("status", "--json")
    let codes = try await (first.code, second.code)
    #expect(codes.0 == 0)
    #expect(codes.1 == 0)
    withExtendedLifetime(instance) {}
  }

  @Test("Without an instance it is said where was looked, with the exit code 1")
  func noInstance() async throws {
    for command in ["status", "reload", "pause", "resume", "history"] {
      let result = try await run(command)
      #expect(result.code == 1)
      #expect(result.output.isEmpty)
      #expect(
        result.errors.first?.contains("\(workspace.root)/data/hotreload/*/control.sock") == true)
    }
    let json = try await run("status", "--json")
    #expect(json.code == 1)
    #expect(try JSONObject(#require(json.output.first)).string("code") == "noInstance")
  }

  @Test("Without an instance, history and diff read what the last one left behind, and say so")
  func endedInstance() async throws {
    func text(_ port: Int) -> String { "greeting = \"Hello\"\nport = \(port)\n" }
    try workspace.write("config/app.toml", text(1))
    let program = try CommandProcess(
      command: ["/usr/bin/env", "stdbuf", "-oL", CommandProcess.path(of: "HelloHotReload")],
      environment: ["WORKSPACE_PATH": workspace.root.string])
    _ = try await program.output.next()
    for port in 2...3 {
      try workspace.replace("config/app.toml", text(port))
      #expect(try await program.output.next()?.hasSuffix("port: \(port))") == true)
    }
    program.signal(SIGKILL)
    _ = try await program.exitCode()
    // What generation 2 came to was written before generation 3 came into force.
    let history = try await run("history", "app", "--json")
    #expect(history.code == 0)
    #expect(history.errors.first?.contains("no instance runs") == true)
    let entries = try history.output.map { try JSONObject($0) }
    #expect(entries.contains { $0.integer("generation") == 2 && $0.string("outcome") == "applied" })
    let diff = try await run("diff", "app", "1", "2")
    #expect(diff.output == ["app: generation 1 -> 2", "  port: 1 -> 2"])
    #expect(try await run("restore", "app", "1").code == 1)
  }

  @Test("After kill -9 the socket that is left is nobody's, and the next instance takes its place")
  func killed() async throws {
    let first = try await follow()
    first.signal(SIGKILL)
    #expect(try await first.exitCode() == -SIGKILL)
    #expect(workspace.exists("data/hotreload/default/control.sock"))
    let nobody = try await run("status")
    #expect(nobody.code == 1)
    #expect(nobody.errors.first?.hasSuffix("(ended: default)") == true)
    let second = try await follow()
    #expect(try await run("status").code == 0)
    withExtendedLifetime(second) {}
  }

  @Test("Of two instances the one that is meant must be named")
  func twoInstances() async throws {
    let first = try await follow()
    let second = try await follow()
    let third = try await follow("--instance", "web-1")
    let both = try await run("status")
    #expect(both.code == 1)
    #expect(both.errors.first?.contains("default, default-2, web-1") == true)
    for name in ["default", "default-2", "web-1"] {
      let one = try await run("status", "--instance", name, "--json")
      #expect(one.code == 0)
      let instance = try JSONObject(#require(one.output.first))["instance"] as? [String: Any]
      #expect(instance?["name"] as? String == name)
    }
    let other = try await run("status", "--instance", "other")
    #expect(other.code == 1)
    withExtendedLifetime([first, second, third]) {}
  }

  @Test("A workspace with a path of more than 200 bytes is reached")
  func longPath() async throws {
    var root = workspace.root
    while root.string.utf8.count < 220 { root.append(String(repeating: "d", count: 50)) }
    try workspace.write(root.appending("config").appending("app.toml"), "port = 1\n")
    let instance = try await follow(root: root)
    let result = try await CommandProcess.run(["status", "--json", "--root", root.string])
    #expect(result.code == 0)
    withExtendedLifetime(instance) {}
  }

  @Test(
    "Another user is kept out, by the folder and, where that was opened, by the server",
    .enabled(if: geteuid() == 0 && FileManager.default.fileExists(atPath: "/usr/bin/setpriv")))
  func otherUser() async throws {
    let instance = try await follow()
    try workspace.setMode(".", 0o755)
    let command = [
      "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
      CommandProcess.path(of: "hotreload"), "status", "--root", workspace.root.string,
    ]
    func ask() async throws -> (code: CInt, errors: [String]) {
      let process = try CommandProcess(command: command)
      return (try await process.exitCode(), try await process.errors.rest())
    }
    let closed = try await ask()
    #expect(closed.code == 1)
    #expect(closed.errors.first?.contains("belongs to another user") == true)
    try workspace.setMode("data/hotreload/default", 0o755)
    try workspace.setMode("data/hotreload/default/control.sock", 0o666)
    let open = try await ask()
    #expect(open.code == 1)
    #expect(open.errors.first?.contains("only the instance's own user and root may ask it") == true)
    #expect(try await run("status").code == 0)
    withExtendedLifetime(instance) {}
  }

  @Test("SIGHUP reloads instead of ending, if that was asked for")
  func hangup() async throws {
    let instance = try await follow("--reload-on-hangup")
    // The signal is listened to from some moment after the first line on: the answer to a request comes later.
    try workspace.write("config/later.toml", "x = 1\n")
    var producers: [String] = []
    for _ in 0..<200 where !producers.contains("reload") {
      instance.signal(SIGHUP)
      let line = try #require(try await run("status", "--json").output.first)
      let report = try JSONObject(line)["lastReport"] as? [String: Any]
      producers = report?["producers"] as? [String] ?? []
    }
    #expect(producers.contains("reload"))
    instance.signal(SIGTERM)
    #expect(try await instance.exitCode() == 0)
  }

  @Test(
    "Mistakes of usage have the exit code 64",
    arguments: [
      ["status", "--instance", "../x"], ["status", "--timeout", "0"], ["history", "--limit", "0"],
      ["diff"], ["diff", "app", "x"], ["restore", "app"], ["restore", "app", "-1"],
      ["check", "--instance", "--environment", "production"],
      ["follow", "app", "--instance", "x"],
    ])
  func usage(arguments: [String]) async throws {
    #expect(try await CommandProcess.run(arguments).code == 64)
  }

  @Test("What the instance cannot do is an error with the exit code 1 that says so")
  func notAvailable() async throws {
    let instance = try await follow()
    // Who only follows keeps no journal.
    for command in [["diff", "app"], ["restore", "app", "1"], ["history"]] {
      let result = try await CommandProcess.run(
        command + ["--root", workspace.root.string, "--json"])
      #expect(result.code == 1)
      #expect(try JSONObject(#require(result.output.first)).string("code") == "notAvailable")
    }
    withExtendedLifetime(instance) {}
  }

  @Test("A paused instance applies nothing until it is resumed, and says so")
  func pausing() async throws {
    let instance = try await follow()
    let root = ["--root", workspace.root.string, "--json"]
    #expect(try await CommandProcess.run(["pause"] + root).code == 0)
    let paused = try await CommandProcess.run(["status"] + root)
    #expect(paused.code == 1)
    #expect(try JSONObject(#require(paused.output.first))["isPaused"] as? Bool == true)
    let refused = try await CommandProcess.run(["reload"] + root)
    #expect(refused.code == 1)
    #expect(refused.output.first?.contains("paused") == true)
    #expect(try await CommandProcess.run(["resume"] + root).code == 0)
    #expect(try await CommandProcess.run(["status"] + root).code == 0)
    withExtendedLifetime(instance) {}
  }

  @Test("An instance checks what is on disk with its own eyes, and applies nothing")
  func checking() async throws {
    let instance = try await follow()
    let root = ["--root", workspace.root.string, "--json"]
    #expect(try await CommandProcess.run(["check", "--instance"] + root).code == 0)
    withExtendedLifetime(instance) {}
  }
}
