import Foundation
import HotReload
import HotReloadBrowser
import HotReloadSite
import HotReloadTesting
import Logging
import RawHTTP
import SystemPackage
import Testing
import WorkspaceTools

extension Logger {
  static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// A site as `hotreload serve` runs it, over a workspace of its own, on a port that the system chose.
struct RunningSite: Sendable {
  let folder: TemporaryWorkspace
  let site: SiteServer
  let port: Int

  /// A layout, a page that shows a config and links its stylesheet, and the config.
  static let small: [FilePath: String] = [
    "templates/layout.mustache": """
    <!doctype html>
    <html><head><title>{{$title}}{{/title}}</title>
    <link rel="stylesheet" href="{{#asset}}app.css{{/asset}}"></head>
    <body>{{$body}}{{/body}}</body></html>
    """,
    "templates/pages/index.mustache":
      "{{<layout}}{{$title}}{{site.title}}{{/title}}{{$body}}<h1>{{site.title}}</h1>{{/body}}{{/layout}}",
    "static/app.css": "h1 { color: red }\n",
    "config/site.toml": "title = \"Coffee\"\n",
  ]

  /// Runs a server over these files while the body runs, and ends it gracefully.
  static func run<R: Sendable>(
    _ files: [FilePath: String] = small, pages: SiteOptions.Pages = .workspace, port: Int = 0,
    allowing hosts: [String] = [], quietPeriod: Duration = .zero,
    prepare: (TemporaryWorkspace) throws -> Void = { _ in },
    _ body: (RunningSite) async throws -> R
  ) async throws -> R {
    let folder = try TemporaryWorkspace()
    for (path, text) in files { try folder.write(path, text) }
    try prepare(folder)
    return try await run(
      folder, pages: pages, port: port, allowing: hosts, quietPeriod: quietPeriod, body)
  }

  static func run<R: Sendable>(
    _ folder: TemporaryWorkspace, pages: SiteOptions.Pages = .workspace, port: Int = 0,
    allowing hosts: [String] = [], quietPeriod: Duration = .zero,
    _ body: (RunningSite) async throws -> R
  ) async throws -> R {
    let site = try await start(
      folder, pages: pages, port: port, allowing: hosts, quietPeriod: quietPeriod)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
      tasks.addTask {
        defer { continuation.finish() }
        try await site.run { continuation.yield($0.port ?? 0) }
      }
      var iterator = ports.makeAsyncIterator()
      guard let port = await iterator.next() else {
        try await tasks.waitForAll()
        throw ClientFailure("the site ended before it listened")
      }
      let result: Result<R, any Error>
      do {
        result = .success(try await body(RunningSite(folder: folder, site: site, port: port)))
      } catch { result = .failure(error) }
      await site.stop()
      try await tasks.waitForAll()
      return try result.get()
    }
  }

  static func start(
    _ folder: TemporaryWorkspace, pages: SiteOptions.Pages = .workspace, port: Int = 0,
    allowing hosts: [String] = [], quietPeriod: Duration = .zero
  ) async throws -> SiteServer {
    var configuration = HotReloadConfiguration.site(logger: .silent)
    configuration.quietPeriod = quietPeriod
    return try await SiteServer.start(
      try Workspace(
        root: folder.root, environment: WorkspaceEnvironment(name: "development", variables: [:])),
      configuration: configuration,
      options: SiteOptions(pages: pages, port: port, allowedHosts: hosts, logger: .silent))
  }

  // MARK: Asking

  /// One request on a connection of its own.
  func request(
    _ target: String = "/", method: String = "GET", host: String? = "localhost",
    _ fields: [String] = [], body: String = ""
  ) async throws -> RawAnswer {
    try await RawClient.talk(port) { client in
      try client.request(
        target, method: method, host: host, fields + ["Connection: close"], body: body)
    }
  }

  /// The whole of a page, whose length is not known beforehand.
  func page(
    _ target: String = "/", method: String = "GET", _ fields: [String] = [], body: String = ""
  ) async throws -> Page {
    let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
    let others = fields.map { $0 + "\r\n" }.joined()
    let head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    let bytes = head + length + others + "\r\n" + body
    let text = try await RawClient.talk(port) { client in
      try client.send(bytes)
      return try client.receiveAll()
    }
    return try Page(text)
  }

  /// An answer with its body as it came, chunks and all.
  struct Page: Sendable {
    var status: Int
    var head: String
    var text: String

    init(_ text: String) throws {
      guard let end = text.firstRange(of: "\r\n\r\n"),
        let status = Int(text.dropFirst(9).prefix(3))
      else { throw ClientFailure("no answer: \(text.prefix(200))") }
      self.status = status
      head = text[..<end.lowerBound].lowercased()
      self.text = String(text[end.upperBound...])
    }

    /// What the page was made from, as its element says.
    var uses: [String]? {
      guard let start = text.firstRange(of: "data-uses=\"")?.upperBound else { return nil }
      let json = text[start...].prefix { $0 != "\"" }.replacing("&quot;", with: "\"")
        .replacing("&lt;", with: "<").replacing("&gt;", with: ">")
      return try? JSONDecoder().decode([String].self, from: Data(json.utf8))
    }

    /// What live reload's socket wants to see.
    var token: String? {
      text.firstRange(of: "data-hotreload=\"").map { start in
        String(text[start.upperBound...].prefix { $0 != "\"" })
      }
    }
  }

  /// Whether it answers, and all clients that are gone have left nothing behind.
  func isWell() async throws -> Bool {
    let answer = try await request("/")
    let port = port
    await eventually { OpenSockets.count(port: port) == 0 }
    return answer.status == 200
  }

  // MARK: Changing

  /// Returns when what was saved has been through a transaction.
  func sync() async throws { try await site.manager.sync() }

  /// An open socket that has read its hello.
  func socket() async throws -> RawClient {
    let token = try #require(try await page().token)
    return try await RawClient.talk(port) { client in
      try client.upgrade("/_hotreload/socket?token=\(token)")
      let hello = try client.receiveText()
      guard hello.contains(#""type":"hello""#) else { throw ClientFailure(hello) }
      return client
    }
  }
}

/// A message of live reload.
struct LiveText: Decodable, Sendable {
  struct Asset: Decodable, Sendable {
    var path: String
    var old: String?
    var url: String
  }

  struct Wrong: Decodable, Sendable {
    struct Excerpt: Decodable, Sendable {
      var first: Int
      var lines: [String]
    }

    var unit: String
    var file: String?
    var line: Int?
    var message: String
    var excerpt: Excerpt?
  }

  var type: String
  var generation: UInt64?
  var uses: [String]?
  var styles: [Asset]?
  var images: [Asset]?
  var all: Bool?
  var errors: [Wrong]?
}

extension RawClient {
  /// The next message of live reload.
  func receiveMessage() throws -> LiveText {
    try JSONDecoder().decode(LiveText.self, from: Data(try receiveText().utf8))
  }

  /// The next messages of live reload, which must be of these types.
  func receiveMessages(_ types: String...) throws -> [LiveText] {
    try types.map { type in
      let message = try receiveMessage()
      guard message.type == type else {
        throw ClientFailure("expected \(type), found \(message)")
      }
      return message
    }
  }
}
