import SystemPackage
import Testing

@testable import WorkspaceFiles

struct GlobCase: CustomTestStringConvertible {
  var pattern: String
  var yes: [String]
  var no: [String]

  var testDescription: String { pattern }

  init(_ pattern: String, yes: [String] = [], no: [String] = []) {
    self.pattern = pattern
    self.yes = yes
    self.no = no
  }
}

@Suite("Globs") struct GlobTests {
  static let cases: [GlobCase] = [
    GlobCase("a", yes: ["a"], no: ["", "b", "aa", "a/a", "x/a"]),
    GlobCase("*", yes: ["a", ".a", "ab", "é"], no: ["", "a/b", "a/"]),
    GlobCase("*.md", yes: ["a.md", ".md", "x.y.md"], no: ["a/b.md", "a.mdx"]),
    GlobCase("a*", yes: ["a", "ab", "a.b"], no: ["ba", "a/b"]),
    GlobCase("a*b*c", yes: ["abc", "aXbYc", "abcbc"], no: ["ab", "acb", "ab/c"]),
    GlobCase("config/**/*.toml", yes: ["config/a.toml", "config/x/y/a.toml"], no: ["a.toml"]),
    GlobCase("**/.*", yes: [".x", "a/.x", "a/b/.x"], no: ["x", "a/x", ".x/a"]),
    GlobCase("a/**", yes: ["a/b", "a/b/c", "a/.b"], no: ["a", "a/", "b", "ab/c"]),
    GlobCase("**", yes: ["a", "a/b", ".a/.b/c"], no: [""]),
    GlobCase("**/**", yes: ["a", "a/b"], no: [""]),
    GlobCase("**/a/**", yes: ["a/b", "x/a/b", "a/a"], no: ["a", "x/a", "b/c"]),
    GlobCase("a/**/b", yes: ["a/b", "a/x/b", "a/x/y/b", "a/b/b"], no: ["ab", "a/xb", "a/b/c"]),
    GlobCase("a/**/**/b", yes: ["a/b", "a/x/y/b"], no: ["a/c"]),
    GlobCase("a**b", yes: ["ab", "axb"], no: ["a/b", "a/x/b"]),
    GlobCase("***", yes: ["a"], no: ["a/b"]),
    GlobCase("*/b", yes: ["a/b"], no: ["b", "/b", "a/a/b"]),
    GlobCase("?", yes: ["a", "é", "漢", "🎉", "."], no: ["", "ab", "/", "éa"]),
    GlobCase("??", yes: ["ab", "éa", "🎉🎉"], no: ["é", "🎉", "a", "abc"]),
    GlobCase("*?", yes: ["a", "é", "ab"], no: [""]),
    GlobCase("*??", yes: ["ab", "éa"], no: ["a", "é", "🎉"]),
    GlobCase("[a-c]x", yes: ["ax", "cx"], no: ["dx", "x", "éx"]),
    GlobCase("[!a-c]x", yes: ["dx", "éx", "-x"], no: ["ax", "x", "/x"]),
    GlobCase("[^a]", yes: ["b", "^"], no: ["a"]),
    GlobCase("[]a]", yes: ["]", "a"], no: ["b", "[]a]"]),
    GlobCase("[!]a]", yes: ["b"], no: ["]", "a"]),
    GlobCase("[a-]", yes: ["a", "-"], no: ["b"]),
    GlobCase("[-a]", yes: ["a", "-"], no: ["b"]),
    GlobCase("[+-9]", yes: ["+", ".", "5"], no: ["/", ":"]),
    GlobCase("[\\]\\-z]", yes: ["]", "-", "z"], no: ["a", "\\"]),
    GlobCase("[à-ÿ]", yes: ["à", "é", "ÿ"], no: ["a", "÷x", "Ā"]),
    GlobCase("[\u{7F}-\u{10FFFF}]", yes: ["é", "漢", "🎉", "\u{7F}"], no: ["a", "~"]),
    GlobCase("*[!é]", yes: ["a", "éa"], no: ["é", "aé"]),
    GlobCase("{a,b}", yes: ["a", "b"], no: ["c", "ab", "{a,b}"]),
    GlobCase("a{,b}", yes: ["a", "ab"], no: ["b"]),
    GlobCase("{a}", yes: ["a"], no: ["{a}"]),
    GlobCase("{a,b{c,d}}e", yes: ["ae", "bce", "bde"], no: ["be", "ace"]),
    GlobCase("{a/b,c}/d", yes: ["a/b/d", "c/d"], no: ["a/d", "b/d"]),
    GlobCase("{**/,}a", yes: ["a", "x/a"], no: ["b"]),
    GlobCase("{**,a}/b", yes: ["b", "x/b", "a/b"], no: ["a"]),
    GlobCase("*.{ts,tsx}", yes: ["a.ts", "a.tsx"], no: ["a.t", "a.tsxx"]),
    GlobCase("[{]a,b[}]", yes: ["{a,b}"], no: ["a"]),
    GlobCase("a,b", yes: ["a,b"], no: ["a", "b"]),
    GlobCase("\\*\\?\\[\\{\\}", yes: ["*?[{}"], no: ["abcde"]),
    GlobCase("{\\,,\\}}", yes: [",", "}"], no: ["", "\\,"]),
    GlobCase("e\u{301}", yes: ["e\u{301}"], no: ["\u{E9}"]),
    GlobCase("...", yes: ["..."], no: ["a.."]),
    GlobCase("**/.*.sw?", yes: [".a.swp", "x/.a.swé"], no: [".a.sw", "a.swp", "x/a.swp"]),
    GlobCase("**/#*#", yes: ["##", "a/#x#"], no: ["#", "#x"]),
  ]

  @Test("A pattern matches what its table says", arguments: cases)
  func table(_ item: GlobCase) throws {
    let filter = try PathFilter(include: [item.pattern], exclude: [])
    let reference = ReferenceGlob(item.pattern)
    for (path, expected) in item.yes.map({ ($0, true) }) + item.no.map({ ($0, false) }) {
      var copy = path
      let actual = copy.withUTF8 { filter.matches(UnsafeRawBufferPointer($0)) }
      #expect(actual == expected, "\(path)")
      #expect(reference.matches(Array(path.utf8)) == expected, "reference, \(path)")
    }
    let glob = try Glob(item.pattern)
    for path in item.yes { #expect(glob.matches(FilePath(path)), "\(path)") }
  }

  @Test("A name that is not UTF-8 matches byte by byte, and only its invalid bytes do")
  func invalidUTF8() throws {
    let cases: [(String, [UInt8], Bool)] = [
      ("?", [0xFF], true), ("?", [0xC3], true), ("?", [0xC3, 0xA9], true),
      ("??", [0xC3, 0xA9], false), ("??", [0xC3, 0x28], true), ("??", [0xA9, 0xC3], true),
      ("??", [0xE2, 0x82], true), ("???", [0xE2, 0x82, 0xAC], false),
      ("?", [0xE2, 0x82, 0xAC], true),
      ("???", [0xE2, 0x82, 0x28], true), ("???", [0xED, 0xA0, 0x80], true),
      ("??", [0xC0, 0x80], true), ("????", [0xF5, 0x80, 0x80, 0x80], true),
      ("????", [0xF0, 0x9F, 0x8E, 0x89], false), ("???", [0xF0, 0x9F, 0x8E], true),
      ("[!é]", [0xC3], true), ("[!é]*", [0xC3, 0xA9], false), ("*[!é]", [0xC3, 0xA9], false),
      ("[\u{80}-\u{10FFFF}]", [0xFF], false), ("*.txt", [0xFF, 0x2E, 0x74, 0x78, 0x74], true),
      ("*é", [0xC3, 0xC3, 0xA9], true), ("?é", [0xC3, 0xC3, 0xA9], true),
    ]
    for (pattern, name, expected) in cases {
      let filter = try PathFilter(include: [pattern], exclude: [])
      let actual = name.withUnsafeBytes { filter.matches($0) }
      #expect(actual == expected, "\(pattern) \(name)")
      #expect(ReferenceGlob(pattern).matches(name) == expected, "reference \(pattern) \(name)")
    }
  }

  @Test(
    "A bad pattern is an error with its column",
    arguments: [
      ("", 1), ("/a", 1), ("a[b", 2), ("x/[", 3), ("[]", 1), ("[!]", 1), ("a{b,c", 2), ("{{a}", 1),
      ("a}", 2), ("ab\\", 3), ("a/../b", 3), ("..", 1), ("{a,..}/b", 4), ("./a", 1), ("a//b", 3),
      ("a/", 2), ("[z-a]", 2), ("é[z-a]", 3), ("[[:alpha:]]", 2), ("[a/b]", 3), ("a\0b", 2),
      ("e\u{301}/\r\n[", 4), ("[a\\", 1), ("{a,}", 1), ("{,a}/b", 5),
      ("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", 51),
      (String(repeating: "{", count: 17), 17), (String(repeating: "a", count: 5_000), 4_096),
      ("*a" + String(repeating: "?", count: 20), 1),
    ] as [(String, Int)])
  func errors(_ pattern: String, _ column: Int) throws {
    let error = try #require(throws: GlobError.self) { try Glob(pattern) }
    #expect(error.column == column)
    #expect(error.pattern == pattern)
    #expect(error.message.contains(":"), "says what to do: \(error.message)")
  }

  @Test("An escaped slash is a slash")
  func escapedSlash() throws {
    #expect(try Glob("a\\/b").matches("a/b"))
    #expect(throws: GlobError.self) { try Glob("\\/b") }
  }

  @Test("Globs are equal when their patterns are the same bytes")
  func equality() throws {
    #expect(try Glob("a*") == Glob("a*"))
    #expect(try Glob("\u{E9}") != Glob("e\u{301}"))
    #expect(try Set([Glob("a"), Glob("a"), Glob("b")]).count == 2)
  }
}
