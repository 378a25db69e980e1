public import HTTPTypes
public import Hummingbird

/// Serves the dashboard at `/_hotreload/`; everything else goes on to what comes after it.
///
/// - `GET /_hotreload/`: the page, with its style and script beside it.
/// - `GET /_hotreload/status.json`: how everything is, for probes; with `?probe` the status code is 503 unless all is well.
/// - `GET /_hotreload/dashboard.json`: all that the page shows. It has an `ETag`; with `?brief` templates and assets are left out.
/// - `GET /_hotreload/dashboard/events`: server-sent events `changed`, whose data is the generation.
/// - `POST /_hotreload/dashboard/reload`, `…/pause`, `…/resume`.
public struct DashboardMiddleware<Context: RequestContext>: RouterMiddleware {
  /// Why a request is refused; nil if it is not.
  public typealias Guard = @Sendable (_ request: HTTPRequest, _ changesSomething: Bool) -> Response?

  private let endpoints: DashboardEndpoints
  private let refusal: Guard

  /// Creates it.
  ///
  /// - Parameters:
  ///   - dashboard: what is shown.
  ///   - token: what the page sends as `X-HotReload-Token` with what changes something.
  ///   - refusal: is asked first for each request to the dashboard. It must check that a request which changes something has the
  ///     token and comes from a page of ours.
  public init(_ dashboard: Dashboard, token: String, refusal: @escaping Guard) {
    endpoints = DashboardEndpoints(dashboard: dashboard, token: token)
    self.refusal = refusal
  }

  /// Answers if the path is the dashboard's.
  public func handle(
    _ request: Request, context: Context,
    next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let path = request.uri.path
    let changes = DashboardPath.changes.contains(path)
    guard changes || DashboardPath.shown.contains(path) || path + "/" == DashboardPath.root else {
      return try await next(request, context)
    }
    if let refused = refusal(request.head, changes) { return refused }
    let asked = DashboardEndpoints.Request(
      request.method.rawValue, path, query: request.uri.query ?? "",
      knownTag: request.headers[.ifNoneMatch])
    guard let answer = await endpoints.answer(asked) else {
      return try await next(request, context)
    }
    return answer.response(isHead: request.method == .head)
  }
}

extension DashboardAnswer {
  /// The answer as Hummingbird sends it.
  func response(isHead: Bool = false) -> Response {
    var headers = HTTPFields()
    for (name, value) in fields {
      if let name = HTTPField.Name(name) { headers[name] = value }
    }
    return Response(
      status: HTTPResponse.Status(code: status), headers: headers,
      body: isHead ? ResponseBody() : body.responseBody)
  }
}

extension DashboardAnswer.Body {
  fileprivate var responseBody: ResponseBody {
    switch self {
    case .bytes(let bytes): ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
    case .events(let words):
      ResponseBody { writer in
        // Said at once, so that the browser knows that it is connected.
        try await writer.write(ByteBuffer(string: "retry: 1000\n\n"))
        for await word in words { try await writer.write(ByteBuffer(string: word.event)) }
        try await writer.finish(nil)
      }
    }
  }
}

extension DashboardNews.Word {
  /// As a server-sent event.
  var event: String {
    switch self {
    case .changed(let generation): "event: changed\ndata: \(generation)\n\n"
    case .stillHere: ": still here\n\n"
    }
  }
}
