import Foundation
import HotReloadTesting
import SystemPackage
import Testing

@Suite("hotreload check and get")
struct CheckAndGetCommandTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.write(
      "config/app.toml",
      """
      name = "shop"
      since = 2026-01-02T03:04:05Z
      limit = inf
      [server]
      port = 80
      hosts = ["a", "b"]
      [database]
      password = "hunter2"
      """)
    try workspace.write("config/app.production.yaml", "server: {port: 443}\n")
    try workspace.write("config/sub/other.json", #"{"x": 1}"#)
  }

  private func run(
    _ arguments: String..., environment: [String: String] = [:]
  ) async throws -> (code: CInt, output: [String], errors: [String]) {
    try await CommandProcess.run(
      arguments + ["--root", workspace.root.string], environment: environment)
  }

  // MARK: check

  @Test("Good configs are named with their files, and the end is 0")
  func checkGood() async throws {
    let result = try await run("check", "--environment", "production")
    #expect(result.code == 0)
    #expect(
      result.output == [
        "app: good (config/app.toml, config/app.production.yaml)",
        "sub/other: good (config/sub/other.json)",
      ])
    #expect(result.errors.isEmpty)
  }

  @Test("A bad config is an error line with file, line and column, and the end is 1")
  func checkBad() async throws {
    try workspace.write("config/bad.toml", "a = 1\nb = [1,\n")
    let result = try await run("check")
    #expect(result.code == 1)
    #expect(result.output.count == 2)
    let line = try #require(result.errors.first)
    #expect(line.wholeMatch(of: /config\/bad\.toml:\d+:\d+ .*/) != nil, "\(line)")
  }

  @Test("As JSON each config is one line, a bad one with its errors")
  func checkJSON() async throws {
    try workspace.write("config/bad.json", "{\"a\": }")
    let result = try await run("check", "--json", "app", "bad")
    #expect(result.code == 1)
    let objects = try result.output.map { try JSONObject($0) }
    #expect(objects.map { $0.string("event") } == ["checked", "rejected"])
    #expect(objects[0]["files"] as? [String] == ["config/app.toml"])
    let errors = try #require(objects[1]["errors"] as? [[String: Any]])
    #expect(errors.count == 1)
    #expect(errors[0]["file"] as? String == "config/bad.json")
    #expect(errors[0]["line"] as? Int == 1)
    #expect(errors[0]["column"] as? Int == 7)
    #expect((errors[0]["message"] as? String)?.isEmpty == false)
    #expect(objects.allSatisfy { ($0.integer("time") ?? 0) > 0 })
  }

  @Test("As columns each error is one line")
  func checkColumns() async throws {
    try workspace.write("config/bad.json", "{\"a\": }")
    let result = try await run("check", "--format", "tsv", "bad", "app")
    #expect(result.code == 1)
    #expect(result.output.first?.hasPrefix("bad\trejected\tconfig/bad.json\t1\t7\t") == true)
    #expect(result.output.last == "app\tgood")
  }

  @Test("A config that is not there is an error that says where it was looked for")
  func checkMissing() async throws {
    let result = try await run("check", "nosuch")
    #expect(result.code == 1)
    #expect(result.errors.first?.contains("config/nosuch.toml") == true)
  }

  @Test("A root that is not there is an error, a workspace without configs is not")
  func checkRoots() async throws {
    let missing = try await CommandProcess.run(
      ["check", "--root", workspace.root.appending("nowhere").string])
    #expect(missing.code == 1)
    #expect(missing.errors.first?.contains("nowhere") == true)
    try workspace.makeDirectory("empty")
    let empty = try await CommandProcess.run(
      ["check", "--root", workspace.root.appending("empty").string])
    #expect(empty.code == 0)
    #expect(empty.output.isEmpty)
  }

  // MARK: get

  @Test("A single value is printed plain, from the layers of the environment")
  func getValue() async throws {
    #expect(try await run("get", "app", "server.port").output == ["80"])
    #expect(try await run("get", "app", "name").output == ["shop"])
    #expect(
      try await run("get", "app", "server.port", "--environment", "production").output == ["443"])
    #expect(
      try await run("get", "app", "server.port", environment: ["APP_ENV": "production"]).output
        == ["443"])
    #expect(try await run("get", "app", "server.hosts[1]").output == ["b"])
  }

  @Test("A table is a line for each value, as text and as columns")
  func getTable() async throws {
    let lines = ["port = 80", "hosts[0] = \"a\"", "hosts[1] = \"b\""]
    #expect(try await run("get", "app", "server").output == lines)
    #expect(
      try await run("get", "app", "server", "--format", "tsv").output
        == ["server.port\t80", "server.hosts[0]\t\"a\"", "server.hosts[1]\t\"b\""])
  }

  @Test("As JSON a date is an ISO 8601 string, and infinity a string")
  func getJSON() async throws {
    let result = try await run("get", "app", "--json")
    let object = try JSONObject(try #require(result.output.first))
    #expect(object.string("event") == "value")
    #expect(object.string("config") == "app")
    let value = try #require(object["value"] as? [String: Any])
    #expect(value["since"] as? String == "2026-01-02T03:04:05Z")
    #expect(value["limit"] as? String == "inf")
    #expect((value["server"] as? [String: Any])?["port"] as? Int == 80)
  }

  @Test("Secrets are hidden in every format, unless asked for")
  func secrets() async throws {
    for format in ["text", "json", "tsv"] {
      for path in [[], ["database"], ["database.password"]] {
        let arguments =
          ["get", "app"] + path + ["--format", format, "--root", workspace.root.string]
        let hidden = try await CommandProcess.run(arguments)
        #expect(hidden.output.contains { $0.contains("(redacted)") })
        #expect(!hidden.output.contains { $0.contains("hunter2") })
        let shown = try await CommandProcess.run(arguments + ["--show-secrets"])
        #expect(shown.output.contains { $0.contains("hunter2") })
      }
    }
  }

  @Test("Environment variables and ${...} count only if asked for")
  func optIns() async throws {
    try workspace.write("config/app.local.toml", "name = \"${NAME}\"\n")
    let environment = ["APP__SERVER__PORT": "8443", "NAME": "from outside"]
    #expect(try await run("get", "app", "name", environment: environment).output == ["${NAME}"])
    #expect(
      try await run("get", "app", "name", "--interpolate", environment: environment).output
        == ["from outside"])
    #expect(try await run("get", "app", "server.port", environment: environment).output == ["80"])
    #expect(
      try await run(
        "get", "app", "server.port", "--environment-variables", environment: environment
      ).output == ["8443"])
  }

  @Test("A value that is not there is an error that says what there is")
  func getMissing() async throws {
    let key = try await run("get", "app", "server.prot")
    #expect(key.code == 1)
    #expect(
      key.errors == [
        "hotreload: config app has no server.prot: app's server has the keys port, hosts"
      ])
    let index = try await run("get", "app", "server.hosts[7]")
    #expect(index.code == 1)
    #expect(index.errors.first?.contains("2 elements") == true)
    let below = try await run("get", "app", "name.first")
    #expect(below.code == 1)
    #expect(below.errors.first?.contains("single value") == true)
  }

  @Test("What is no key path is a usage error")
  func badKeyPath() async throws {
    #expect(try await run("get", "app", "server..port").code == 64)
    #expect(try await run("get").code == 64)
  }
}
