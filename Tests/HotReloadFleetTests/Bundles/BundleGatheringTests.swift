import HotReload
import HotReloadFleet
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceTools

@Suite(.timeLimit(.minutes(1))) struct BundleGatheringTests {
  @Test
  func `A bundle has the configs of every environment, templates and assets, and nothing else`()
    async throws
  {
    let folder = try TemporaryWorkspace()
    let wanted = [
      "assets/logo.svg", "config/app.production.yaml", "config/app.toml", "config/app@b.toml",
      "config/sub/db.json", "static/app.css", "templates/a/b.mustache",
    ]
    let unwanted = [
      "config/app.local.toml", "config/sub/db.local.json", "config/notes.md", "config/.hidden.toml",
      "static/.DS_Store", "static/.git/config", "static/a.tmp", "static/server.pem",
      "config/tls.key", "secret/token.toml", "data/x.json", "templates/a/.b.swp", "Package.swift",
    ]
    for path in wanted + unwanted { try folder.write(FilePath(path), "{}") }
    try folder.write("config/app.toml", "a = 1")
    try folder.write("config/app@b.toml", "a = 2")
    try folder.write("static/manifest.json", "{\"hotreload-assets\": 1}")
    let bundle = try await gather(folder)
    #expect(bundle.files.map(\.path) == wanted)
    #expect(bundle["config/app.toml"] == Array("a = 1".utf8))
  }

  @Test func `Files of groups come when they are named, whatever characters they have`()
    async throws
  {
    let folder = try TemporaryWorkspace()
    try folder.write("config/app.toml", "")
    try folder.write("rules/[a]{b}*.txt", "x")
    try folder.write("rules/ab.txt", "y")
    let scope = BundleScope().including(["rules/[a]{b}*.txt"])
    #expect(
      try await gather(folder, scope).files.map(\.path) == ["config/app.toml", "rules/[a]{b}*.txt"])
  }

  @Test func `What a program's watcher excludes is left out too`() async throws {
    let folder = try TemporaryWorkspace()
    try folder.write("config/app.toml", "")
    try folder.write("static/drafts/a.css", "")
    try folder.write("static/b.pem", "")
    let configuration = HotReloadConfiguration(excludePatterns: ["static/drafts"])
    let bundle = try await gather(folder, BundleScope(configuration))
    #expect(bundle.files.map(\.path) == ["config/app.toml"])
  }

  @Test func `Links are followed to files below the root, and not out of it`() async throws {
    let folder = try TemporaryWorkspace()
    let other = try TemporaryWorkspace()
    try other.write("x.css", "outside")
    try folder.write("releases/1/app.toml", "a = 1")
    try folder.symlink("config", to: "releases/1")
    try folder.symlink("static/x.css", to: other.root.appending("x.css"))
    let bundle = try await gather(folder)
    #expect(bundle.files.map(\.path) == ["config/app.toml"])
  }

  @Test func `No files, a bad glob, a strange name and too large a file are told`() async throws {
    let folder = try TemporaryWorkspace()
    try await expect(.empty, folder)
    try await expect(.invalidOptions, folder, BundleScope(include: ["a[b"]))
    try folder.write("static/a\\b.css", "")
    try await expect(.invalidPath, folder)
    try folder.remove("static/a\\b.css")
    try folder.write(
      "static/big", bytes: [UInt8](repeating: 1, count: ContentBundle.maximumFileBytes + 1))
    let error = try await expect(.tooLarge, folder)
    #expect(error?.message.contains("static/big") == true)
    try await expect(.unreadable, folder, BundleScope(include: ["static/a"]), root: "missing")
  }

  @Test func `Files that are replaced all the time are taken at one moment, or not at all`()
    async throws
  {
    let folder = try TemporaryWorkspace()
    try folder.write("config/a.toml", "n = 0")
    try folder.write("config/b.toml", "n = 0")
    let writer = Task.detached {
      var number = 0
      while !Task.isCancelled {
        number += 1
        try folder.replace("config/a.toml", "n = \(number)")
        try folder.replace("config/b.toml", "n = \(number)")
      }
    }
    for _ in 0..<20 {
      do {
        let bundle = try await gather(folder)
        let a = try #require(number(bundle["config/a.toml"]))
        let b = try #require(number(bundle["config/b.toml"]))
        // The first is written first, so it may be one ahead, as it is on disk for a moment.
        #expect(a == b || a == b + 1)
      } catch let error as BundleError {
        #expect(error.code == .notSettled)
      }
    }
    writer.cancel()
    try await writer.value
  }

  private func number(_ bytes: [UInt8]?) -> Int? {
    bytes.flatMap { Int(String(decoding: $0, as: UTF8.self).dropFirst(4)) }
  }

  private func gather(
    _ folder: TemporaryWorkspace, _ scope: BundleScope = BundleScope()
  ) async throws -> ContentBundle {
    try await ContentBundle.gather(from: folder.workspace(), scope: scope)
  }

  @discardableResult
  private func expect(
    _ code: BundleError.Code, _ folder: TemporaryWorkspace, _ scope: BundleScope = BundleScope(),
    root: FilePath = "", sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) async throws -> BundleError? {
    let workspace = try folder.workspace(root)
    let error = await #expect(throws: BundleError.self, sourceLocation: sourceLocation) {
      try await ContentBundle.gather(from: workspace, scope: scope)
    }
    #expect(error?.code == code, sourceLocation: sourceLocation)
    return error
  }
}
