import Foundation
import HotReloadTesting
import SystemPackage
import Testing

@testable import HotReloadFleet

@Suite("hotreload fleet propose, bundle, pause, resume and rollback", .timeLimit(.minutes(3)))
struct FleetProposeCommandTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.write("config/app.toml", "state = \"good\"\n")
  }

  private func states(_ lines: [String]) throws -> [String?] {
    try lines.map { try JSONObject($0) }.filter { $0.string("event") == "progress" }
      .map { $0.string("state") }
  }

  @Test("A good change is followed until the fleet runs it; the same again is no change")
  func committed() async throws {
    try await CommandFleet.run(3, in: workspace) { fleet in
      let result = try await fleet.command(
        "propose", "--wait", "--json", "--by", "ann", "--stages", "1%:0,100%:0")
      #expect(result.code == 0)
      let proposed = try JSONObject(#require(result.output.first))
      #expect(proposed.string("event") == "proposed")
      #expect(proposed.integer("files") == 1)
      #expect(try states(result.output).last == "committed")
      let overview = try await fleet.wait { $0.committed?.number == 1 }
      #expect(overview.rollout?.proposedBy == "ann")
      #expect(overview.rollout?.stages.count == 2)
      #expect(overview.committed?.content.rawValue == proposed.string("content"))

      let again = try await fleet.command("propose", "--wait")
      #expect(again.code == 0)
      #expect(again.output.first?.hasPrefix("unchanged: ") == true)
      try fleet.write("better")
      let text = try await fleet.command("propose", "--wait", "--at-once")
      #expect(text.code == 0)
      #expect(text.output.first?.hasPrefix("proposed ") == true)
      #expect(text.output.last?.hasSuffix("committed, the fleet runs it") == true)
    }
  }

  @Test("A change that is rolled back is 2, one in quarantine is refused with 3")
  func rolledBack() async throws {
    try await CommandFleet.run(2, in: workspace) { fleet in
      try fleet.write("sick")
      let result = try await fleet.command(
        "propose", "--wait", "--json", "--stages", "1%:300ms,100%:0")
      #expect(result.code == 2)
      let last = try JSONObject(#require(result.output.last))
      #expect(last.string("state") == "rolledBack")
      #expect(last.string("reason")?.contains("5 of 10 requests failed") == true)
      #expect(last.integer("unreverted") == 0)
      let again = try await fleet.command("propose", "--wait")
      #expect(again.code == 3)
      #expect(again.output.last?.contains("refused: it is in quarantine") == true)
    }
  }

  @Test("A rollout is paused, goes on and is taken back; who waits for it ends with 4 and 2")
  func orders() async throws {
    try await CommandFleet.run(3, in: workspace) { fleet in
      let nothing = try await fleet.command("pause")
      #expect(nothing.code == 1)
      #expect(nothing.errors.first?.contains("nothing is being rolled out") == true)
      let waiting = try fleet.start(
        "propose", "--wait", "--stages", "1%:1h,100%:0", "--json", "--stop-when-paused")
      try await fleet.wait { $0.phase == .baking }
      let other = try await fleet.command("pause", "7")
      #expect(other.code == 1)
      let paused = try await fleet.command("pause", "1", "--by", "ann", "--json")
      #expect(paused.code == 0)
      let object = try JSONObject(#require(paused.output.first))
      #expect(object.string("event") == "paused")
      #expect((object["rollout"] as? [String: Any])?["reason"] as? String == "paused by ann")
      #expect(try await waiting.exitCode() == 4)
      let lines = try await waiting.output.rest().map { try JSONObject($0) }
      #expect(lines.last?.string("code") == "paused")
      let degraded = try await fleet.command("status")
      #expect(degraded.code == 1)
      #expect(degraded.output.contains { $0.contains("is paused: paused by ann") })

      let resumed = try await fleet.command("resume")
      #expect(resumed.code == 0)
      #expect(resumed.output.first?.hasPrefix("resumed: release 1") == true)
      #expect(try await fleet.command("resume").code == 1)
      let rolledBack = try await fleet.command("rollback", "--by", "ben", "--json")
      #expect(rolledBack.code == 0)
      #expect(try JSONObject(#require(rolledBack.output.first)).string("event") == "rollingBack")
      try await fleet.wait { $0.history.count == 1 }
      #expect(try await fleet.command("rollback").code == 1)
    }
  }

  @Test("Who waits for a rollout that somebody takes back ends with 2")
  func takenBack() async throws {
    try await CommandFleet.run(2, in: workspace) { fleet in
      let waiting = try fleet.start("propose", "--wait", "--stages", "1%:1h,100%:0")
      try await fleet.wait { $0.phase == .baking }
      #expect(try await fleet.command("rollback").code == 0)
      #expect(try await waiting.exitCode() == 2)
    }
  }

  @Test(
    "Without an instance a proposal waits: 5 when the time is over or at a signal, 3 when another takes its place"
  )
  func unfinished() async throws {
    try await CommandFleet.run(0, in: workspace) { fleet in
      let over = try await fleet.command("propose", "--wait", "--timeout", "50ms", "--json")
      #expect(over.code == 5)
      #expect(try JSONObject(#require(over.output.last)).string("code") == "timeout")

      let interrupted = try fleet.start("propose", "--wait", "--json")
      let proposed = try await interrupted.output.nextObject(event: "proposed")
      let replaced = try await interrupted.output.nextObject(event: "progress")
      #expect(replaced.string("state") == "waiting")
      interrupted.signal(SIGINT)
      #expect(try await interrupted.exitCode() == 5)
      let error = try await interrupted.output.nextObject(event: "error")
      #expect(error.string("code") == "interrupted")
      // What was proposed stands.
      let overview = try await fleet.client.overview()
      #expect(overview.proposal?.id == proposed.string("proposal"))

      let first = try fleet.start("propose", "--wait", "--json")
      _ = try await first.output.nextObject(event: "progress")
      #expect(try await fleet.command("propose").code == 0)
      #expect(try await first.exitCode() == 3)
      #expect(try states(try await first.output.rest()) == ["replaced"])
    }
  }

  @Test("What the fleet had before is proposed by its abbreviated digest")
  func earlierContent() async throws {
    try await CommandFleet.run(2, in: workspace) { fleet in
      let first = try await fleet.command("propose", "--wait", "--json")
      let proposed = try JSONObject(#require(first.output.first))
      let digest = try #require(proposed.string("content"))
      try fleet.write("better")
      #expect(try await fleet.command("propose", "--wait").code == 0)
      let back = try await fleet.command("propose", "--content", String(digest.prefix(6)), "--wait")
      #expect(back.code == 0)
      let overview = try await fleet.wait { $0.committed?.number == 3 }
      #expect(overview.committed?.content.rawValue == digest)
      let unknown = try await fleet.command("propose", "--content", "0000", "--json")
      #expect(unknown.code == 1)
      #expect(try JSONObject(#require(unknown.output.first)).string("code") == "unknownDigest")
    }
  }

  @Test("A bundle is listed, written, and proposed from its file")
  func bundle() async throws {
    try workspace.write("templates/index.mustache", "Hello\n")
    try workspace.write("config/app.local.toml", "state = \"mine\"\n")
    let file = workspace.path("site.bundle").string
    try await CommandFleet.run(1, in: workspace) { fleet in
      let listed = try await fleet.command("bundle", "--dry-run")
      #expect(listed.code == 0)
      #expect(listed.output.prefix(2) == ["15  config/app.toml", " 6  templates/index.mustache"])
      let written = try await fleet.command("bundle", "-o", file, "--json")
      #expect(written.code == 0)
      let object = try JSONObject(#require(written.output.first))
      let digest = try #require(object.string("content"))
      #expect(listed.output.last == "2 files, 21 bytes, digest \(digest)")
      #expect(object.string("output") == file)
      try fleet.write("something else")
      let proposed = try await fleet.command("propose", "--bundle", file, "--wait")
      #expect(proposed.code == 0)
      let overview = try await fleet.client.overview()
      #expect(overview.committed?.content.rawValue == digest)
      let config = try await fleet.command("bundle", "--dry-run", "--exclude", "templates/**")
      #expect(config.output.count == 2)
      let broken = try await fleet.command("propose", "--bundle", fleet.storePath.string)
      #expect(broken.code == 1)
    }
  }

  @Test("What looks like a secret is refused with its place, unless it is allowed")
  func secrets() async throws {
    try workspace.write("config/db.toml", "password = \"hunter2-hunter2\"\n")
    try await CommandFleet.run(1, in: workspace) { fleet in
      let text = try await fleet.command("propose")
      #expect(text.code == 1)
      #expect(text.errors.contains { $0.contains("config/db.toml:1:12 password") })
      let json = try await fleet.command("bundle", "--dry-run", "--json")
      #expect(json.code == 1)
      let error = try JSONObject(#require(json.output.first))
      #expect(error.string("code") == "secretsFound")
      #expect(
        (error["findings"] as? [[String: Any]])?.first?["file"] as? String == "config/db.toml")
      #expect((text.errors + json.output).allSatisfy { !$0.contains("hunter2") })
      let untouched = try await fleet.client.overview()
      #expect(untouched.proposal == nil)
      let allowed = try await fleet.command("propose", "--allow-secrets", "--wait")
      #expect(allowed.code == 0)
    }
  }
}
