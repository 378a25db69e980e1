import HotReload
import WorkspaceFiles
import WorkspaceTools

/// Which request gets which answer.
///
/// Whether the request comes from who may send it is decided before: see ``DashboardMiddleware``.
struct DashboardEndpoints: Sendable {
  /// A request, as far as it matters here.
  struct Request: Sendable {
    var method: String
    /// The decoded path.
    var path: String
    /// The query as it stands in the URL, without the question mark.
    var query: String
    /// The header field `If-None-Match`.
    var knownTag: String?

    init(_ method: String = "GET", _ path: String, query: String = "", knownTag: String? = nil) {
      self.method = method
      self.path = path
      self.query = query
      self.knownTag = knownTag
    }

    /// Whether the query has a parameter, with or without a value.
    func has(_ parameter: String) -> Bool {
      query.split(separator: "&").contains { $0 == parameter || $0.hasPrefix(parameter + "=") }
    }
  }

  let dashboard: Dashboard
  /// The token that the page sends with what it asks for.
  let token: String

  /// The answer; nil if the path is none of the dashboard's.
  func answer(_ request: Request) async -> DashboardAnswer? {
    if request.path + "/" == DashboardPath.root {
      var answer = DashboardAnswer(308, type: nil)
      answer.fields.append(("Location", DashboardPath.root))
      return answer
    }
    if DashboardPath.changes.contains(request.path) { return await change(request) }
    guard DashboardPath.shown.contains(request.path) else { return nil }
    guard request.method == "GET" || request.method == "HEAD" else {
      var answer = DashboardAnswer.text(405, "this is only shown: ask for it with GET")
      answer.fields.append(("Allow", "GET, HEAD"))
      return answer
    }
    return await show(request)
  }

  private func show(_ request: Request) async -> DashboardAnswer {
    switch request.path {
    case DashboardPath.root: page()
    case DashboardPath.style:
      tagged(PackageResources.dashboard_css, "text/css; charset=utf-8", request, "no-cache")
    case DashboardPath.script:
      tagged(PackageResources.dashboard_js, "text/javascript; charset=utf-8", request, "no-cache")
    case DashboardPath.status: await status(request)
    case DashboardPath.data:
      json(await dashboard.document(content: !request.has("brief")), request)
    default: events(request)
    }
  }

  private func page() -> DashboardAnswer {
    let mark = "{{token}}"
    let text = String(decoding: PackageResources.dashboard_html, as: UTF8.self)
    let escaped = token.replacing("&", with: "&amp;").replacing("\"", with: "&quot;")
    var answer = DashboardAnswer(
      200, type: "text/html; charset=utf-8",
      body: .bytes(Array(text.replacing(mark, with: escaped).utf8)))
    answer.fields.append(("Content-Security-Policy", DashboardAnswer.policy))
    return answer
  }

  /// The status is 200 for as long as there is somebody to answer. With `?probe` it is 503 unless all is well, for those who read
  /// only status codes. Degraded is not dead: the last good content is served, so a probe that restarts the program should
  /// not ask so.
  private func status(_ request: Request) async -> DashboardAnswer {
    let document = await dashboard.statusDocument()
    var answer = json(document, request)
    if request.has("probe"), document.state != "healthy" { answer.status = 503 }
    return answer
  }

  private func json(_ document: some Encodable, _ request: Request) -> DashboardAnswer {
    do {
      // What is secret was taken out by key before. Here only the document's own keys are left.
      let bytes = try ConfigTree.encode(document).jsonBytes(redacting: .none)
      return tagged(bytes, "application/json", request, "no-store")
    } catch {
      return .text(500, "the status cannot be written as JSON: \(error.message)")
    }
  }

  private func tagged(
    _ bytes: [UInt8], _ type: String, _ request: Request, _ caching: String
  ) -> DashboardAnswer {
    let tag = "\"\(ContentDigest(of: bytes))\""
    let isKnown = request.knownTag == tag
    var answer = DashboardAnswer(
      isKnown ? 304 : 200, type: isKnown ? nil : type, body: .bytes(isKnown ? [] : bytes),
      caching: caching)
    answer.fields.append(("ETag", tag))
    return answer
  }

  private func events(_ request: Request) -> DashboardAnswer {
    if request.method == "HEAD" { return DashboardAnswer(200, type: "text/event-stream") }
    guard let news = dashboard.news.listen() else {
      return .text(503, "too many pages listen already, or the server ends; ask again later")
    }
    return DashboardAnswer(200, type: "text/event-stream", body: .events(news))
  }

  private func change(_ request: Request) async -> DashboardAnswer {
    guard request.method == "POST" else {
      var answer = DashboardAnswer.text(405, "this changes something: send it with POST")
      answer.fields.append(("Allow", "POST"))
      return answer
    }
    do {
      switch request.path {
      case DashboardPath.reload: try await dashboard.manager.reload()
      case DashboardPath.pause: dashboard.manager.pause()
      default: dashboard.manager.resume()
      }
    } catch {
      return .text(409, "nothing was reloaded: \(error)")
    }
    dashboard.news.tell(.changed(generation: dashboard.manager.snapshot().generation))
    return DashboardAnswer(204, type: nil)
  }
}
