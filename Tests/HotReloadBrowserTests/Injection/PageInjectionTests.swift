import HTTPTypes
import HotReloadBrowser
import HotReloadContent
import Hummingbird
import Synchronization
import Testing

@Suite struct PageInjectionTests {
  static let injection = PageInjection(token: "TOKEN", generation: 7)
  static let element =
    "<script src=\"/_hotreload/client.js\" data-hotreload=\"TOKEN\" data-generation=\"7\" defer></script>"

  @Test func `The element is as the contract has it, in ASCII, with nothing to break out of`() {
    let script = PageScript(
      token: "a\"b", generation: 12,
      uses: [
        .template("templates/é\"<.mustache"), .config("site"), .asset("static/\u{1F600}\n\\.css"),
      ], nonce: "n==")
    #expect(
      script.html == """
        <script src="/_hotreload/client.js" data-hotreload="a&quot;b" data-generation="12" \
        data-uses="[&quot;config:site&quot;,&quot;static/\\ud83d\\ude00\\u000a\\\\.css&quot;,\
        &quot;templates/\\u00e9\\&quot;&lt;.mustache&quot;]" nonce="n==" defer></script>
        """)
  }

  @Test(
    "Only requests for a document of its own are answered with the client",
    arguments: [
      ([:], true),
      ([.secFetchDest: "document"], true), ([.secFetchDest: "iframe"], true),
      ([.secFetchDest: "empty"], false), ([.secFetchDest: "script"], false),
      ([.secFetchDest: "empty", .hotReload: "morph"], true),
      ([.secFetchDest: "empty", .hotReload: "morph", .secFetchSite: "cross-site"], false),
      ([.secFetchDest: "empty", .hotReload: "morph", .secFetchSite: "same-site"], false),
      ([.hxRequest: "true"], false), ([.requestedWith: "XMLHttpRequest"], false),
      ([.secFetchDest: "document", .hxRequest: "true"], false),
    ] as [(HTTPFields, Bool)])
  func requests(_ fields: HTTPFields, expected: Bool) {
    #expect(PageInjection.asksForPage(request(fields)) == expected)
  }

  @Test(
    "Only whole HTML documents are pages",
    arguments: [
      (200, ["Content-Type": "text/html"], true),
      (200, ["Content-Type": "TEXT/HTML; Charset=\"UTF-8\""], true),
      (404, ["Content-Type": "text/html; charset=iso-8859-1"], true),
      (500, ["Content-Type": "text/html;charset=Shift_JIS"], true),
      (200, ["Content-Type": "text/html; charset=utf-16"], false),
      (200, ["Content-Type": "text/html; charset=utf-16le"], false),
      (200, ["Content-Type": "text/html; charset=iso-2022-jp"], false),
      (200, ["Content-Type": "text/html; charset=utf-7"], false),
      (200, ["Content-Type": "application/xhtml+xml"], false),
      (200, ["Content-Type": "text/htmlx"], false), (200, [:], false),
      (206, ["Content-Type": "text/html"], false), (204, ["Content-Type": "text/html"], false),
      (304, ["Content-Type": "text/html"], false),
      (200, ["Content-Type": "text/html", "Content-Disposition": "Attachment; filename=a"], false),
    ] as [(Int, [String: String], Bool)])
  func answers(_ status: Int, _ fields: [String: String], expected: Bool) {
    var response = HTTPResponse(status: .init(code: status))
    for (name, value) in fields { response.headerFields[.init(name)!] = value }
    #expect(PageInjection.isPage(response) == expected)
  }

  @Test func `A page gets the element, and headers that are true of it`() async throws {
    let response = page(
      "<head><p>",
      [
        .eTag: "\"abc\"", .lastModified: "x", .cacheControl: "max-age=600", .acceptRanges: "bytes",
        .contentSecurityPolicy: "script-src 'nonce-n1'",
      ])
    let result = Self.injection.inject(into: response, for: request())
    #expect(result.headers[.contentLength] == nil)
    #expect(result.headers[.lastModified] == nil)
    #expect(result.headers[.acceptRanges] == nil)
    #expect(result.headers[.cacheControl] == "no-cache")
    #expect(result.headers[.contentSecurityPolicy] == "script-src 'nonce-n1'")
    let tag = try #require(result.headers[.eTag])
    #expect(tag.hasPrefix("W/\"abc;hotreload=") && tag.hasSuffix("\""))
    let text = try await collect(result.body)
    #expect(
      text == "<head>" + Self.element.replacing(" defer", with: " nonce=\"n1\" defer") + "<p>")
  }

  @Test func `What a page does not want stored stays so`() {
    let result = Self.injection.inject(
      into: page("<p>", [.cacheControl: "private, No-Store"]), for: request())
    #expect(result.headers[.cacheControl] == "private, No-Store")
  }

  @Test func `A fragment, JSON and an encoded page pass untouched`() async throws {
    let fragment = Self.injection.inject(into: page("<head>"), for: request([.hxRequest: "true"]))
    #expect(fragment.headers[.contentLength] == "6")
    #expect(try await collect(fragment.body) == "<head>")
    for fields in [[.contentType: "application/json"], [.contentEncoding: "br"]] as [HTTPFields] {
      let result = Self.injection.inject(into: page("<head>", fields), for: request())
      #expect(result.headers[.contentLength] == "6")
      #expect(try await collect(result.body) == "<head>")
    }
  }

  @Test func `A copy of the browser is good only with the same client`() throws {
    let tag = try #require(
      Self.injection.inject(into: page("<p>", [.eTag: "W/\"a,b\""]), for: request()).headers[.eTag])
    var asking = request([.secFetchDest: "document", .ifNoneMatch: "\"x\", \(tag), \"y\""])
    asking.headerFields[.ifModifiedSince] = "x"
    let prepared = Self.injection.prepared(asking)
    #expect(prepared.headerFields[.ifNoneMatch] == "\"a,b\", W/\"a,b\"")
    #expect(prepared.headerFields[.ifModifiedSince] == nil)

    for other in [
      PageInjection(token: "TOKEN", generation: 8), PageInjection(token: "T", generation: 7),
    ] {
      #expect(other.prepared(asking).headerFields[.ifNoneMatch] == nil)
    }
    let answer = Self.injection.inject(
      into: Response(status: .notModified, headers: [.eTag: "W/\"a,b\""]), for: asking)
    #expect(answer.headers[.eTag] == tag)
  }

  @Test func `A request for something else is passed on as it is`() {
    let asking = request([.secFetchDest: "image", .ifNoneMatch: "\"x\"", .range: "bytes=1-"])
    #expect(Self.injection.prepared(asking) == asking)
  }

  @Test func `A page says what it was made from, as far as that is known with its first bytes`()
    async throws
  {
    let usage = RenderUsage()
    usage.note(.template("templates/a.mustache"))
    let body = ResponseBody { writer in
      // Bound here too, for a body that is rendered while it is written.
      RenderUsage.current?.note(.config("site"))
      try await writer.write(ByteBuffer(string: "<he"))
      RenderUsage.current?.note(.config("late"))
      try await writer.write(ByteBuffer(string: "ad><p>"))
      try await writer.finish(nil)
    }
    let response = Response(status: .ok, headers: [.contentType: "text/html"], body: body)
    let text = try await collect(
      Self.injection.inject(into: response, for: request(), usage: usage).body)
    #expect(
      text.contains("data-uses=\"[&quot;config:site&quot;,&quot;templates/a.mustache&quot;]\""))
  }

  @Test func `The answer to HEAD has no body`() async throws {
    var asking = request()
    asking.method = .head
    let result = Self.injection.inject(into: page("<head>", [.eTag: "\"a\""]), for: asking)
    #expect(try await collect(result.body) == "")
    #expect(result.headers[.eTag]?.hasPrefix("W/\"a;hotreload=") == true)
  }

  private func request(_ fields: HTTPFields = [:]) -> HTTPRequest {
    HTTPRequest(
      method: .get, scheme: "http", authority: "localhost", path: "/", headerFields: fields)
  }

  private func page(_ html: String, _ fields: HTTPFields = [:]) -> Response {
    var headers: HTTPFields = [.contentType: "text/html"]
    for field in fields { headers[field.name] = field.value }
    return Response(
      status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
  }
}

extension HTTPField.Name {
  fileprivate static let secFetchDest = Self("Sec-Fetch-Dest")!
  fileprivate static let secFetchSite = Self("Sec-Fetch-Site")!
  fileprivate static let hotReload = Self("X-HotReload")!
  fileprivate static let hxRequest = Self("HX-Request")!
  fileprivate static let requestedWith = Self("X-Requested-With")!
}

/// What a body writes, as text.
func collect(_ body: ResponseBody) async throws -> String {
  let bytes = Collected()
  try await body.write(CollectingWriter(bytes: bytes))
  return bytes.text.withLock { $0 }
}

private final class Collected: Sendable {
  let text = Mutex("")
}

private struct CollectingWriter: ResponseBodyWriter {
  let bytes: Collected

  func write(_ buffer: ByteBuffer) async throws {
    bytes.text.withLock { $0 += String(buffer: buffer) }
  }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
