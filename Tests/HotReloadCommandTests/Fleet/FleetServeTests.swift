import Foundation
import HotReloadTesting
import RawHTTP
import Testing

@testable import HotReloadFleet

@Suite("The fleet on the dashboard of hotreload serve", .timeLimit(.minutes(2)))
struct FleetServeTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.write("config/app.toml", "state = \"good\"\n")
    try workspace.write("templates/pages/index.mustache", "<h1>Hello</h1>\n")
  }

  private func serve() async throws -> (process: CommandProcess, port: Int) {
    let process = try CommandProcess(
      ["serve", "--root", workspace.root.string, "--port", "0", "--json"])
    let url = try #require(try await process.output.nextObject(event: "serving").string("url"))
    return (process, try #require(URL(string: url)?.port))
  }

  /// The dashboard's sections: name, and the fields and rows of its table.
  private func sections(_ port: Int) async throws -> [String: [String: Any]] {
    let answer = try await RawClient.talk(port) { client in
      try client.send("GET /_hotreload/dashboard.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
      return try client.receive()
    }
    let sections = try JSONObject(answer.body)["sections"] as? [[String: Any]] ?? []
    return sections.reduce(into: [:]) { all, section in
      guard let name = section["name"] as? String else { return }
      all[name] = section["table"] as? [String: Any]
    }
  }

  @Test("A workspace with a [fleet] table has the section, and no store is made by showing it")
  func section() async throws {
    try workspace.write("hotreload.toml", "[fleet]\nname = \"default\"\n")
    let (process, port) = try await serve()
    let before = try #require(try await sections(port)["Fleet"])
    #expect("\(before)".contains("store"))
    #expect(!workspace.exists("data/hotreload/fleet.sqlite"))
    try await CommandFleet.run(2, in: workspace) { fleet in
      var rows: [[String]] = []
      while rows.count < 2 {
        rows = try await sections(port)["Fleet"]?["rows"] as? [[String]] ?? []
      }
      #expect(Set(rows.compactMap(\.first)) == ["web-0", "web-1"])
    }
    process.signal(SIGTERM)
    #expect(try await process.exitCode() == 0)
  }

  @Test("A table that is wrong is shown as such, and the site is served all the same")
  func wrongTable() async throws {
    try workspace.write("hotreload.toml", "[fleet]\nstore = \"etcd\"\n")
    let (process, port) = try await serve()
    let section = try #require(try await sections(port)["Fleet"])
    #expect("\(section)".contains("endpoints"))
    process.signal(SIGTERM)
    #expect(try await process.exitCode() == 0)
  }

  @Test("A workspace without the table has no such section")
  func none() async throws {
    let (process, port) = try await serve()
    #expect(try await sections(port)["Fleet"] == nil)
    process.signal(SIGTERM)
    #expect(try await process.exitCode() == 0)
  }
}
