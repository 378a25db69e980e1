import Foundation
import HotReloadTesting
import SystemPackage
import Testing

@Suite("hotreload follow")
struct FollowCommandTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.write("config/app.toml", "port = 80\npassword = \"hunter2\"\n")
  }

  private func follow(_ arguments: String..., config: String = "app") throws -> CommandProcess {
    try CommandProcess(["follow", config, "--root", workspace.root.string] + arguments)
  }

  private func port(_ object: JSONObject) -> Int? {
    (object["value"] as? [String: Any])?["port"] as? Int
  }

  @Test(
    "The initial value, a new one, a refusal with its position, and its end, in this order",
    arguments: [[], ["--poll", "10ms", "--debounce", "20ms"]])
  func jsonLines(backend: [String]) async throws {
    let process = try CommandProcess(
      ["follow", "app", "--root", workspace.root.string, "--json"] + backend)
    let first = try await process.output.nextObject()
    #expect(first.string("event") == "config")
    #expect(first.string("config") == "app")
    #expect(port(first) == 80)
    #expect((first.integer("time") ?? 0) > 1_600_000_000_000_000_000)

    try workspace.replace("config/app.toml", "port = 81\n")
    let second = try await process.output.nextObject()
    #expect(second.string("event") == "config")
    #expect(port(second) == 81)
    let generation = try #require(second.integer("generation"))
    #expect(generation > first.integer("generation") ?? .max)

    try workspace.replace("config/app.toml", "port = 81\nname = \"open\n")
    let rejected = try await process.output.nextObject()
    #expect(rejected.string("event") == "rejected")
    let errors = try #require(rejected["errors"] as? [[String: Any]])
    #expect(errors.count == 1)
    #expect(errors[0]["file"] as? String == "config/app.toml")
    #expect(errors[0]["line"] as? Int == 2)
    #expect((errors[0]["column"] as? Int ?? 0) > 0)

    try workspace.replace("config/app.toml", "port = 81\n")
    let recovered = try await process.output.nextObject()
    #expect(recovered.string("event") == "recovered")
    #expect(recovered.integer("generation") == generation)

    process.signal(SIGTERM)
    #expect(try await process.exitCode() == 0)
    #expect(try await process.output.rest().isEmpty)
  }

  @Test("Text shows what changed on standard output, and refusals on standard error")
  func text() async throws {
    let process = try follow()
    _ = try await process.output.next { $0.hasSuffix("generation 1") }
    #expect(try await process.output.next() == "  port = 80")
    #expect(try await process.output.next() == "  password = \"(redacted)\"")
    try workspace.replace("config/app.toml", "port = 81\n")
    _ = try await process.output.next { $0.hasSuffix("generation 2") }
    #expect(try await process.output.next() == "  port: 80 -> 81")
    try workspace.replace("config/app.toml", "port = ]\n")
    let error = try #require(try await process.errors.next())
    #expect(error.hasPrefix("config/app.toml:1:8 port: "))
  }

  @Test("Columns hold the value as JSON")
  func columns() async throws {
    let process = try follow("--format", "tsv", "--show-secrets")
    #expect(
      try await process.output.next()
        == "app\tconfig\t1\t{\"port\":80,\"password\":\"hunter2\"}")
    try workspace.replace("config/app.toml", "port = ]\n")
    let line = try #require(try await process.output.next())
    #expect(line.hasPrefix("app\trejected\tconfig/app.toml\t1\t8\tport\t"))
    try workspace.replace("config/app.toml", "port = 80\npassword = \"hunter2\"\n")
    #expect(try await process.output.next() == "app\trecovered\t1")
  }

  @Test("The commands of hotreload.toml run only if that is asked for", arguments: [false, true])
  func handlers(isAsked: Bool) async throws {
    try workspace.write(
      "hotreload.toml",
      "[[handler]]\nmatch = \"app\"\nrun = [\"sh\", \"-c\", \"echo $HOTRELOAD_GENERATION >&2; exit 1\"]\n"
        + "on = [\"configChanged\"]\n")
    let process = try CommandProcess(
      ["follow", "app", "--root", workspace.root.string, "--json"]
        + (isAsked ? ["--run-handlers"] : []))
    _ = try await process.output.nextObject(event: "config")
    try workspace.replace("config/app.toml", "port = 81\n")
    _ = try await process.output.nextObject(event: "config")
    if isAsked {
      let first = try #require(try await process.errors.next())
      #expect(first.hasPrefix("hotreload: handler: sh -c") && first.hasSuffix("exit code 1"))
      #expect(try await process.errors.next() == "hotreload: handler:   2")
    }
    process.signal(SIGTERM)
    #expect(try await process.exitCode() == 0)
    #expect(try await process.errors.rest().isEmpty)
  }

  @Test("An overlay of the environment counts from when it appears until it goes")
  func overlay() async throws {
    let process = try follow("--json", "--environment", "production")
    #expect(port(try await process.output.nextObject()) == 80)
    try workspace.write("config/app.staging.toml", "port = 1\n")
    try workspace.replace("config/app.production.yaml", "port: 443\n")
    #expect(port(try await process.output.nextObject()) == 443)
    try workspace.remove("config/app.production.yaml")
    #expect(port(try await process.output.nextObject()) == 80)
  }

  @Test("A config that is bad at the start is refused, and followed once it is good")
  func badAtTheStart() async throws {
    try workspace.write("config/app.toml", "port = ]\n")
    let process = try follow("--json")
    #expect(try await process.output.nextObject().string("event") == "rejected")
    try workspace.replace("config/app.toml", "port = 82\n")
    let value = try await process.output.nextObject(event: "config")
    #expect(port(value) == 82)
  }

  @Test("ConfigMap swaps are followed, whatever the default excludes say")
  func configMap() async throws {
    let files = { (port: Int) in ["map.toml": "port = \(port)\n"] }
    try workspace.publishConfigMap(files(1), in: "config", version: "v1")
    let process = try follow("--json", config: "map")
    #expect(port(try await process.output.nextObject()) == 1)
    for version in 2...4 {
      try workspace.publishConfigMap(files(version), in: "config", version: "v\(version)")
      #expect(port(try await process.output.nextObject()) == version)
    }
  }

  @Test(
    "A config that is not there is an error that says where it was looked for, and the end is 1")
  func missing() async throws {
    let result = try await CommandProcess.run(
      ["follow", "nosuch", "--root", workspace.root.string])
    #expect(result.code == 1)
    #expect(result.output.isEmpty)
    #expect(result.errors.contains { $0.contains("config/nosuch.toml") })
  }

  @Test("A reader that goes away ends it quietly with 0")
  func brokenPipe() async throws {
    let process = try follow("--json")
    _ = try await process.output.next()
    process.output.closeReading()
    try workspace.replace("config/app.toml", "port = 83\n")
    #expect(try await process.exitCode() == 0)
    #expect(try await process.errors.rest().isEmpty)
  }
}
