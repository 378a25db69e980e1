import HotReloadContent
import HotReloadTesting
import SystemPackage
import Testing

/// The paths of the list of hostile requests, as raw bytes on a socket.
@Suite("A server of assets", .timeLimit(.minutes(5)))
struct HostilePathTests {
  private static let secret = "top secret"
  private static let files: [FilePath: String] = [
    "Package.swift": secret, "static-secret/x": secret, ".env": secret, ".git/config": secret,
    "server.pem": secret, "server.key": secret, "secret/x": secret, "secret.txt": secret,
    "passwd": secret,
    "static/.env": secret, "static/.git/config": secret, "static/server.pem": secret,
    "static/server.key": secret, "static/secret/x": secret, "static/a.css": "a{}",
    "public.css": "inside{}",
    "static/a..b.css": "dots{}",
  ]

  @Test("refuses every path that leads where it must not, stays alive, and holds no descriptor")
  func paths() async throws {
    let outside = try TemporaryWorkspace()
    try outside.write("x.css", Self.secret)
    try await AssetServer.serving(
      Self.files,
      prepare: { folder in
        try folder.symlink("static/link.css", to: outside.path("x.css"))
        try folder.symlink("static/folder", to: outside.root)
        try folder.symlink("static/up.css", to: "../.env")
        try folder.symlink("static/inside.css", to: "../public.css")
      }
    ) { server in
      let before = openFiles(below: server.folder.root.string)
      for target in [
        "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd",
        "/%252e%252e%252fetc/passwd", "/..%5c..%5cetc%5cpasswd", #"/..\..\etc\passwd"#,
        "/%c0%ae%c0%ae/etc/passwd", "/static/../../Package.swift", "/static/../Package.swift",
        "/static/%2e%2e/Package.swift", "/static-secret/x", "/.env", "/.env/.", "/%2eenv",
        "/.git/config",
        "/static/.env", "/static/%2eenv", "/static/.git/config", "/static/server.pem",
        "/static/server.key", "/static/SERVER.KEY", "/static/secret/x", "/static/Secret/x",
        "/server.pem",
        "/server.key", "/secret/x", "/secret.txt%00.css", "/static/a.css%00", "/static/link.css",
        "/static/folder/x.css", "/static/up.css", "/a.css#/../../etc/passwd", "/static/a.css#x",
        "/a%", "/a%zz",
        "http://evil.example/a.css", "/%0d%0aSet-Cookie:x=1",
        "/static/a.css%0d%0aSet-Cookie:x=1", "/" + String(repeating: "a", count: 65_536), "*",
        "static/a.css",
      ] {
        let bytes = try await RawExchange.send(
          Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8),
          server.port)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(
          ["400", "403", "404", "414", "421"].contains(text.dropFirst(9).prefix(3)),
          "\(target.prefix(100)): \(text.prefix(100))")
        #expect(
          !text.contains(Self.secret) && !text.lowercased().contains("set-cookie"),
          "\(target.prefix(100))")
        if target.hasPrefix("/a%") { #expect(text.hasPrefix("HTTP/1.1 400"), "\(target)") }
        #expect(try await server.get("/").status == 200, "\(target.prefix(100))")
      }
      #expect(openFiles(below: server.folder.root.string) == before)
      let dots = try await server.get("/static/a..b.css")
      #expect(dots.status == 200 && dots.text == "dots{}")
      #expect(try await server.get("/static/inside.css").text == "inside{}")
      for range in ["bytes=5-1", "bytes=99999999-"] {
        #expect(
          [200, 416].contains(try await server.get("/static/a.css", "Range: \(range)").status))
      }
    }
  }
}
