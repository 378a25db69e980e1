import HotReloadServer
import HotReloadTesting
import Testing

@Suite("A request path")
struct RequestPathTests {
  private static func refusal(_ target: String) -> RequestPathError? {
    do throws(RequestPathError) {
      _ = try RequestPath(target: target)
      return nil
    } catch { return error }
  }

  @Test(
    "is decoded once and normalised",
    arguments: [
      ("/", "", "/"), ("/static/app.css", "static/app.css", "/static/app.css"),
      ("/a..b.css", "a..b.css", "/a..b.css"),
      ("/my%20app%2Bx.css", "my app+x.css", "/my app+x.css"),
      ("//a///b/", "a/b", "/a/b/"), ("/a/./b/.", "a/b", "/a/b/"),
      ("/%C3%A9.txt", "é.txt", "/é.txt"),
      ("/%252e%252e%252fetc/passwd", "%2e%2e%2fetc/passwd", "/%2e%2e%2fetc/passwd"),
      ("/a%3Fb?c=/../%zz", "a?b", "/a?b"), ("/.../x", "", nil as String?),
    ])
  func decoded(target: String, relative: String, description: String?) throws {
    guard let description else {
      #expect(Self.refusal(target)?.reason == .denied(.dotfile))
      return
    }
    let path = try RequestPath(target: target)
    #expect(path.relative == relative)
    #expect(path.description == description)
  }

  @Test("keeps the query as it was sent")
  func query() throws {
    #expect(try RequestPath(target: "/a?b=%2F?c").query == "b=%2F?c")
    #expect(try RequestPath(target: "/a?").query == "")
    #expect(try RequestPath(target: "/a").query == nil)
  }

  @Test(
    "is refused with the reason and a status",
    arguments: [
      ("/../../etc/passwd", .hasParentComponent, 400),
      ("/%2e%2E/%2e%2e/etc/passwd", .hasParentComponent, 400),
      ("/..%2f..%2fetc/passwd", .hasEncodedSlash, 400), ("/a%2Fb", .hasEncodedSlash, 400),
      ("/..%5c..%5cetc%5cpasswd", .hasBackslash, 400), ("/..\\..\\etc", .hasBackslash, 400),
      ("/%c0%ae%c0%ae/etc/passwd", .notUTF8, 400), ("/%ff", .notUTF8, 400),
      ("/static/../../Package.swift", .hasParentComponent, 400),
      ("/static/..?x", .hasParentComponent, 400),
      ("/.env", .denied(.dotfile), 404), ("/.env/.", .denied(.dotfile), 404),
      ("/%2eenv", .denied(.dotfile), 404), ("/.git/config", .denied(.dotfile), 404),
      ("/server.pem", .denied(.privateKey), 404), ("/a/server.KEY", .denied(.privateKey), 404),
      ("/x.pem/y", .denied(.privateKey), 404), ("/secret/x", .denied(.secretFolder), 404),
      ("/a/%53eCRet", .denied(.secretFolder), 404),
      ("/secret.txt%00.css", .controlCharacter(0), 400),
      ("/a.css#/../../etc/passwd", .hasFragment, 400), ("/a?b#c", .hasFragment, 400),
      ("/a%", .badPercentEncoding, 400), ("/a%zz", .badPercentEncoding, 400),
      ("/a%4", .badPercentEncoding, 400), ("/a%4/b", .badPercentEncoding, 400),
      ("/%+1", .badPercentEncoding, 400),
      ("http://evil.example/a.css", .notOriginForm, 400), ("*", .notOriginForm, 400),
      ("", .notOriginForm, 400), ("a/b", .notOriginForm, 400),
      ("/%0d%0aSet-Cookie:x=1", .controlCharacter(13), 400), ("/a b", .invalidByte(32), 400),
      ("/a\u{7F}", .invalidByte(127), 400), ("/é", .invalidByte(0xC3), 400),
      ("/" + String(repeating: "a", count: 65_536), .tooLong(limit: 8_192), 414),
    ] as [(String, RequestPathError.Reason, Int)])
  func refused(target: String, reason: RequestPathError.Reason, status: Int) {
    let error = Self.refusal(target)
    #expect(error?.reason == reason)
    #expect(error?.status == status)
  }

  @Test(
    "is not refused for a name that only looks like what is",
    arguments: [
      "/secrets/x", "/secret.txt", "/keys/a.keys", "/pem", "/a.pem.txt", "/key", "/x.", "/~",
    ])
  func accepted(target: String) {
    #expect(Self.refusal(target) == nil)
  }

  @Test("of random bytes never has a component that leads elsewhere")
  func random() {
    let pieces = [
      "/", "..", ".", "%2e", "%2f", "%5c", "\\", "a", "%00", "%", "%25", "secret", ".pem", "?", "é",
    ]
    for seed in PropertySeeds(200) {
      var random = SeededGenerator(seed: seed)
      for _ in 0..<50 {
        let target =
          "/" + (0..<random.below(12)).map { _ in pieces[random.below(pieces.count)] }.joined()
        guard let path = try? RequestPath(target: target) else { continue }
        for component in path.components {
          #expect(
            !component.isEmpty && !component.hasPrefix(".") && !component.contains("/")
              && !component.contains("\\") && !component.contains("\0"), "\(target) \(random)")
        }
      }
    }
  }
}
