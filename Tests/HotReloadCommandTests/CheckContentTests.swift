import Foundation
import HotReloadTesting
import Testing

@Suite("hotreload check, of templates and assets")
struct CheckContentTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.write(
      "templates/pages/index.mustache", "{{#asset}}app.css{{/asset}} {{> partials/card}}\n")
    try workspace.write("templates/partials/card.mustache", "<p>{{name}}</p>\n")
    try workspace.write("templates/pages/about.stencil", "{{ \"app.css\"|asset }}\n")
    try workspace.write("static/app.css", "h1 { background: url(logo.svg) }\n")
    try workspace.write("static/logo.svg", "<svg/>\n")
  }

  private func check(
    _ arguments: String...
  ) async throws -> (code: CInt, output: [String], errors: [String]) {
    try await CommandProcess.run(["check", "--root", workspace.root.string] + arguments)
  }

  @Test("Good ones are counted, and the end is 0")
  func good() async throws {
    let result = try await check()
    #expect(result.code == 0)
    #expect(result.output == ["templates: good (3 files)", "assets: good (2 files)"])
    let columns = try await check("--format", "tsv")
    #expect(columns.output == ["templates/\tgood", "assets/\tgood"])
  }

  @Test("What templates and stylesheets name and is not there is an error with its place")
  func missing() async throws {
    try workspace.write(
      "templates/pages/index.mustache", "<p>\n  {{> partials/cart}}{{#asset}}ap.css{{/asset}}\n")
    try workspace.write(
      "templates/pages/about.stencil", "{% if x %}\n{{ 'app.cs' | asset }}{% endif %}\n")
    try workspace.write("static/more.css", "@import 'no.css';\n/*# sourceMappingURL=no.map */\n")
    let result = try await check()
    #expect(result.code == 1)
    #expect(result.output.isEmpty)
    let places = result.errors.compactMap { $0.prefixMatch(of: /\S+:\d+:\d+:\ /)?.output }
    #expect(
      Set(places) == [
        "templates/pages/index.mustache:2:7: ", "templates/pages/index.mustache:2:22: ",
        "templates/pages/about.stencil:2:4: ", "static/more.css:1:10: ",
      ], "\(result.errors)")
    #expect(result.errors.contains { $0.hasSuffix("is it static/app.css?") })
  }

  @Test("What cannot be compiled is an error with its place, also as JSON and as columns")
  func broken() async throws {
    try workspace.write("templates/pages/about.stencil", "<p>\n{% if x %}\n")
    let text = try await check()
    #expect(text.code == 1)
    #expect(text.output == ["assets: good (2 files)"])
    let line = try #require(text.errors.first)
    #expect(line.hasPrefix("templates/pages/about.stencil:2:1: "), "\(line)")
    let json = try await check("--json")
    #expect(json.code == 1)
    let objects = try json.output.map { try JSONObject($0) }
    #expect(objects.map { $0.string("event") } == ["rejected", "checked"])
    #expect(objects.map { $0.string("unit") } == ["templates", "assets"])
    let error = try #require((objects[0]["errors"] as? [[String: Any]])?.first)
    #expect(error["file"] as? String == "templates/pages/about.stencil")
    #expect(error["line"] as? Int == 2 && error["column"] as? Int == 1)
    #expect(objects[1].integer("count") == 2)
    let columns = try await check("--format", "tsv")
    #expect(
      columns.output.first?.hasPrefix("templates/\trejected\ttemplates/pages/about.stencil\t2\t1\t")
        == true)
  }

  @Test("A workspace with nothing to check is no error, and that is said")
  func empty() async throws {
    let empty = try TemporaryWorkspace()
    let result = try await CommandProcess.run(["check", "--root", empty.root.string])
    #expect(result.code == 0 && result.output.isEmpty)
    #expect(result.errors == ["hotreload: no config, template or asset in \(empty.root)"])
  }

  @Test("Configs that are named are checked alone")
  func named() async throws {
    try workspace.write("config/app.toml", "a = 1\n")
    try workspace.write("templates/pages/broken.mustache", "{{/x}}\n")
    #expect(try await check("app").code == 0)
    #expect(try await check().code == 1)
  }
}
