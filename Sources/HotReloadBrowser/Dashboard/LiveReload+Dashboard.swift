import HTTPTypes
import Hummingbird
import ServiceLifecycle

extension LiveReload {
  /// Serves a dashboard at `/_hotreload/`. It must run, as a service beside this.
  ///
  /// - `GET /_hotreload/`: the page, with its style and script beside it.
  /// - `GET /_hotreload/status.json`: how everything is, for probes; with `?probe` the status code is 503 unless all is
  ///   well.
  /// - `GET /_hotreload/dashboard.json`: all that the page shows. It has an `ETag`; with `?brief` templates and assets
  ///   are left out.
  /// - `GET /_hotreload/content.json?find=TEXT`: the templates and assets that have the text in their paths, as many as are shown.
  /// - `GET /_hotreload/dashboard/events?token=…`: server-sent events `changed`, whose data is the generation.
  public func add(_ dashboard: Dashboard) {
    let endpoints = DashboardEndpoints(dashboard: dashboard, token: token)
    for path in DashboardPath.all { add(DashboardEndpoint(path: path, endpoints: endpoints)) }
  }
}

/// One path of the dashboard.
private struct DashboardEndpoint: LiveEndpoint {
  let path: String
  let endpoints: DashboardEndpoints

  var method: HTTPRequest.Method { .get }

  func respond(to request: Request) async -> Response {
    let asked = DashboardEndpoints.Request(
      path: path, query: request.uri.query ?? "",
      find: request.uri.queryParameters["find"].map(String.init),
      knownTag: request.headers[.ifNoneMatch])
    let answer = await endpoints.answer(asked)
    return answer?.response ?? LiveAnswer.empty(.notFound)
  }
}

extension DashboardAnswer {
  /// The answer as Hummingbird sends it.
  fileprivate var response: Response {
    var headers = HTTPFields()
    for (name, value) in fields {
      if let name = HTTPField.Name(name) { headers[name] = value }
    }
    return Response(
      status: HTTPResponse.Status(code: status), headers: headers, body: body.responseBody)
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
        // An answer that goes on would hold up the server's end.
        for await word in words.cancelOnGracefulShutdown() {
          try await writer.write(ByteBuffer(string: word.event))
        }
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
