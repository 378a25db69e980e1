import HotReload
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@testable import HotReloadContent

@Suite("A build of the assets", .timeLimit(.minutes(5)))
struct AssetBuildTests {
  private static let css =
    "@import 'b.css';\n" + String(repeating: "a { color: red }\n", count: 200)

  private static func folder() throws -> TemporaryWorkspace {
    let folder = try TemporaryWorkspace()
    try folder.write("static/app.css", css)
    try folder.write("static/b.css", "b{}")
    try folder.write("assets/img/a.png", "png")
    try folder.write("static/server.key", "private")
    return folder
  }

  @Test(
    "writes each file under both names, texts compressed too, and a manifest that gives the URLs")
  func writes() async throws {
    let folder = try Self.folder()
    let report = try await AssetBuild(root: folder.root).run()
    let app = try #require(report.manifest["static/app.css"])
    for name in ["static/app.css", String(app.hashedURLPath.dropFirst())] {
      #expect(
        try folder.text(FilePath("public/\(name)"))
          == Self.css.replacing("b.css", with: report.manifest.name("static/b.css")))
      #expect(folder.exists(FilePath("public/\(name).gz")))
    }
    #expect(
      folder.exists("public/assets/img/a.png") && !folder.exists("public/assets/img/a.png.gz"))
    #expect(!folder.exists("public/static/server.key"))
    #expect(report.written.count == 8 && report.problems.isEmpty)
    let loaded = try AssetManifest.load(folder.path("static/manifest.json"))
    #expect(loaded.url(for: "app.css") == app.hashedURLPath)
    #expect(loaded.url(for: "img/a.png") == report.manifest.url(for: "img/a.png"))
  }

  @Test("run again writes nothing, and keeps what older pages ask for")
  func again() async throws {
    let folder = try Self.folder()
    let first = try await AssetBuild(root: folder.root).run()
    #expect(try await AssetBuild(root: folder.root).run().written.isEmpty)
    try folder.write("static/b.css", "c{}")
    let third = try await AssetBuild(root: folder.root).run()
    #expect(third.written.count == 6)
    #expect(folder.exists(FilePath("public/static/\(first.manifest.name("static/app.css"))")))
    #expect(third.manifest.count == first.manifest.count)
  }

  @Test("copies and compresses large files, and looks into large texts")
  func large() async throws {
    let folder = try Self.folder()
    let filler = String(repeating: "x { color: blue }\n", count: 80_000)
    try folder.write("static/large.css", "@import 'b.css';\n" + filler)
    try folder.write("static/large.bin", filler)
    let report = try await AssetBuild(root: folder.root).run()
    #expect(
      try folder.text("public/static/large.css").hasPrefix(
        "@import '\(report.manifest.name("static/b.css"))';"))
    #expect(folder.exists("public/static/large.css.gz"))
    #expect(
      try folder.text(FilePath("public/static/\(report.manifest.name("static/large.bin"))"))
        == filler)
  }

  @Test("refuses to write where its output would be an asset, or over a file of the site's own")
  func refuses() async throws {
    let folder = try Self.folder()
    try folder.symlink("public", to: "static/sub")
    try folder.makeDirectory("static/sub")
    for output in ["static", "static/dist", "assets", ".", "/", "public", "static/../static/x"]
      as [FilePath]
    {
      await #expect(throws: AssetBuildError.self, "\(output)") {
        try await AssetBuild(root: folder.root, output: output).run()
      }
    }
    try folder.write("static/manifest.json", #"{"name": "my app"}"#)
    await #expect(throws: AssetBuildError.self) {
      try await AssetBuild(root: folder.root, output: "dist").run()
    }
    #expect(try folder.text("static/manifest.json") == #"{"name": "my app"}"#)
    let report = try await AssetBuild(
      root: folder.root, output: "dist", manifest: "config/assets.json"
    ).run()
    #expect(report.manifest["static/manifest.json"] != nil && folder.exists("config/assets.json"))
  }
}
