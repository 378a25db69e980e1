import Foundation
import HotReloadTesting
import SystemPackage
import Testing

@Suite("hotreload assets build")
struct AssetsCommandTests {
  private let workspace: TemporaryWorkspace
  private static let style =
    "h1 { background: url(logo.svg) }\n"
    + String(repeating: "p { margin: 0 }\n", count: 100)

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.write("static/app.css", Self.style)
    try workspace.write("static/logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n")
  }

  private func build(
    _ options: String...
  ) async throws -> (code: CInt, output: [String], errors: [String]) {
    try await CommandProcess.run(
      ["assets", "build", "--root", workspace.root.string] + options)
  }

  /// What the file system says of everything that was written.
  private func stamps() throws -> [String: [Int]] {
    var stamps: [String: [Int]] = [:]
    let files = try FileManager.default.subpathsOfDirectory(
      atPath: workspace.path("public").string)
    for file in files.map({ "public/" + $0 }) + ["static/manifest.json"] {
      var status = stat()
      let result = workspace.path(FilePath(file)).withPlatformString { lstat($0, &status) }
      try #require(result == 0)
      stamps[file] = [
        Int(status.st_ino), Int(status.st_ctim.tv_sec), Int(status.st_ctim.tv_nsec),
      ]
    }
    return stamps
  }

  @Test(
    "It writes each asset under its plain and its hashed name, compressed too, and the manifest")
  func names() async throws {
    let result = try await build()
    #expect(result.code == 0)
    #expect(
      result.errors == ["hotreload: 2 assets, 6 files written to \(workspace.path("public"))"])
    #expect(result.output == result.output.sorted() && result.output.count == 6)
    let hashed = try #require(
      result.output.first { $0.contains(/^static\/app\.[0-9a-f]{16}\.css$/) })
    let logo = try #require(
      result.output.first { $0.contains(/^static\/logo\.[0-9a-f]{16}\.svg$/) })
    #expect(result.output.contains(hashed + ".gz") && result.output.contains("static/app.css.gz"))
    let style = try workspace.text(FilePath("public/\(hashed)"))
    #expect(style == Self.style.replacing("logo.svg", with: logo.dropFirst("static/".count)))
    #expect(try workspace.text("public/static/app.css") == style)
    #expect(try workspace.read(FilePath("public/\(hashed).gz")).starts(with: [0x1F, 0x8B]))
    let manifest = try workspace.text("static/manifest.json")
    #expect(manifest.contains(hashed) && manifest.contains(logo))
  }

  @Test("A second build changes nothing; a build after a change writes what changed, and no more")
  func again() async throws {
    #expect(try await build().code == 0)
    let before = try stamps()
    let second = try await build()
    #expect(second.code == 0 && second.output.isEmpty)
    #expect(try stamps() == before)
    try workspace.replace("static/app.css", "h1 { color: red }\n")
    let third = try await build()
    #expect(third.output.filter { !$0.contains("app.") }.isEmpty)
    #expect(third.output.contains("static/app.css"))
  }

  @Test("A reference that leads nowhere is told with its place, and the end is 1")
  func broken() async throws {
    try workspace.write("static/more.css", "a {}\nb { background: url(\"no.png\") }\n")
    let result = try await build()
    #expect(result.code == 1)
    #expect(
      result.errors.first
        == "hotreload: static/more.css:2:22: \"no.png\" leads to static/no.png, which is not there")
    #expect(workspace.exists("public/static/app.css") && workspace.exists("static/manifest.json"))
  }

  @Test("As JSON there is a line for each file, for problems and for the whole")
  func json() async throws {
    try workspace.write("static/more.css", "@import \"no.css\";\n")
    let result = try await build("--json", "--output", "dist")
    #expect(result.code == 1)
    let objects = try result.output.map { try JSONObject($0) }
    #expect(objects.allSatisfy { ($0.integer("time") ?? 0) > 0 })
    let problem = try #require(objects.first { $0.string("event") == "problem" })
    let errors = try #require(problem["errors"] as? [[String: Any]])
    #expect(errors.first?["file"] as? String == "static/more.css")
    #expect(errors.first?["line"] as? Int == 1)
    let built = try #require(objects.last)
    #expect(built.string("event") == "built")
    #expect(built.integer("assets") == 3)
    #expect(built.integer("written") == Int64(objects.count - 2))
    #expect(built.string("output") == workspace.path("dist").string)
  }

  @Test("What cannot be a place for the output is an error with 1, and nothing is written")
  func wrongOutput() async throws {
    for output in ["static/built", ".", "assets"] {
      let result = try await build("--output", output)
      #expect(result.code == 1 && result.output.isEmpty)
      #expect(result.errors.count == 1)
    }
    #expect(!workspace.exists("static/manifest.json"))
  }

  @Test("A manifest that is somebody else's is left alone")
  func otherManifest() async throws {
    try workspace.write("static/manifest.json", "{\"name\": \"my app\"}\n")
    let result = try await build()
    #expect(result.code == 1)
    #expect(result.errors.first?.contains("app.webmanifest") == true)
    #expect(try workspace.text("static/manifest.json") == "{\"name\": \"my app\"}\n")
  }
}
