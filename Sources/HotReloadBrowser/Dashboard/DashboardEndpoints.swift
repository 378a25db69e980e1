import WorkspaceFiles
import WorkspaceTools

/// Which request gets which answer.
///
/// Whether the request comes from who may send it is decided before, by ``RequestPolicy``.
struct DashboardEndpoints: Sendable {
  /// A request, as far as it matters here.
  struct Request: Sendable {
    /// One of ``DashboardPath/all``.
    var path: String
    /// The query as it stands in the URL, without the question mark.
    var query = ""
    /// The parameter `find`, decoded; nil if there is none.
    var find: String?
    /// The header field `If-None-Match`.
    var knownTag: String?

    /// Whether the query has a parameter, with or without a value.
    func has(_ parameter: String) -> Bool {
      query.split(separator: "&").contains { $0 == parameter || $0.hasPrefix(parameter + "=") }
    }
  }

  let dashboard: Dashboard
  /// The token that the page sends with what it asks for.
  let token: LiveToken

  /// The answer; nil if the path is none of the dashboard's.
  func answer(_ request: Request) async -> DashboardAnswer? {
    switch request.path {
    case LivePath.folder: moved()
    case DashboardPath.page: page()
    case DashboardPath.style:
      file(PackageResources.dashboard_css, "text/css; charset=utf-8", request)
    case DashboardPath.script:
      file(PackageResources.dashboard_js, "text/javascript; charset=utf-8", request)
    case DashboardPath.status: await status(request)
    case DashboardPath.data:
      json(await dashboard.document(content: !request.has("brief")), request)
    case DashboardPath.content:
      json(await dashboard.content(matching: request.find), request)
    case DashboardPath.events: events(request)
    default: nil
    }
  }

  private func moved() -> DashboardAnswer {
    var answer = DashboardAnswer(308, type: nil)
    answer.fields.append(("Location", DashboardPath.page))
    return answer
  }

  private func page() -> DashboardAnswer {
    let text = String(decoding: PackageResources.dashboard_html, as: UTF8.self)
    // The token has no character that means something in an attribute.
    let page = text.replacing("{{token}}", with: token.text)
    var answer = DashboardAnswer(
      200, type: "text/html; charset=utf-8", body: .bytes(Array(page.utf8)))
    answer.fields.append(("Content-Security-Policy", DashboardAnswer.policy))
    return answer
  }

  /// The status is 200 for as long as there is somebody to answer. With `?probe` it is 503 unless all is well, for those
  /// who read only status codes. Degraded is not dead: the last good content is served, so a probe that restarts the
  /// program should not ask so.
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
      return tagged(bytes, "application/json", request)
    } catch {
      return .text(500, "the status cannot be written as JSON: \(error.message)")
    }
  }

  /// A file of the page: browsers keep it and ask whether it is still the same.
  private func file(_ bytes: [UInt8], _ type: String, _ request: Request) -> DashboardAnswer {
    var answer = tagged(bytes, type, request)
    answer.fields.append(("Cache-Control", "no-cache"))
    return answer
  }

  private func tagged(_ bytes: [UInt8], _ type: String, _ request: Request) -> DashboardAnswer {
    let tag = "\"\(ContentDigest(of: bytes))\""
    let isKnown = request.knownTag == tag
    var answer = DashboardAnswer(
      isKnown ? 304 : 200, type: isKnown ? nil : type, body: .bytes(isKnown ? [] : bytes))
    answer.fields.append(("ETag", tag))
    return answer
  }

  private func events(_ request: Request) -> DashboardAnswer {
    guard let sent = LivePath.token(in: "?" + request.query), token.matches(sent) else {
      return .text(403, "the query has not the token of this server; load the page again")
    }
    guard let news = dashboard.news.listen() else {
      return .text(503, "too many pages listen already, or the server ends; ask again later")
    }
    return DashboardAnswer(200, type: "text/event-stream", body: .events(news))
  }
}
