import HotReload
import HotReloadTesting
import SystemPackage
import Testing
import WorkspaceFiles
import WorkspaceTools

@testable import HotReloadContent

extension FileSet {
  /// Files with these texts.
  init(texts: [String: String]) {
    self.init(texts.map { File(path: FilePath($0.key), bytes: Array($0.value.utf8)) })
  }

  func replacing(texts: [String: String?]) -> FileSet {
    var files: [FilePath: File?] = [:]
    for (path, text) in texts {
      files[FilePath(path)] = .some(text.map { File(path: FilePath(path), bytes: Array($0.utf8)) })
    }
    return replacing(files)
  }
}

extension AssetManifest {
  func text(_ path: String) -> String? {
    self[path]?.bytes.map { String(decoding: $0, as: UTF8.self) }
  }

  /// The last component of the hashed URL.
  func name(_ path: String) -> String {
    self[path]?.hashedURLPath.split(separator: "/").last.map(String.init) ?? ""
  }
}

@Suite("A manifest of assets")
struct AssetManifestTests {
  @Test("serves files below the path of their folder, under a plain and under a hashed name")
  func names() throws {
    let manifest = AssetManifest(
      FileSet(texts: [
        "static/app.css": "a{}", "assets/js/app.min.js": "f()", "static/LICENSE": "free",
        "static/my app's (1).txt": "x",
      ]))
    let css = try #require(manifest["static/app.css"])
    let digits = ContentDigest(of: Array("a{}".utf8)).description.prefix(16)
    #expect(css.urlPath == "/static/app.css")
    #expect(css.hashedURLPath == "/static/app.\(digits).css")
    #expect(css.contentType == "text/css; charset=utf-8" && css.kind == .style)
    #expect(manifest.name("assets/js/app.min.js").hasPrefix("app.min."))
    #expect(manifest.name("static/LICENSE").hasPrefix("LICENSE."))
    #expect(manifest["static/LICENSE"]?.contentType == "application/octet-stream")
    #expect(manifest["static/my app's (1).txt"]?.urlPath == "/static/my%20app%27s%20%281%29.txt")
    #expect(manifest.count == 4)
  }

  @Test("knows a URL path as plain, as hashed, as gone or not at all")
  func lookup() throws {
    let manifest = AssetManifest(
      FileSet(texts: [
        "static/app.css": "a{}", "static/LICENSE": "free", "static/x.0123456789abcdef.js": "",
      ]))
    func find(_ path: String) -> String {
      switch manifest.asset(atURLPath: path) {
      case .plain(let asset): "plain \(asset.path)"
      case .hashed(let asset): "hashed \(asset.path)"
      case .gone: "gone"
      case .none: "none"
      }
    }
    #expect(find("/static/app.css") == "plain static/app.css")
    #expect(find("static/app.css") == "plain static/app.css")
    #expect(find("/static/\(manifest.name("static/app.css"))") == "hashed static/app.css")
    #expect(find("/static/\(manifest.name("static/LICENSE"))") == "hashed static/LICENSE")
    #expect(find("/static/app.0123456789abcdef.css") == "gone")
    #expect(find("/static/x.0123456789abcdef.js") == "plain static/x.0123456789abcdef.js")
    for path in [
      "/static/app.0123456789ABCDEF.css", "/static/app.0123.css", "/static/b.0123456789abcdef.css",
      "/static/.0123456789abcdef.css", "/static/", "", "/", "/static/app.css/",
      "/static/0123456789abcdef",
    ] {
      #expect(find(path) == "none", "\(path)")
    }
  }

  @Test("gives a stylesheet another digest when what it contains changes, at any number of steps")
  func transitive() throws {
    let files = FileSet(texts: [
      "static/css/app.css": "@import 'base.css'; a{}\n/*# sourceMappingURL=app.css.map */",
      "static/css/base.css": "b{background:url(../img/a.png?v=1#x)}",
      "static/css/other.css": "c{}", "static/css/app.css.map": "{}", "static/img/a.png": "one",
      "static/app.js": "f()\n//# sourceMappingURL=app.js.map", "static/app.js.map": "{}",
    ])
    let first = AssetManifest(files)
    #expect(
      first.text("static/css/base.css")
        == "b{background:url(../img/\(first.name("static/img/a.png"))?v=1#x)}")
    #expect(
      first.text("static/css/app.css")
        == "@import '\(first.name("static/css/base.css"))'; a{}\n/*# sourceMappingURL=\(first.name("static/css/app.css.map")) */"
    )
    #expect(
      first.text("static/app.js") == "f()\n//# sourceMappingURL=\(first.name("static/app.js.map"))")
    #expect(first.problems.isEmpty)

    let second = first.updated(to: files.replacing(texts: ["static/img/a.png": "two"]))
    let changes = second.changes(from: first)
    #expect(
      changes.map(\.path) == ["/static/css/app.css", "/static/css/base.css", "/static/img/a.png"])
    #expect(changes.map(\.kind) == [.style, .style, .image])
    #expect(
      changes.map(\.old)
        == ["static/css/app.css", "static/css/base.css", "static/img/a.png"].map {
          first[$0]?.hashedURLPath
        })
    #expect(
      changes.map(\.url)
        == ["static/css/app.css", "static/css/base.css", "static/img/a.png"].map {
          second[$0]?.hashedURLPath
        })

    let third = second.updated(
      to: files.replacing(texts: [
        "static/app.js.map": "{ }", "static/new.txt": "x", "static/img/a.png": nil,
      ]))
    #expect(
      third.changes(from: first).map { "\($0.path) \($0.old != nil) \($0.url != nil)" } == [
        "/static/app.js true true", "/static/app.js.map true true", "/static/css/app.css true true",
        "/static/css/base.css true true", "/static/img/a.png true false",
        "/static/new.txt false true",
      ])
  }

  @Test("gives stylesheets that import each other in a circle digests that change together")
  func circles() {
    let files = FileSet(texts: [
      "static/a.css": "@import 'b.css';", "static/b.css": "@import 'c.css'; @import 'leaf.css';",
      "static/c.css": "@import 'a.css';", "static/leaf.css": "x{}",
      "static/self.css": "@import 'self.css';",
      "static/top.css": "@import 'a.css';",
    ])
    let first = AssetManifest(files)
    #expect(first.text("static/a.css") == "@import '\(first.name("static/b.css"))';")
    #expect(first.text("static/c.css") == "@import '\(first.name("static/a.css"))';")
    #expect(first.text("static/self.css") == "@import '\(first.name("static/self.css"))';")
    let second = first.updated(to: files.replacing(texts: ["static/leaf.css": "y{}"]))
    #expect(
      second.changes(from: first).map(\.path) == [
        "/static/a.css", "/static/b.css", "/static/c.css", "/static/leaf.css", "/static/top.css",
      ])
    #expect(Set(["a", "b", "c"].map { second["static/\($0).css"]?.digest }).count == 3)
    let opened = second.updated(
      to: files.replacing(texts: ["static/c.css": "z{}", "static/leaf.css": "y{}"]))
    #expect(opened.text("static/a.css") == "@import '\(opened.name("static/b.css"))';")
    #expect(opened["static/c.css"]?.digest == ContentDigest(of: Array("z{}".utf8)))
  }

  @Test("lists a reference that leads nowhere with its place, until the file is there")
  func problems() {
    let files = FileSet(texts: [
      "static/app.css": "a{}\r\né{b:url('img/x.png')}", "static/b.css": "@import '/assets/c.css';",
    ])
    let first = AssetManifest(files)
    #expect(
      first.problems.map(\.description) == [
        "static/app.css:2:10: \"img/x.png\" leads to static/img/x.png, which is not there",
        "static/b.css:1:10: \"/assets/c.css\" leads to assets/c.css, which is not there",
      ])
    #expect(first.text("static/b.css") == "@import '/assets/c.css';")
    let second = first.updated(to: files.replacing(texts: ["static/img/x.png": "x"]))
    #expect(second.problems.map(\.location?.file) == ["static/b.css"])
    #expect(second.changes(from: first).map(\.path) == ["/static/app.css", "/static/img/x.png"])
    let third = second.updated(to: files)
    #expect(third.problems == first.problems && third.changes(from: first).isEmpty)
  }

  @Test("leaves out what is never served, and takes equal bytes for no change")
  func leftOut() {
    let files = FileSet(texts: [
      "static/.env": "x", "static/.git/config": "x", "static/server.pem": "x",
      "static/secret/x.css": "x",
      "static/a.KEY": "x", "static/a.css": "@import 'secret/x.css';",
    ])
    let first = AssetManifest(files)
    #expect(first.all.map(\.path) == ["static/a.css"])
    #expect(first.problems.count == 1)
    #expect(
      first.updated(to: files.replacing(texts: ["static/a.css": "@import 'secret/x.css';"]))
        .changes(from: first).isEmpty)
  }

  @Test("knows names as templates write them, and notes that a page uses them")
  func urls() throws {
    let manifest = AssetManifest(
      FileSet(texts: [
        "static/app.css": "1", "assets/app.css": "2", "assets/b.css": "3",
        "static/img/logo.svg": "4",
      ]))
    let usage = RenderUsage()
    try RenderUsage.$current.withValue(usage) {
      #expect(manifest.url(for: "app.css") == manifest["static/app.css"]?.hashedURLPath)
      #expect(manifest.url(for: "assets/app.css") == manifest["assets/app.css"]?.hashedURLPath)
      #expect(manifest.url(for: "/static/app.css") == manifest["static/app.css"]?.hashedURLPath)
      #expect(manifest.url(for: "/b.css") == manifest["assets/b.css"]?.hashedURLPath)
      let logo = try manifest.requiredURL(for: "img/logo.svg#x")
      #expect(logo.hasSuffix(".svg#x"))
      #expect(manifest.url(for: "none.css") == nil)
    }
    #expect(
      usage.sources.map(\.description).sorted() == [
        "assets/app.css", "assets/b.css", "assets/none.css", "static/app.css",
        "static/img/logo.svg", "static/none.css",
      ])
    #expect {
      _ = try manifest.requiredURL(for: "ap.css")
    } throws: {
      "\($0)"
        == "there is no asset \"ap.css\" (looked for static/ap.css, assets/ap.css); is it static/app.css?"
    }
    #expect(
      throws: AssetNotFound(
        name: "logo.svg", tried: ["static/logo.svg", "assets/logo.svg"],
        similar: ["static/img/logo.svg"])
    ) {
      try manifest.requiredURL(for: "logo.svg")
    }
    #expect(throws: AssetNotFound(name: "", tried: ["static/", "assets/"], similar: [])) {
      try manifest.requiredURL(for: "")
    }
  }

  @Test("that follows change by change is the one that is made from scratch")
  func incremental() {
    for seed in PropertySeeds(30) {
      var random = SeededGenerator(seed: seed)
      let names =
        (0..<8).map { "static/\($0 % 2 == 0 ? "" : "d/")\($0).css" } + [
          "static/x.png", "static/d/y.png", "static/s.js",
        ]
      var files = FileSet()
      var manifest = AssetManifest()
      var older = manifest
      for _ in 0..<25 {
        var texts: [String: String?] = [:]
        for _ in 0...random.below(3) {
          let lines = (0..<random.below(4)).map { _ in
            "@import '/\(names[random.below(names.count)])';"
          }
          texts[names[random.below(names.count)]] =
            random.below(5) == 0
            ? .some(nil) : "\(random.below(3))\n" + lines.joined(separator: "\n")
        }
        files = files.replacing(texts: texts)
        let before = manifest
        manifest = manifest.updated(to: files)
        let scratch = AssetManifest(files)
        #expect(manifest.json() == scratch.json(), "\(random)")
        #expect(manifest.problems == scratch.problems, "\(random)")
        for name in names {
          #expect(manifest[name]?.bytes == scratch[name]?.bytes, "\(name) \(random)")
        }
        let expected = names.filter { before[$0]?.digest != manifest[$0]?.digest }.map { "/\($0)" }
          .sorted()
        #expect(manifest.changes(from: before).map(\.path) == expected, "\(random)")
        let sinceOlder = names.filter { older[$0]?.digest != manifest[$0]?.digest }.map { "/\($0)" }
          .sorted()
        #expect(manifest.changes(from: older).map(\.path) == sinceOlder, "\(random)")
        if random.below(4) == 0 { older = manifest }
      }
    }
  }

  @Test("follows a chain of imports as long as there are files")
  func longChain() {
    var texts = ["static/0.css": "x{}"]
    for number in 1..<5_000 { texts["static/\(number).css"] = "@import '\(number - 1).css';" }
    let files = FileSet(texts: texts)
    let first = AssetManifest(files)
    let second = first.updated(to: files.replacing(texts: ["static/0.css": "y{}"]))
    #expect(second.changes(from: first).count == 5_000)
  }

  @Test("is the same after it was written and read, and other files are refused with the place")
  func json() throws {
    let manifest = AssetManifest(
      FileSet(texts: ["static/app.css": "a{}", "static/my \"app\".css": "b{}"]))
    let loaded = try AssetManifest.parse(manifest.json(), file: "m.json")
    #expect(loaded.json() == manifest.json())
    #expect(loaded.url(for: "app.css") == manifest.url(for: "app.css"))
    #expect(BuiltManifest.isOne("static/manifest.json", manifest.json()))
    func failure(_ text: String) -> String? {
      do throws(ConfigDiagnostic) {
        _ = try AssetManifest.parse(Array(text.utf8), file: "m.json")
        return nil
      } catch { return "\(error)" }
    }
    #expect(failure("{}")?.hasPrefix("m.json:1:1: this is no manifest of assets") == true)
    #expect(failure(#"{"hotreload-assets": 2}"#)?.contains("version 1") == true)
    #expect(
      failure("{\"hotreload-assets\": 1,\n\"assets\": {\"a\": {\"url\": \"/b\"}}}")?.hasPrefix(
        "m.json:2:") == true)
    let text = String(decoding: manifest.json(), as: UTF8.self)
    #expect(
      failure(text.replacing("/static/app.", with: "//evil/app."))?.contains("static/app.css")
        == true)
  }
}
