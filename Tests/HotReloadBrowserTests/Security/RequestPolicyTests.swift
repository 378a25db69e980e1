import HTTPTypes
import Testing

@testable import HotReloadBrowser

@Suite("Which requests are answered")
struct RequestPolicyTests {
  static let policy = RequestPolicy(allowedHosts: ["dev.example.test", "192.168.1.5", "*.lan"])

  static func request(
    _ host: String?, method: HTTPRequest.Method = .get, _ fields: [(HTTPField.Name, String)] = []
  ) -> HTTPRequest {
    var request = HTTPRequest(method: method, scheme: "http", authority: host, path: "/")
    for (name, value) in fields { request.headerFields.append(HTTPField(name: name, value: value)) }
    return request
  }

  @Test(
    "those for this machine, under any of its names and on any port",
    arguments: [
      "localhost", "localhost:8080", "LocalHost:1", "127.0.0.1:8080", "127.8.9.1", "[::1]:8080",
      "[0:0:0:0:0:0:0:1]", "app.localhost:8080", "a.b.localhost", "dev.example.test:80",
      "192.168.1.5:8080", "tv.lan",
    ])
  func ownHosts(host: String) {
    #expect(Self.policy.refusal(of: Self.request(host)) == nil)
  }

  @Test(
    "not those for another host",
    arguments: [
      "evil.example", "localhost.evil.example", "notlocalhost", "127.0.0.1.evil.example",
      "192.168.1.6", "[::2]", "[::ffff:8.8.8.8]", "lan", "x.dev.example.test", "2130706433",
      "127.1",
      "0.0.0.0", "localhost.",
    ])
  func foreignHosts(host: String) {
    #expect(Self.policy.refusal(of: Self.request(host))?.status == .misdirectedRequest)
  }

  @Test(
    "not those whose Host is none",
    arguments: [
      "", "[::1", "[::1]x", "localhost:abc", "localhost:", "localhost:123456", "localhost:70000",
      "localhost:80:80", "user@localhost", "localhost/x", "local host", "[localhost]",
      "[fe80::1%eth0]",
      "löcalhost", ":80", "[]", "localhost:+80",
      String(repeating: "a", count: 300),
    ])
  func malformedHosts(host: String) {
    #expect(Self.policy.refusal(of: Self.request(host))?.status == .badRequest)
  }

  @Test("not those with no Host, or with two of which the first is good")
  func hostCount() {
    #expect(Self.policy.refusal(of: Self.request(nil))?.status == .badRequest)
    let two = Self.request("localhost", [(.secondHost, "evil.example")])
    #expect(Self.policy.refusal(of: two)?.status == .badRequest)
  }

  @Test("what another site embeds or fetches is refused, and that somebody follows a link is not")
  func fetchSite() {
    func refusal(
      _ site: String, _ mode: String, _ destination: String, _ method: HTTPRequest.Method = .get
    ) -> HTTPResponse.Status? {
      let request = Self.request(
        "localhost", method: method,
        [(.fetchSite, site), (.fetchMode, mode), (.fetchDestination, destination)])
      return Self.policy.refusal(of: request)?.status
    }
    #expect(refusal("cross-site", "no-cors", "script") == .forbidden)
    #expect(refusal("cross-site", "navigate", "iframe") == .forbidden)
    #expect(refusal("cross-site", "navigate", "document", .post) == .forbidden)
    #expect(refusal("cross-site", "navigate", "document") == nil)
    #expect(refusal("same-site", "no-cors", "image") == nil)
    #expect(refusal("same-origin", "cors", "empty") == nil)
    #expect(refusal("none", "navigate", "document") == nil)
  }

  @Test("what only our pages use is not for other origins, those on other ports among them")
  func origins() {
    func refusal(_ origins: String...) -> HTTPResponse.Status? {
      let fields = origins.map { (HTTPField.Name.origin, $0) }
      return Self.policy.refusalOfForeign(Self.request("localhost:8080", fields))?.status
    }
    #expect(refusal() == nil)
    #expect(refusal("http://localhost:8080") == nil)
    #expect(refusal("http://dev.example.test") == nil)
    for foreign in [
      "http://evil.example", "null", "http://[", "http://localhost:8081", "http://localhost",
      "http://127.0.0.1:8080", "file://", "http://localhost:8080/",
      "http://localhost:8080@evil.example",
      "chrome-extension://localhost:8080", "", "http://", "localhost:8080",
    ] { #expect(refusal(foreign) == .forbidden, "\(foreign)") }
    #expect(refusal("http://localhost:8080", "http://evil.example") == .forbidden)
    let standard = Self.request("localhost", [(.origin, "https://localhost")])
    #expect(Self.policy.refusalOfForeign(standard) == nil)
    let sameSite = Self.request("localhost", [(.fetchSite, "same-site")])
    #expect(Self.policy.refusalOfForeign(sameSite)?.status == .forbidden)
  }

  @Test("an extension may come from any port of this machine, and from nowhere else")
  func extensions() {
    func refusal(_ origin: String) -> HTTPResponse.Status? {
      Self.policy.refusalOfExtension(Self.request("localhost:8080", [(.origin, origin)]))?.status
    }
    #expect(refusal("http://127.0.0.1:3000") == nil)
    #expect(refusal("http://evil.example") == .forbidden)
    #expect(refusal("null") == .forbidden)
  }

  @Test("what changes something needs POST, one of our pages and the token")
  func changes() {
    let token = LiveToken()
    func refusal(
      _ method: HTTPRequest.Method, _ fields: [(HTTPField.Name, String)]
    ) -> HTTPResponse.Status? {
      let request = Self.request("localhost:8080", method: method, fields)
      return Self.policy.refusalOfChange(request, token: token)?.status
    }
    let ours = (HTTPField.Name.origin, "http://localhost:8080")
    let proof = (HTTPField.Name.hotReloadToken, token.text)
    #expect(refusal(.post, [ours, proof]) == nil)
    #expect(refusal(.post, [proof]) == nil)
    #expect(refusal(.get, [ours, proof]) == .methodNotAllowed)
    #expect(refusal(.post, [ours]) == .forbidden)
    #expect(refusal(.post, [ours, (.hotReloadToken, token.text + "x")]) == .forbidden)
    #expect(refusal(.post, [ours, proof, proof]) == .forbidden)
    #expect(refusal(.post, [(.origin, "http://evil.example"), proof]) == .forbidden)
  }

  @Test("a token is 32 random bytes as text for URLs, equal to itself only")
  func token() {
    let token = LiveToken()
    #expect(token.text.count == 43)
    #expect(token.text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
    #expect(token.matches(token.text))
    for other in ["", String(token.text.dropLast()), token.text + "A", LiveToken().text] {
      #expect(!token.matches(other))
    }
    #expect(!"\(token)".contains(token.text))
    #expect(LiveToken(bytes: [0xFB, 0xFF, 0xFE]).text == "-__-")
  }
}
