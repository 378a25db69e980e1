import Foundation
import HotReloadFleet
import HotReloadTesting
import Testing

@Suite struct ContentBundleTests {
  /// Documentation/FLEET-BUNDLES.md has the commands with which any language comes to the same.
  @Test func `The digest is the one that the documentation shows`() throws {
    let bundle = try ContentBundle(files: [
      file("static/empty.txt", ""), file("static/caf\u{E9}.txt", "caf\u{E9}\n"),
      file("config/app.toml", "port = 8080\n"), file("config/app.production.json", "{}"),
    ])
    #expect(
      bundle.digest.rawValue
        == "625761f0afeee65e3195241b31f461bc19a8bb32c9d4185e6ad2dd94fd2bbe6c")
    #expect(
      bundle.files.map(\.path) == [
        "config/app.production.json", "config/app.toml", "static/caf\u{E9}.txt", "static/empty.txt",
      ])
    #expect(bundle["config/app.toml"] == Array("port = 8080\n".utf8))
    #expect(bundle["config/other.toml"] == nil)
  }

  @Test func `What the Python of the documentation made is read`() throws {
    let text =
      #"{"hotreload-bundle": 1, "digest": "625761f0afeee65e3195241b31f461bc19a8bb32c9d4185e6ad2dd94fd2bbe6c", "#
      + #""files": [{"path": "config/app.production.json", "bytes": "e30="}, "#
      + #"{"path": "config/app.toml", "bytes": "cG9ydCA9IDgwODAK"}, "#
      + #"{"path": "static/caf\u00e9.txt", "bytes": "Y2Fmw6kK"}, {"path": "static/empty.txt", "bytes": ""}]}"#
    let bundle = try ContentBundle(decoding: Array(text.utf8))
    #expect(bundle["static/caf\u{E9}.txt"] == Array("caf\u{E9}\n".utf8))
    #expect(bundle.files.count == 4)
  }

  @Test(arguments: [
    "", "/etc/passwd", "../x", "a/../b", "a/..", "..", ".", "a/./b", "./a", "a//b", "a/", "a\0b",
    "a\nb", "a\\b", "a\u{7F}", "a\u{85}b", "\u{202E}a", "a\u{200B}b", "a\u{2028}b", "a\u{FFFD}",
    String(repeating: "a", count: 256), String(repeating: "a/", count: 64) + "a",
    String(repeating: "abc/", count: 300) + "a",
  ])
  func `A path that is no plain relative one is refused`(_ path: String) {
    let error = #expect(throws: BundleError.self) {
      try ContentBundle(files: [ContentBundle.File(path: path, bytes: [])])
    }
    #expect(error?.code == .invalidPath)
  }

  @Test(arguments: [
    "a", ".well-known/x", "a/...", "config/app@treatment.toml", "static/a b.css", "\u{1F44D}/x",
    "a/b\"c", String(repeating: "a", count: 255),
  ])
  func `A plain relative path is accepted`(_ path: String) throws {
    let bundle = try ContentBundle(files: [ContentBundle.File(path: path, bytes: [1])])
    #expect(try ContentBundle(decoding: bundle.encoded())[path] == [1])
  }

  @Test(arguments: [
    ["a", "a"], ["a", "a/b"], ["a/b/c", "a/b"], ["caf\u{E9}", "cafe\u{301}"],
    ["caf\u{E9}/a", "cafe\u{301}/b"], ["caf\u{E9}/a", "cafe\u{301}"],
  ])
  func `Two paths that cannot both be files are refused`(_ paths: [String]) {
    for paths in [paths, paths.reversed()] {
      let error = #expect(throws: BundleError.self) {
        try ContentBundle(files: paths.map { ContentBundle.File(path: $0, bytes: []) })
      }
      #expect(error?.code == .invalidPath)
    }
  }

  @Test func `A bundle has a file at least`() {
    #expect(throws: BundleError.self) { try ContentBundle(files: []) }
  }

  @Test func `A bundle beyond one of its bounds is refused, and one within is not`() throws {
    let whole = [UInt8](repeating: 1, count: ContentBundle.maximumFileBytes)
    let half = ContentBundle.maximumBytes / ContentBundle.maximumFileBytes
    let most = (0..<half).map { ContentBundle.File(path: "f\($0)", bytes: whole) }
    #expect(try ContentBundle(files: most).byteCount == ContentBundle.maximumBytes)
    expectTooLarge(most + [ContentBundle.File(path: "g", bytes: [1])])
    expectTooLarge([ContentBundle.File(path: "f", bytes: whole + [1])])
    let many = (0...ContentBundle.maximumFiles).map {
      ContentBundle.File(path: "f\($0)", bytes: [])
    }
    #expect(
      try ContentBundle(files: Array(many.dropLast())).files.count == ContentBundle.maximumFiles)
    expectTooLarge(many)
    let long = String(repeating: "long/", count: 40)
    expectTooLarge(
      (0..<ContentBundle.maximumFiles).map { ContentBundle.File(path: "\(long)\($0)", bytes: []) })
  }

  @Test func `What was encoded is decoded to the same, whatever the files are`() throws {
    for seed in PropertySeeds(60) {
      var random = SeededGenerator(seed: seed)
      let files = randomFiles(&random)
      let bundle = try ContentBundle(files: files.shuffled(using: &random))
      let again = try ContentBundle(decoding: bundle.encoded())
      #expect(again.digest == bundle.digest, "\(random)")
      #expect(again.files == bundle.files, "\(random)")
      #expect(again.encoded() == bundle.encoded(), "\(random)")
      let listed = try BundleListingProbe.digest(of: bundle)
      #expect(listed == bundle.digest, "\(random)")
    }
  }

  @Test func `Any change of any file changes the digest`() throws {
    for seed in PropertySeeds(60) {
      var random = SeededGenerator(seed: seed)
      let files = randomFiles(&random)
      let digest = try ContentBundle(files: files).digest
      var changed = files
      let index = random.below(files.count)
      switch random.below(3) {
      case 0: changed[index].bytes.append(0)
      case 1: changed[index].path += "x"
      default: changed.append(ContentBundle.File(path: "one-more", bytes: []))
      }
      #expect(try ContentBundle(files: changed).digest != digest, "\(random)")
    }
  }

  @Test func `A damaged encoding is an error, and never another bundle`() throws {
    let bundle = try ContentBundle(files: [
      file("config/app.toml", "a = 1\n"), file("static/b", "\u{1}"),
    ])
    let encoded = bundle.encoded()
    for seed in PropertySeeds(400) {
      var random = SeededGenerator(seed: seed)
      var bytes = encoded
      switch random.below(3) {
      case 0: bytes[random.below(bytes.count)] = UInt8(random.below(256))
      case 1: bytes.removeSubrange(random.below(bytes.count)..<bytes.count)
      default: bytes.insert(UInt8(random.below(256)), at: random.below(bytes.count))
      }
      guard let decoded = try? ContentBundle(decoding: bytes) else { continue }
      #expect(decoded == bundle, "\(random)")
    }
  }

  @Test func `A wrong digest, version or member is told for what it is`() throws {
    let text = String(decoding: try ContentBundle(files: [file("a", "x")]).encoded(), as: UTF8.self)
    let cases: [(String, String, BundleError.Code)] = [
      ("\"eA==\"", "\"eQ==\"", .digestMismatch),
      ("\"hotreload-bundle\":1", "\"hotreload-bundle\":2", .unsupportedVersion),
      ("\"hotreload-bundle\":1", "\"other\":1", .malformed), ("\"eA==\"", "\"eA\"", .malformed),
      ("\"path\"", "\"name\"", .malformed), ("\"files\"", "\"fails\"", .malformed),
      ("\"a\"", "\"../a\"", .invalidPath), ("{", "[", .malformed),
      ("\"path\":\"a\"", "\"path\":\"a\",\"path\":\"a\"", .malformed),
    ]
    for (old, new, code) in cases {
      let range = try #require(text.range(of: old))
      let changed = text.replacingCharacters(in: range, with: new)
      let error = #expect(throws: BundleError.self, "\(new)") {
        try ContentBundle(decoding: Array(changed.utf8))
      }
      #expect(error?.code == code, "\(new)")
    }
    let more = text.replacing("\"digest\"", with: "\"note\":[1,{\"a\":null}],\"digest\"")
    #expect(try ContentBundle(decoding: Array(more.utf8))["a"] == [120])
  }

  private func file(_ path: String, _ text: String) -> ContentBundle.File {
    ContentBundle.File(path: path, bytes: Array(text.utf8))
  }

  private func expectTooLarge(
    _ files: [ContentBundle.File], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: BundleError.self, sourceLocation: sourceLocation) {
      try ContentBundle(files: files)
    }
    #expect(error?.code == .tooLarge, sourceLocation: sourceLocation)
  }

  private func randomFiles(_ random: inout SeededGenerator) -> [ContentBundle.File] {
    let names = ["a", "b", "app.toml", "\u{E9}", "x y", "\"", "-", "0"]
    var paths: Set<String> = []
    for number in 0...random.below(12) {
      // The number keeps a file from being a folder of another.
      let folders = (0..<random.below(3)).map { _ in "d" + names[random.below(names.count)] }
      paths.insert(
        (folders + ["\(number)\(names[random.below(names.count)])"]).joined(separator: "/"))
    }
    return paths.sorted().map { path in
      let bytes = (0..<random.below(300)).map { _ in UInt8(random.below(256)) }
      return ContentBundle.File(path: path, bytes: bytes)
    }
  }
}
