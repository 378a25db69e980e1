import HotReloadTesting
import Testing

@Suite("hotreload explain")
struct ExplainCommandTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.write(
      "templates/pages/index.mustache", "<main>\n  {{> partials/card}}\n</main>\n")
    try workspace.write("templates/partials/card.mustache", "<p>{{name}}</p>\n")
  }

  private func explain(_ arguments: String...) async throws -> (code: CInt, output: [String]) {
    let result = try await CommandProcess.run(
      ["explain", "--root", workspace.root.string] + arguments)
    return (result.code, result.output)
  }

  @Test("It says which templates take one in, and where, a line each")
  func dependents() async throws {
    let result = try await explain("templates/partials/card.mustache")
    #expect(result.code == 0)
    #expect(
      result.output == [
        "templates/partials/card.mustache (Mustache), as partials/card",
        "  templates/pages/index.mustache depends on it",
        "    templates/pages/index.mustache:2:7 takes in templates/partials/card.mustache (partial)",
      ])
  }

  @Test("As JSON the same is one object")
  func json() async throws {
    let result = try await explain("templates/partials/card.mustache", "--json")
    try #require(result.output.count == 1)
    let object = try JSONObject(result.output[0])
    #expect(object.string("event") == "template")
    #expect(object.string("name") == "partials/card")
  }

  @Test("Of an asset it says the URL and who refers to it, of a config's file the layers")
  func others() async throws {
    try workspace.write("static/app.css", "p { background: url(logo.svg) }\n")
    try workspace.write("static/logo.svg", "<svg/>\n")
    try workspace.write("config/app.toml", "a = 1\n")
    try workspace.write("config/app.production.yaml", "a: 2\n")
    let asset = try JSONObject(
      try #require(try await explain("static/logo.svg", "--json").output.first))
    #expect(asset.string("event") == "asset")
    #expect(asset.string("url")?.contains(/^\/static\/logo\.[0-9a-f]{16}\.svg$/) == true)
    #expect(asset["dependents"] as? [String] == ["static/app.css"])
    let config = try await explain("config/app.toml", "--json", "--environment", "production")
    let layers = try JSONObject(try #require(config.output.first))
    #expect(layers.string("event") == "config" && layers.string("config") == "app")
    #expect(layers["layers"] as? [String] == ["config/app.toml", "config/app.production.yaml"])
  }

  @Test("A file that nothing can depend on is an error")
  func unknown() async throws {
    try workspace.write("notes.txt", "")
    let result = try await explain("notes.txt")
    #expect(result.code == 1)
    #expect(result.output.isEmpty)
  }
}
