import Foundation
import HotReloadTesting
import SystemPackage
import Testing

@testable import HotReloadCommand
@testable import HotReloadFleet

@Suite("hotreload fleet status, history, instances and quarantine", .timeLimit(.minutes(3)))
struct FleetCommandTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.write("config/app.toml", "state = \"good\"\n")
  }

  private func run(_ arguments: String...) async throws -> (
    code: CInt, output: [String], errors: [String]
  ) {
    try await CommandProcess.run(["fleet"] + arguments + ["--root", workspace.root.string])
  }

  @Test("Without a store it is said what was looked for, with 1, and none is made")
  func noStore() async throws {
    for command in [["status"], ["history"], ["pause"], ["quarantine", "list"], ["propose"]] {
      let result = try await CommandProcess.run(
        ["fleet"] + command + ["--root", workspace.root.string])
      #expect(result.code == 1)
      #expect(result.output.isEmpty)
      #expect(
        result.errors.first?.contains("\(workspace.root)/data/hotreload/fleet.sqlite") == true)
    }
    let json = try await run("status", "--json")
    #expect(json.code == 1)
    #expect(try JSONObject(#require(json.output.first)).string("code") == "noStore")
    // With a table the fleet is known, and its store still is not made by who looks on.
    try workspace.write("hotreload.toml", "[fleet]\nname = \"shop\"\n")
    let named = try await run("status", "--json")
    #expect(named.code == 1)
    #expect(try JSONObject(#require(named.output.first)).string("code") == "missing")
    #expect(!workspace.exists("data"))
  }

  @Test("An etcd that is away is an error that names it, with 1")
  func storeAway() async throws {
    let endpoint = "http://127.0.0.1:\(try Self.closedPort())"
    for command in [["status"], ["propose", "--wait"], ["resume"]] {
      let result = try await CommandProcess.run(
        ["fleet"] + command + ["--root", workspace.root.string, "--endpoint", endpoint, "--json"])
      #expect(result.code == 1)
      let error = try JSONObject(#require(result.output.last))
      #expect(error.string("event") == "error")
      #expect(error.string("code") == "unavailable")
      #expect(error.string("message")?.contains(endpoint) == true)
    }
  }

  @Test("Wrong settings are said with their place")
  func wrongSettings() async throws {
    try workspace.write("hotreload.toml", "[fleet]\nstor = \"etcd\"\n")
    let unknown = try await run("status")
    #expect(unknown.code == 1)
    #expect(unknown.errors.first?.contains("hotreload.toml:2:1 fleet.stor") == true)
    try workspace.write("hotreload.toml", "[fleet]\nstore = \"etcd\"\n")
    let incomplete = try await run("status")
    #expect(incomplete.errors.first?.contains("endpoints") == true)
    let missing = try await run(
      "status", "--endpoint", "http://127.0.0.1:1", "--password-file", "no")
    #expect(missing.code == 1)
    #expect(missing.errors.first?.contains("password") == true)
  }

  @Test("A fleet that is well is 0, one without instances 1, as JSON and for people")
  func status() async throws {
    try await CommandFleet.run(3, in: workspace) { fleet in
      let text = try await fleet.command("status")
      #expect(text.code == 0)
      #expect(text.output.contains { $0.hasPrefix("fleet ") && $0.hasSuffix(" default") })
      #expect(text.output.contains { $0.hasPrefix("health ") && $0.hasSuffix(" healthy") })
      #expect(text.output.contains { $0.hasPrefix("committed ") && $0.hasSuffix(" nothing yet") })
      #expect(text.output.contains { $0.hasPrefix("instances ") && $0.hasSuffix(" 3") })
      let json = try await fleet.command("status", "--json")
      #expect(json.code == 0)
      let object = try JSONObject(#require(json.output.first))
      #expect(object.string("event") == "fleet")
      #expect(object.string("fleet") == "default")
      #expect(object.string("health") == "healthy")
      #expect((object["instances"] as? [String: Any])?["total"] as? Int == 3)
      #expect(object.string("controller")?.hasPrefix("web-") == true)

      let instances = try await fleet.command("instances", "--json")
      #expect(instances.code == 0)
      let objects = try instances.output.map { try JSONObject($0) }
      #expect(Set(objects.compactMap { $0.string("instance") }) == ["web-0", "web-1", "web-2"])
      let turns = objects.compactMap { $0.string("turn") }
      #expect(turns == turns.sorted())
      #expect(objects.count { $0["isController"] as? Bool == true } == 1)
      let table = try await fleet.command("instances")
      #expect(table.output.count == 4)
      #expect(table.output.first?.hasPrefix("INSTANCE") == true)
      // Another fleet of the same store.
      let other = try await fleet.command("status", "--fleet", "other")
      #expect(other.code == 1)
      #expect(other.output.contains { $0.contains("no instance lives") })
    }
    let ended = try await run("status", "--json")
    #expect(ended.code == 1)
    #expect(try JSONObject(#require(ended.output.first)).string("health") == "degraded")
  }

  @Test("What is watched comes as a block for each change, and ends with 0")
  func watch() async throws {
    try await CommandFleet.run(2, in: workspace) { fleet in
      let text = try fleet.start("status", "--watch")
      let json = try fleet.start("status", "--watch", "--json")
      let first = try await json.output.nextObject(event: "fleet")
      #expect(first["rollout"] == nil)
      _ = try await text.output.next { $0.hasPrefix("instances ") }
      let proposed = try await fleet.command("propose", "--wait")
      #expect(proposed.code == 0)
      var state: String?
      while state != "committed" {
        let object = try await json.output.nextObject(event: "fleet")
        state = (object["rollout"] as? [String: Any])?["state"] as? String
      }
      _ = try await text.output.next { $0.hasPrefix("committed ") && $0.contains("release 1") }
      for process in [text, json] {
        process.signal(SIGTERM)
        #expect(try await process.exitCode() == 0)
      }
      #expect(try await text.errors.rest().isEmpty)
    }
  }

  @Test(
    "The newest rollout comes first in the history, and what failed is in quarantine until it is cleared"
  )
  func historyAndQuarantine() async throws {
    try await CommandFleet.run(2, in: workspace) { fleet in
      let none = try await fleet.command("history")
      #expect(none.output == ["nothing was rolled out yet"])
      #expect(try await fleet.command("propose", "--wait").code == 0)
      var failed: [String] = []
      for state in ["invalid 1", "invalid 2"] {
        try fleet.write(state)
        let result = try await fleet.command("propose", "--wait", "--json")
        #expect(result.code == 2)
        let proposed = try JSONObject(#require(result.output.first))
        failed.append(try #require(proposed.string("content")))
      }
      let history = try await fleet.command("history", "--json")
      let outcomes = try history.output.map { try JSONObject($0).string("state") }
      #expect(outcomes == ["rolledBack", "rolledBack", "committed"])
      let limited = try await fleet.command("history", "--limit", "1")
      #expect(limited.output.count == 2)
      #expect(limited.output.last?.contains("config/app.toml:1:9 state: it is invalid") == true)
      // The refused releases are behind it: the fleet is well.
      #expect(try await fleet.command("status").code == 0)

      let kept = try await fleet.command("quarantine", "list", "--json")
      #expect(try kept.output.map { try JSONObject($0).string("content") } == failed)
      #expect(try JSONObject(#require(kept.output.first)).string("kind") == "reported")
      let unknown = try await fleet.command("quarantine", "clear", "0000000")
      #expect(unknown.code == 1)
      #expect(unknown.errors.first?.contains("0000000") == true)
      let one = try await fleet.command("quarantine", "clear", String(failed[0].prefix(8)))
      #expect(one.code == 0)
      #expect(one.output == ["cleared: \(failed[0].prefix(12)), which was release 2"])
      let rest = try await fleet.command("quarantine", "clear", "--all", "--json")
      #expect(try rest.output.map { try JSONObject($0).string("content") } == [failed[1]])
      #expect(try await fleet.command("quarantine", "list").output == ["nothing is in quarantine"])
    }
  }

  @Test("An abbreviated digest must mean one content alone")
  func ambiguousDigest() throws {
    let known = ["abcd1", "abcd2", "abcd23"].map { BundleDigest(rawValue: $0) }
    let argument = try #require(DigestArgument(argument: "ABCD1"))
    #expect(try argument.digest(among: known, of: "a test") == known[0])
    for digits in ["abcd", "abcd2", "abce"] {
      let argument = try #require(DigestArgument(argument: digits))
      #expect(throws: FleetFailure.self) { try argument.digest(among: known, of: "a test") }
    }
    for digits in ["", "abc", "abcg", String(repeating: "a", count: 65)] {
      #expect(DigestArgument(argument: digits) == nil)
    }
  }

  @Test(
    "Wrong arguments are 64, and nothing is looked at",
    arguments: [
      ["status", "--nonsense"], ["status", "--store", "redis"], ["status", "--fleet", "a b"],
      ["status", "--sqlite", "f", "--endpoint", "http://h:1"], ["status", "--certificate", "c"],
      ["status", "--store", "sqlite", "--user", "u"], ["history", "--limit", "0"],
      ["propose", "--timeout", "5m"], ["propose", "--wait", "--timeout", "0"],
      ["propose", "--stages", "1%"], ["propose", "--stages", "50%:1m,10%:1m,100%:0"],
      ["propose", "--stages", "100%:1", "--wait"], ["propose", "--stages", "100%:0", "--at-once"],
      ["propose", "--content", "xyz"], ["propose", "--content", "abcd", "--bundle", "f"],
      ["propose", "--bundle", "f", "--allow-secrets"], ["propose", "--by", ""], ["pause", "one"],
      ["quarantine", "clear"], ["quarantine", "clear", "abc"],
      ["quarantine", "clear", "abcd", "--all"],
      ["bundle"], ["bundle", "--dry-run", "-o", "f"],
    ])
  func wrongArguments(arguments: [String]) async throws {
    let result = try await CommandProcess.run(
      ["fleet"] + arguments + ["--root", workspace.root.string])
    #expect(result.code == 64)
    #expect(result.output.isEmpty)
    #expect(result.errors.first?.hasPrefix("Error: ") == true)
  }

  @Test(
    "Help is 0, on standard output, and has examples or JSON lines",
    arguments: [
      [], ["status"], ["propose"], ["bundle"], ["pause"], ["resume"], ["rollback"], ["history"],
      ["instances"], ["quarantine"], ["quarantine", "list"], ["quarantine", "clear"],
    ])
  func help(command: [String]) async throws {
    let result = try await CommandProcess.run(["fleet"] + command + ["--help"])
    #expect(result.code == 0)
    let hasMore = result.output.contains { $0.contains("EXAMPLES") || $0.contains("JSON LINE") }
    #expect(hasMore || command == ["quarantine"])
  }

  /// A port at which nobody listens.
  static func closedPort() throws -> Int {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    try withUnsafeMutablePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard bind(descriptor, address, length) == 0,
          getsockname(descriptor, address, &length) == 0
        else { throw Errno(rawValue: errno) }
      }
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
