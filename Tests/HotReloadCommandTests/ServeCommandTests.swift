import Foundation
import HotReloadTesting
import RawHTTP
import SystemPackage
import Testing

@Suite("hotreload serve", .timeLimit(.minutes(5)))
struct ServeCommandTests {
  private let workspace: TemporaryWorkspace
  private let page: FilePath = "templates/pages/index.mustache"

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.write(page, "<html><head></head><body><h1>{{site.title}}</h1></body></html>\n")
    try workspace.write("static/app.css", "h1 { color: red }\n")
    try workspace.write("config/site.toml", "title = \"Coffee\"\n")
  }

  private func serve(_ options: String...) async throws -> ServingProcess {
    try await ServingProcess(workspace.root, options)
  }

  @Test(
    "As text it prints where it is, a line for each change, and what is refused with its place")
  func text() async throws {
    let process = try CommandProcess(["serve", "--port", "0", "--root", workspace.root.string])
    let serving = try #require(try await process.output.next())
    let match = try #require(
      serving.wholeMatch(of: /serving (.+) at (http:\/\/127\.0\.0\.1:\d+\/)/), "\(serving)")
    #expect(match.1 == workspace.root.string)
    #expect(try await process.output.next() == "dashboard     \(match.2)_hotreload/")
    try workspace.replace(page, "<h1>new</h1>\n")
    let changed = try #require(try await process.output.next())
    #expect(
      changed.contains(
        /^\d\d:\d\d:\d\d\.\d{3}  generation \d+  templates\/pages\/index\.mustache  [\d.]+ \w+$/),
      "\(changed)")
    try workspace.replace(page, "<h1>\n  {{#open}}</h1>\n")
    let refused = try #require(try await process.output.next())
    #expect(refused.hasSuffix("  templates is refused; what was served before stays"))
    let error = try #require(try await process.output.next())
    #expect(error.hasPrefix("          \(page):2:3: open is opened here"), "\(error)")
    try workspace.replace(page, "<h1>mended</h1>\n")
    let mended = try await process.output.next { $0.hasSuffix("templates is good again") }
    #expect(mended.count > 24)
    process.signal(SIGTERM)
    #expect(try await process.exitCode() == 0)
    #expect(try await process.output.rest().isEmpty)
    #expect(try await process.errors.rest().isEmpty)
  }

  @Test("As JSON the start, each change and each refusal are an object a line")
  func json() async throws {
    let site = try await serve()
    #expect(site.port > 0)
    try workspace.replace(page, "<h1>new</h1>\n")
    let changed = try await site.process.output.nextObject()
    #expect(changed.string("event") == "reloaded")
    #expect(changed["units"] as? [String] == ["templates"])
    #expect(changed["paths"] as? [String] == [page.string])
    #expect((changed.integer("duration") ?? 0) > 0 && (changed.integer("time") ?? 0) > 0)
    try workspace.replace("config/site.toml", "title = \n")
    let rejected = try await site.process.output.nextObject()
    #expect(rejected.string("event") == "rejected")
    #expect(rejected.integer("generation") == changed.integer("generation"))
    #expect((rejected["units"] as? [String])?.contains("config site") == true)
    let errors = try #require(rejected["errors"] as? [[String: Any]])
    let error = try #require(errors.first { $0["file"] as? String == "config/site.toml" })
    #expect(error["line"] as? Int == 1 && error["column"] as? Int == 9)
    #expect(try await site.end() == 0)
    #expect(try await site.process.output.rest().isEmpty)
    #expect(try await site.process.errors.rest().isEmpty)
  }

  @Test("What is broken when it starts is told at once, and the rest is served")
  func brokenAtStart() async throws {
    try workspace.write("templates/pages/broken.mustache", "{{/nothing}}\n")
    let site = try await serve()
    let rejected = try await site.process.output.nextObject()
    #expect(rejected.string("event") == "rejected")
    #expect(rejected["units"] as? [String] == ["templates"])
    let error = try #require((rejected["errors"] as? [[String: Any]])?.first)
    #expect(error["file"] as? String == "templates/pages/broken.mustache")
    #expect(error["line"] as? Int == 1)
    #expect(try await site.page().contains("<h1>Coffee</h1>"))
    #expect(try await site.end() == 0)
  }

  @Test("SIGINT and SIGTERM end it with 0, and everything is closed", arguments: [SIGINT, SIGTERM])
  func signals(signal: CInt) async throws {
    let site = try await serve("--instance", "web")
    let socket = try await site.socket()
    let kept = try await RawClient.talk(site.port) { client in
      _ = try client.request("/static/app.css")
      return client
    }
    let root = ["--root", workspace.root.string]
    #expect(try await CommandProcess.run(["status", "--instance", "web"] + root).code == 0)
    #expect(try await site.end(by: signal) == 0)
    #expect(try await socket.talk { try $0.receiveClose() } == 1001)
    #expect(try await kept.talk { try $0.isClosed() })
    await #expect(throws: ClientFailure.self) { _ = try await site.page() }
    #expect(try await CommandProcess.run(["status", "--instance", "web"] + root).code == 1)
    // Its port and its name are free again.
    let again = try CommandProcess(
      ["serve", "--json", "--port", "\(site.port)", "--instance", "web"] + root)
    let serving = try await again.output.nextObject(event: "serving")
    #expect(serving.string("url") == site.url)
    #expect(serving.string("instance") == "web")
    again.signal(signal)
    #expect(try await again.exitCode() == 0)
  }

  @Test("A port that is taken is an error with 1, which says how to find out by whom")
  func portTaken() async throws {
    let site = try await serve()
    let other = try TemporaryWorkspace()
    let second = try await CommandProcess.run(
      ["serve", "--port", "\(site.port)", "--root", other.root.string])
    #expect(second.code == 1)
    #expect(second.output.isEmpty)
    #expect(
      second.errors == [
        "hotreload: port \(site.port) of 127.0.0.1 is in use; hotreload doctor --port \(site.port) "
          + "says by whom, and --port 0 takes any that is free"
      ])
    #expect(try await site.page().contains("Coffee"))
  }

  @Test("A second server of a workspace says under which name it is found, and both are right")
  func second() async throws {
    let first = try await serve()
    let second = try await serve()
    let said = try #require(try await second.process.errors.next())
    #expect(said.hasSuffix("hotreload status --instance default-2"), "\(said)")
    try workspace.replace("config/site.toml", "title = \"Tea\"\n")
    for site in [first, second] {
      _ = try await site.process.output.nextObject(event: "reloaded")
      #expect(try await site.page().contains("<h1>Tea</h1>"))
    }
    #expect(try await second.end() == 0)
    #expect(try await first.page().contains("<h1>Tea</h1>"))
    #expect(try await first.end() == 0)
  }

  @Test("On a read-only data/ it goes on serving and reloading, and warns")
  func readOnlyData() async throws {
    guard geteuid() == 0 else { return }
    try workspace.makeDirectory("data")
    let script = "mount -t tmpfs -o ro none \"$1/data\"; shift; exec \"$@\""
    let site = try await ServingProcess(
      workspace.root,
      command: [
        "/usr/bin/unshare", "--mount", "sh", "-ec", script, "sh", workspace.root.string,
        CommandProcess.path(of: "hotreload"),
      ])
    try workspace.replace(page, "<h1>still</h1>\n")
    _ = try await site.process.output.nextObject(event: "reloaded")
    #expect(try await site.page().contains("<h1>still</h1>"))
    let style = try await site.page("/static/app.css")
    #expect(style.hasPrefix("HTTP/1.1 200") && style.contains("color: red"))
    #expect(try await site.end() == 0)
    #expect(try await !site.process.errors.rest().isEmpty)
  }
}
