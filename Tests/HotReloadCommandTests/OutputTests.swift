import FileWatching
import Foundation
import SystemPackage
import Testing

@testable import HotReload
@testable import HotReloadCommand

@Suite("Lines of output")
struct OutputTests {
  private func lines(_ bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private static let oddName = FilePath(
    platformString: [0x61, 0x0A, 0x62, 0xFF, 0x09, 0x5C, 0].map { CChar(bitPattern: $0) })

  private static let set = ChangeSet(
    number: 7,
    changes: [
      FileChange(path: "config/app.toml", kind: .modified),
      FileChange(path: "b", kind: .renamed(from: "a")),
      FileChange(path: oddName, kind: .created),
      FileChange(path: "", kind: .subtreeChanged),
    ],
    notices: [
      .rescanned(.overflow),
      .degraded(path: "deep", reason: WatchFailure(errorNumber: 28, description: "no watch left")),
    ])

  @Test("Each JSON line has its event and time, and a set's number with each change")
  func jsonLines() throws {
    let renderer = ChangeSetRenderer(format: .json, root: "/srv/ws")
    let objects = try lines(renderer.render(Self.set, time: 12_345)).map { try JSONObject($0) }
    #expect(
      objects.map { $0.string("event") } == ["rescanned", "degraded"]
        + Array(repeating: "change", count: 4))
    #expect(objects.allSatisfy { $0.integer("time") == 12_345 })
    #expect(objects[0].string("reason") == "overflow")
    #expect(objects[1].string("path") == "deep")
    #expect(objects[1].string("reason") == "no watch left")
    #expect(objects[2].string("path") == "config/app.toml")
    #expect(objects[2].string("change") == "modified")
    #expect(objects[2].integer("set") == 7)
    #expect(objects[3].string("change") == "renamed")
    #expect(objects[3].string("from") == "a")
    #expect(objects[5].string("change") == "subtreeChanged")
  }

  @Test("A name that is not UTF-8 has a replacement character in JSON, and its bytes in base64")
  func invalidNames() throws {
    let renderer = ChangeSetRenderer(format: .json, root: "/srv/ws")
    let object = try JSONObject(lines(renderer.render(Self.set, time: 1))[4])
    #expect(object.string("path") == "a\nb\u{FFFD}\t\\")
    let bytes = try #require(object.string("pathBytes").flatMap { Data(base64Encoded: $0) })
    #expect(Array(bytes) == [0x61, 0x0A, 0x62, 0xFF, 0x09, 0x5C])
  }

  @Test(
    "Columns hold raw bytes, only newline, tab and backslash are escaped, a rename is its two halves"
  )
  func columns() {
    let renderer = ChangeSetRenderer(format: .tsv, root: "/srv/ws")
    let expected =
      Array(
        """
        0\trescanned:overflow\t/srv/ws
        0\tdegraded\t/srv/ws/deep
        0\tmodified\t/srv/ws/config/app.toml
        0\tdeleted\t/srv/ws/a
        0\tcreated\t/srv/ws/b
        0\tcreated\t/srv/ws/a\\nb
        """.utf8) + [0xFF] + Array("\\t\\\\\n0\tsubtreeChanged\t/srv/ws\n".utf8)
    #expect(renderer.render(Self.set, time: 1) == expected)
  }

  @Test("Text for people holds no control character of a file's name")
  func textIsPrintable() {
    let renderer = ChangeSetRenderer(format: .text, root: "/srv/ws")
    let bytes = renderer.render(Self.set, time: 1_700_000_000_123_456_789)
    #expect(bytes.filter { $0 == UInt8(ascii: "\n") }.count == 6)
    #expect(!bytes.contains(UInt8(ascii: "\t")))
    let text = lines(bytes)
    #expect(
      text[0].hasSuffix("rescanned: the kernel's queue was full, so everything was compared again"))
    #expect(text[2].hasSuffix(".123  modified  config/app.toml"))
    #expect(text[3].hasSuffix("renamed   a -> b"))
  }

  @Test("The line that tells that watching began counts folders and files")
  func ready() throws {
    func ready(_ format: OutputFormat) -> [UInt8] {
      ChangeSetRenderer(format: format, root: "/srv/ws")
        .ready(backend: "inotify", directories: 3, files: 12, time: 9)
    }
    let json = ready(.json)
    let object = try JSONObject(try #require(lines(json).first))
    #expect(object.string("event") == "ready")
    #expect(object.string("backend") == "inotify")
    #expect(object.integer("directories") == 3)
    #expect(object.integer("files") == 12)
    #expect(ready(.tsv).isEmpty)
  }

  @Test("Any text survives as a JSON string")
  func jsonStrings() throws {
    let text =
      String(String.UnicodeScalarView((0...0x2100).compactMap { Unicode.Scalar($0) })) + "😀"
    var line = JSONLine(event: "x", time: -1)
    line.add("text", text)
    let object = try JSONObject(try #require(lines(line.finished()).first))
    #expect(object.string("text") == text)
    #expect(object.integer("time") == -1)
    #expect(lines(line.finished()).count == 1)
  }

  @Test("Base64 agrees with Foundation's for every length", arguments: 0..<20)
  func base64Agrees(length: Int) {
    let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 89 &+ 200) }
    #expect(base64(bytes) == Array(Data(bytes).base64EncodedString().utf8))
  }

  @Test(
    "Lengths of time are read with their unit",
    arguments: [
      ("20ms", Duration.milliseconds(20)), ("2s", .seconds(2)), ("0", .zero), ("0s", .zero),
      ("1.5s", .milliseconds(1_500)), ("250us", .microseconds(250)), ("1m", .seconds(60)),
      ("24h", .seconds(86_400)),
    ])
  func durations(text: String, expected: Duration) throws {
    #expect(try #require(DurationArgument(argument: text)).duration == expected)
  }

  @Test(
    "What is no length of time is refused",
    arguments: ["", "20", "ms", "-1s", "1.2.3s", "1 s", "25h", "1d", "nan", "infs", "1e9s", "٣s"])
  func badDurations(text: String) {
    #expect(DurationArgument(argument: text) == nil)
  }
}
