import HotReload
import HotReloadTesting
import Testing

@testable import HotReloadContent

@Suite("References in stylesheets and scripts")
struct CSSReferencesTests {
  private static func texts(_ css: String) -> [String] {
    CSSReferences.find(in: Array(css.utf8)).map(\.text)
  }

  /// What a rewrite makes of a text that refers to things in `static/`.
  private static func rewrite(_ css: String) -> String {
    let file = FileSet.File(path: "static/a/x.css", bytes: Array(css.utf8))
    let bytes = AssetSource(file, at: "static/a/x.css").rewritten { target in
      "[\(target)]"
    }
    return String(decoding: bytes ?? file.bytes ?? [], as: UTF8.self)
  }

  @Test(
    "are found wherever CSS has a URL",
    arguments: [
      ("a{background:url(x.png)}", ["x.png"]),
      ("a{background:URL( \t\n x.png \n )}", ["x.png"]),
      (#"a{background:url( "x.png" )}"#, ["x.png"]),
      ("a{background:url('x y.png')}", ["x y.png"]),
      (#"a{background:u\72l(x.png)}"#, ["x.png"]),
      (#"a{background:\75 rl(x.png)}"#, ["x.png"]),
      (#"@import "x.css";"#, ["x.css"]),
      (
        #"@IMPORT/**/'x.css' layer(a) supports(display: grid) screen and (min-width: 1px);"#,
        ["x.css"]
      ),
      ("@import url(x.css) print;", ["x.css"]),
      (#"@import url("x.css") layer;"#, ["x.css"]),
      (#"@\69mport "x.css";"#, ["x.css"]),
      (
        #"a{background:image-set("a.png" 1x, url(b.png) 2x, 'c.avif' type("image/avif"))}"#,
        ["a.png", "b.png", "c.avif"]
      ),
      (#"a{background:-webkit-image-set(url(b.png) 2x)}"#, ["b.png"]),
      (#"@font-face{src:url(a.woff2)format("woff2"),url(a.woff)}"#, ["a.woff2", "a.woff"]),
      (#"a{b:src("x.png")}"#, ["x.png"]),
      (#"a{b:url(a\).png)}"#, ["a).png"]), (#"a{b:url("a\"b.png")}"#, [#"a"b.png"#]),
      (#"a{b:url(\61 \000062.png)}"#, ["ab.png"]), ("a{b:url('a\\\nb.png')}", ["ab.png"]),
      ("a{b:url('a\\\r\nb.png')}", ["ab.png"]),
      (#"a{b:url(\0\D800\110000.png)}"#, ["\u{FFFD}\u{FFFD}\u{FFFD}.png"]),
      ("a{b:url(x.png", ["x.png"]), ("a{b:url('x.png", ["x.png"]), ("a{b:url()}", [""]),
      ("a{b:url(é/日本.png)}", ["é/日本.png"]),
      ("a{}\n/*# sourceMappingURL=x.css.map */", ["x.css.map"]),
      ("a{}\n/*@ sourceMappingURL=x.css.map*/", ["x.css.map"]),
      (
        "@import 'a.css'; @import \"b.css\"; a{b:url(c.png),url(d.png)}",
        ["a.css", "b.css", "c.png", "d.png"]
      ),
    ])
  func found(css: String, references: [String]) {
    #expect(Self.texts(css) == references)
  }

  @Test(
    "are not found where CSS has none",
    arguments: [
      "/* url(x.png) @import 'x.css' */", "a{content:'url(x.png)'}", "a{content:\"x.css\"}",
      "a{b:myurl(x.png)}", "a{b:10url(x.png)}", "a{b:-url(x.png)}", "a{b:#url(x.png)}",
      "@namespace svg url(http://www.w3.org/2000/svg);", "@namespace 'static/x';",
      "@imports 'x.css';", "@import; 'x.css'", "@import {} 'x.css'", "@import a 'x.css'",
      "a{b:url(x y.png)}", "a{b:url(x\"y.png)}", "a{b:url(x(y.png)}", "a{b:url(x\\\ny)}",
      "a{b:url('x\ny')}", "/* sourceMappingURL=x.map */", "/*#sourceMappingURL=x.map */",
      "/*# sourceMappingURL=x.map y */", "a{b:format('x')}", "", "\\", "@", "#", "url", "url(\\",
      "'", "/*", "@import", "image-set(", "\u{0}",
    ])
  func notFound(css: String) {
    #expect(Self.texts(css).filter { !$0.isEmpty } == [])
  }

  @Test(
    "are rewritten in their last component, and what is around stays",
    arguments: [
      ("url(x.png)", "url([static/a/x.png])"),
      ("url( '../b/x.png' )", "url( '../b/[static/b/x.png]' )"),
      ("url(/static/x.png?v=1#y)", "url(/static/[static/x.png]?v=1#y)"),
      ("url(./x.svg#icon)", "url(./[static/a/x.svg]#icon)"),
      ("url(../../../../static/x.png)", "url(../../../../static/[static/x.png])"),
      ("url(/assets/x.png)", "url(/assets/[assets/x.png])"),
      ("url(x%20y.png)", "url([static/a/x y.png])"),
      (#"url(\2e./b\2f x.png)"#, #"url(\2e./b\2f [static/b/x.png])"#),
      ("url(x.png\\?y)", "url([static/a/x.png]\\?y)"),
    ])
  func rewritten(css: String, result: String) {
    #expect(Self.rewrite("a{b:\(css)}") == "a{b:\(result)}")
  }

  @Test(
    "that lead elsewhere stay as they are",
    arguments: [
      "url(data:image/png;base64,AAAA)", "url(https://example.com/x.png)",
      "url(//example.com/x.png)",
      "url(#icon)", "url(?x)", "url()", "url(/fonts/x.woff)", "url(../../fonts/x.woff)", "url(x/)",
      "url(.)", "url(..)", "url(x%zz.png)", "url(x%2fy.png)", "url(x%00.png)", "url(about:blank)",
    ])
  func leftAlone(css: String) {
    #expect(Self.rewrite("a{b:\(css)}") == "a{b:\(css)}")
  }

  @Test("of a script are its source map, if its last line names one")
  func scripts() {
    func find(_ text: String) -> String? { SourceMapComment.find(inScript: Array(text.utf8))?.text }
    #expect(find("f()\n//# sourceMappingURL=app.js.map") == "app.js.map")
    #expect(find("f()\r\n  //@ sourceMappingURL=app.js.map  \n\n") == "app.js.map")
    #expect(find("/*# sourceMappingURL=app.js.map */\n") == "app.js.map")
    #expect(find("//# sourceMappingURL=app.js.map\nf()") == nil)
    #expect(find("f('//# sourceMappingURL=app.js.map')") == nil)
    #expect(find("//# sourceMappingURL=a b") == nil)
    #expect(find("//# sourceMappingURL=" + String(repeating: "a", count: 100_000)) == nil)
    for text in ["", " ", "/", "//", "//#", "/*", "/*/", "*/", "/**/", "/*#*/", "//# ", "\n"] {
      #expect(find(text)?.isEmpty ?? true)
    }
  }

  @Test("of any input are found without a trap, and rewriting twice is as rewriting once")
  func random() {
    let pieces = [
      "url(", ")", "'", "\"", "\\", "\n", "\r\n", "/*", "*/", "@import", "@namespace", ";", "{",
      "}", "(",
      "image-set(", "a.png", "../", "/", "?", "#", " ", "\\2f ", "\\75", "%20", "%", "é", "\u{0}",
      "-", "9",
      "# sourceMappingURL=", "data:", "//", ".", "static", "src(",
    ]
    let names = ["a.png": "a.0123.png", "": "0.4567"]
    for seed in PropertySeeds(300) {
      var random = SeededGenerator(seed: seed)
      for _ in 0..<30 {
        var bytes = (0..<random.below(40)).flatMap { _ in
          Array(pieces[random.below(pieces.count)].utf8)
        }
        if random.below(4) == 0, !bytes.isEmpty {
          bytes[random.below(bytes.count)] = UInt8(random.below(256))
        }
        func rewrite(_ bytes: [UInt8]) -> [UInt8] {
          let source = AssetSource(
            FileSet.File(path: "static/x.css", bytes: bytes), at: "static/x.css")
          var end = 0
          for link in source.links {
            #expect(
              link.reference.name.lowerBound >= end
                && link.reference.name.upperBound <= bytes.count, "\(random)")
            end = link.reference.name.upperBound
          }
          return source.rewritten { target in
            target.split(separator: "/").last.flatMap { names[String($0)] }
          } ?? bytes
        }
        _ = SourceMapComment.find(inScript: bytes)
        let once = rewrite(bytes)
        #expect(rewrite(once) == once, "\(String(decoding: bytes, as: UTF8.self)) \(random)")
      }
    }
  }

  @Test("of a large stylesheet are found in time that grows with its size")
  func large() {
    let unclosed = Array(String(repeating: "image-set(url(", count: 50_000).utf8)
    #expect(CSSReferences.find(in: unclosed).isEmpty)
    let many = Array(String(repeating: "a{b:url(x.png)}\n", count: 50_000).utf8)
    #expect(CSSReferences.find(in: many).count == 50_000)
    let files = FileSet([FileSet.File(path: "static/x.css", bytes: many)])
    #expect(AssetManifest(files).problems.last?.location?.line == 50_000)
  }
}
