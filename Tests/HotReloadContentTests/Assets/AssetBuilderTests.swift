import HotReload
import HotReloadTesting
import Logging
import SystemPackage
import Testing
import WorkspaceFiles
import WorkspaceTools

@testable import HotReloadContent

extension Logger {
  static var silentForAssets: Logger {
    Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
  }
}

/// A workspace with a running manager and its assets.
struct AssetFixture {
  static let cacheFolder: FilePath = "data/hotreload/assets"

  let folder: TemporaryWorkspace
  let manager: HotReloadManager
  let assets: ParticipantRegistration<AssetManifest>
  let cache: AssetCache

  init(_ files: [FilePath: String]) async throws {
    folder = try TemporaryWorkspace()
    for (path, text) in files { try folder.write(path, text) }
    let workspace = try Workspace(
      root: folder.root, environment: WorkspaceEnvironment(name: "development", variables: [:]))
    manager = try await workspace.startHotReload(
      configuration: HotReloadConfiguration(
        watchPatterns: ["static/**/*", "assets/**/*"], quietPeriod: .zero, logger: .silentForAssets)
    )
    cache = AssetCache(
      folder: folder.path(Self.cacheFolder), logger: .silentForAssets)
    assets = try await manager.register(AssetBuilder(cache: cache), for: [.assets])
  }

  func save(_ path: FilePath, _ text: String) async throws {
    try folder.replace(path, text)
    try await manager.sync()
  }
}

@Suite("Assets of a workspace", .timeLimit(.minutes(5)))
struct AssetBuilderTests {
  private static let css = String(repeating: "a { color: red }\n", count: 200)

  @Test("come into force with a save, together with those that contain them")
  func saves() async throws {
    let fixture = try await AssetFixture([
      "static/app.css": "a{b:url(a.png)}", "static/a.png": "one", "assets/b.txt": "b",
    ])
    let first = fixture.assets.current
    #expect(first.all.map(\.path).sorted() == ["assets/b.txt", "static/a.png", "static/app.css"])
    try await fixture.save("static/a.png", "two")
    let second = fixture.assets.current
    #expect(second.changes(from: first).map(\.path) == ["/static/a.png", "/static/app.css"])
    let generation = fixture.assets.generation
    try await fixture.save("static/a.png", "two")
    #expect(fixture.assets.generation == generation)
    try fixture.folder.remove("static/a.png")
    try await fixture.manager.sync()
    #expect(fixture.assets.current.problems.count == 1)
    try await fixture.manager.shutdown()
  }

  @Test("are never what their own build wrote")
  func ownOutput() async throws {
    let fixture = try await AssetFixture(["static/app.css": Self.css])
    let generation = fixture.assets.generation
    _ = try await AssetBuild(root: fixture.folder.root).run()
    #expect(fixture.folder.exists("static/manifest.json"))
    try await fixture.manager.sync()
    _ = try await fixture.manager.reload()
    #expect(fixture.assets.generation == generation)
    #expect(fixture.assets.current.all.map(\.path) == ["static/app.css"])
    try await fixture.save("static/manifest.json", "{\"name\": \"my app\"}")
    #expect(fixture.assets.current.count == 2)
    try await fixture.manager.shutdown()
  }

  @Test("have their manifest and compressed forms in the folder of the cache, each made once")
  func compressed() async throws {
    let fixture = try await AssetFixture([
      "static/app.css": Self.css, "static/a.png": Self.css, "static/b.txt": "short",
    ])
    let manifestFile = AssetFixture.cacheFolder.appending("manifest.json")
    let manifest = fixture.assets.current
    let css = try #require(manifest["static/app.css"])
    let form = try #require(await fixture.cache.gzip(css))
    #expect(form.count < css.size && form.starts(with: [0x1F, 0x8B]))
    let file = AssetFixture.cacheFolder.appending("\(css.digest).gz")
    #expect(try fixture.folder.read(file) == form)
    #expect(
      try fixture.folder.read(manifestFile) == manifest.json())
    for path in ["static/a.png", "static/b.txt"] {
      let asset = try #require(manifest[path])
      #expect(await fixture.cache.gzip(asset) == nil)
    }
    // Another process finds what this one made.
    try fixture.folder.write(file, "found")
    let other = AssetCache(
      folder: fixture.folder.path(AssetFixture.cacheFolder), logger: .silentForAssets)
    #expect(await other.gzip(css) == Array("found".utf8))
    #expect(await fixture.cache.gzip(css) == form)
    try await fixture.save("static/b.txt", "other")
    let next = fixture.assets.current
    // What is retired is let go of before the manager has shut down.
    try await fixture.manager.shutdown()
    #expect(try fixture.folder.read(manifestFile) == next.json())
    #expect(next.json() != manifest.json())
  }

  @Test("lose their compressed forms when these are old and belong to nothing")
  func pruned() async throws {
    let folder = try TemporaryWorkspace()
    let cache = AssetCache(folder: folder.root, logger: .silentForAssets)
    let old = AssetManifest(FileSet(texts: ["static/app.css": Self.css + "b{}"]))
    let new = AssetManifest(FileSet(texts: ["static/app.css": Self.css]))
    for manifest in [old, new] {
      let asset = try #require(manifest["static/app.css"])
      #expect(await cache.gzip(asset) != nil)
      try folder.setModificationTime(FilePath("\(asset.digest).gz"), nanoseconds: 1_000)
    }
    try folder.write("mine.txt", "stays")
    let kept = Set(new.all.map(\.digest))
    cache.prune(keeping: kept, now: AssetCache.maximumAge)
    #expect(SystemCalls.names(in: folder.root).count == 3)
    cache.prune(keeping: kept, now: AssetCache.maximumAge + 2_000)
    #expect(
      SystemCalls.names(in: folder.root) == [
        "\(try #require(new["static/app.css"]).digest).gz", "mine.txt",
      ])
  }

  @Test("are compressed all the same where nothing can be written")
  func unwritable() async throws {
    let folder = try TemporaryWorkspace()
    try folder.write("data", "a file where a folder should be")
    let cache = AssetCache(folder: folder.path("data/assets"), logger: .silentForAssets)
    let manifest = AssetManifest(FileSet(texts: ["static/app.css": Self.css]))
    await cache.keep(manifest)
    let asset = try #require(manifest["static/app.css"])
    #expect(await cache.gzip(asset) != nil)
    #expect(try folder.text("data") == "a file where a folder should be")
  }
}
